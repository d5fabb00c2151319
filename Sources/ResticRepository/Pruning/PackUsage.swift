internal import ResticFormat

/// How much of each pack is needed, and from which of its places each needed blob is taken.
///
/// Memory: one entry a pack, and one a blob that lies in several places.
struct PackUsage: Sendable {
    /// The packs that blobs lie in.
    private(set) var packs: [PackFacts] = []
    /// Where the last blob of each ends, in bytes from the start of the file.
    private(set) var ends: [Int64] = []
    private var numbers: [ResticID: Int] = [:]
    /// The pack from which a blob is taken that has several places; by type.
    private var chosen: [[UInt32: UInt32]] = [[:], [:]]

    /// Looks at every blob once, at those in several places twice.
    ///
    /// - Parameter stored: the lengths of all pack files.
    init(
        of index: BlobIndex,
        data: BlobMarks,
        trees: BlobMarks,
        stored: [ResticID: Int64],
        marks: PackMarks
    ) {
        index.withTables { dataTable, treeTable in
            let dataNumbers = dataTable.packs.map { number(of: $0, stored, marks) }
            let treeNumbers = treeTable.packs.map { number(of: $0, stored, marks) }
            count(dataTable, .data, needed: data, dataNumbers)
            count(treeTable, .tree, needed: trees, treeNumbers)
            // What counts is what is unneeded whatever is chosen, so that the choice does not depend on its own order.
            let unneeded = packs.map(\.unneededBytes)
            choose(dataTable, .data, needed: data, dataNumbers, unneeded)
            choose(treeTable, .tree, needed: trees, treeNumbers, unneeded)
        }
    }

    /// What is known of a pack, if any blob lies in it.
    subscript(_ id: ResticID) -> PackFacts? { numbers[id].map { packs[$0] } }

    /// Whether a needed blob is taken from this place.
    func isTaken(blob: Int, _ type: BlobType, from pack: ResticID, isOnly: Bool) -> Bool {
        if isOnly { return true }
        guard let choice = chosen[Int(type.rawValue)][UInt32(blob)] else { return false }
        return packs[Int(choice)].id == pack
    }

    private mutating func number(of id: ResticID, _ stored: [ResticID: Int64], _ marks: PackMarks) -> Int {
        if let known = numbers[id] { return known }
        var facts = PackFacts(id: id, byteCount: stored[id])
        facts.mark = marks.packs[id]
        numbers[id] = packs.count
        packs.append(facts)
        ends.append(0)
        return packs.count - 1
    }

    private mutating func count(_ table: BlobTable, _ type: BlobType, needed: BlobMarks, _ numbers: [Int]) {
        table.forEachPlace { blob, place, isOnly in
            let pack = numbers[Int(place.pack)]
            packs[pack].isIndexed = true
            if type == .data { packs[pack].holdsData = true } else { packs[pack].holdsTrees = true }
            ends[pack] = max(ends[pack], Int64(place.offset) + Int64(place.length))
            guard needed.contains(blob, type) else {
                packs[pack].unneededBytes += Int64(place.length)
                return
            }
            if isOnly { packs[pack].neededBytes += Int64(place.length) }
        }
    }

    private mutating func choose(
        _ table: BlobTable,
        _ type: BlobType,
        needed: BlobMarks,
        _ numbers: [Int],
        _ unneeded: [Int64]
    ) {
        var group: [(pack: Int, length: Int64)] = []
        var current = -1
        func settle(_ usage: inout PackUsage) {
            guard !group.isEmpty else { return }
            let best = group.min { usage.isBetter($0.pack, $1.pack, unneeded) } ?? group[0]
            var isTaken = false
            for place in group {
                if place.pack == best.pack, !isTaken {
                    usage.packs[place.pack].neededBytes += place.length
                    isTaken = true
                } else {
                    usage.packs[place.pack].unneededBytes += place.length
                }
            }
            usage.chosen[Int(type.rawValue)][UInt32(current)] = UInt32(best.pack)
            group.removeAll(keepingCapacity: true)
        }
        table.forEachPlace { blob, place, isOnly in
            if blob != current {
                settle(&self)
                current = blob
            }
            guard !isOnly, needed.contains(blob, type) else { return }
            group.append((numbers[Int(place.pack)], Int64(place.length)))
        }
        settle(&self)
    }

    /// Where a blob is rather taken from: a file that is there and long enough, not about to be removed, with little waste in it.
    private func isBetter(_ left: Int, _ right: Int, _ unneeded: [Int64]) -> Bool {
        let (leftIsThere, rightIsThere) = (isThere(left), isThere(right))
        if leftIsThere != rightIsThere { return leftIsThere }
        let (leftIsMarked, rightIsMarked) = (packs[left].mark != nil, packs[right].mark != nil)
        if leftIsMarked != rightIsMarked { return rightIsMarked }
        if unneeded[left] != unneeded[right] { return unneeded[left] < unneeded[right] }
        return packs[left].id < packs[right].id
    }

    /// Whether the file reaches as far as the index says.
    private func isThere(_ pack: Int) -> Bool {
        packs[pack].byteCount.map { $0 >= ends[pack] } ?? false
    }

    /// Makes sure that what is needed is there.
    ///
    /// - Throws: ``RepositoryError/Code/damaged``: nothing is removed from a repository that lacks something.
    func checkFiles() throws {
        for (number, pack) in packs.enumerated() where pack.neededBytes > 0 && !isThere(number) {
            let what =
                pack.byteCount.map { "has \($0) bytes, the index says at least \(ends[number])" } ?? "is missing"
            throw RepositoryError(
                .damaged,
                "pack \(pack.id.short) \(what), and snapshots need it: nothing was removed",
                hint: "Restore the file from a copy of the repository, or run 'holdfast repo check' to see what is hit; then prune again."
            )
        }
    }
}
