internal import ResticFormat

/// A blob's name with its type: data and trees are two namespaces.
struct BlobKey: Hashable, Sendable {
    let type: BlobType
    let id: ResticID

    init(_ type: BlobType, _ id: ResticID) {
        self.type = type
        self.id = id
    }
}

/// The findings of a check as they come in, and which blobs each makes unreadable.
struct DamageLedger: Sendable {
    private(set) var findings: [CheckFinding] = []
    /// Blobs that cannot be had, and the finding that says why.
    private(set) var bad: [BlobKey: Int] = [:]
    private var packFindings: [ResticID: Int] = [:]
    private var blobFindings: [BlobType: Int] = [:]
    private var nodeFinding: Int?

    mutating func add(_ finding: CheckFinding) {
        findings.append(finding)
    }

    /// Notes something about a pack: its first note makes the finding, others become its details.
    mutating func add(_ message: String, about pack: ResticID, hint: String) {
        if let number = packFindings[pack] {
            findings[number].details.append(message)
        } else {
            packFindings[pack] = findings.count
            findings.append(CheckFinding(.pack, pack.hex, "pack \(pack.short): \(message)", hint: hint))
        }
    }

    /// Notes that a blob of a pack that has a finding cannot be had.
    mutating func addBad(_ key: BlobKey, in pack: ResticID, _ reason: String) {
        guard let number = packFindings[pack] else { return }
        guard bad[key] != number else { return }
        if bad[key] == nil { bad[key] = number }
        findings[number].details.append("\(key.type) blob \(key.id.short): \(reason)")
    }

    /// Whether a pack has a finding.
    func isDamaged(_ pack: ResticID) -> Bool { packFindings[pack] != nil }

    /// Takes blobs back that turned out to have another, good copy.
    mutating func forgive(_ keys: some Sequence<BlobKey>) {
        for key in keys { bad[key] = nil }
    }

    /// Notes a blob that something refers to and that is in no index.
    mutating func addMissing(_ key: BlobKey) {
        guard bad[key] == nil else { return }
        let number: Int
        if let known = blobFindings[key.type] {
            number = known
        } else {
            number = findings.count
            blobFindings[key.type] = number
            findings.append(
                CheckFinding(
                    .blob,
                    "",
                    "\(key.type) blobs that snapshots need are in no index",
                    hint:
                        "Run 'holdfast repo repair index'; what is still missing after it comes back with the next backup if its source is still there, else run 'holdfast repo repair snapshots'."
                )
            )
        }
        bad[key] = number
        findings[number].details.append("\(key.type) blob \(key.id.hex)")
    }

    /// Notes that there are nodes that contradict themselves; which, the search for paths finds out.
    mutating func addBadNode() {
        guard nodeFinding == nil else { return }
        nodeFinding = findings.count
        findings.append(
            CheckFinding(
                .node,
                "",
                "files whose blobs do not add up to their size, or folders without a tree",
                hint: "Run 'holdfast repo repair snapshots'."
            )
        )
    }

    /// The findings that keep a node from being restored.
    func findings(of node: Node, in index: BlobIndex) -> Set<Int> {
        var numbers: Set<Int> = []
        for id in node.content ?? [] {
            if let number = bad[BlobKey(.data, id)] { numbers.insert(number) }
        }
        if let subtree = node.subtree, let number = bad[BlobKey(.tree, subtree)] { numbers.insert(number) }
        if numbers.isEmpty, let nodeFinding, node.contradicts(index) { numbers.insert(nodeFinding) }
        return numbers
    }

    mutating func addFile(_ path: String, to finding: Int) {
        findings[finding].files.append(path)
    }

    mutating func addSnapshot(_ snapshot: StoredSnapshot, to finding: Int) {
        let record = snapshot.record
        findings[finding].snapshots.append(HitSnapshot(id: snapshot.id, time: record.time, tags: record.tags))
    }
}

extension Node {
    /// Whether a file's blobs, all of which are known, do not add up to its size, or a folder names no tree.
    func contradicts(_ index: BlobIndex) -> Bool {
        switch type {
        case .dir: return subtree == nil
        case .file:
            var sum: UInt64 = 0
            for id in content ?? [] {
                guard let location = index.location(of: id, .data) else { return false }
                sum += UInt64(location.contentLength)
            }
            return sum != size
        default: return false
        }
    }
}
