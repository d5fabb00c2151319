internal import ResticFormat

extension CheckPass {
    /// Reads the chosen packs that have not been read yet, every core busy.
    mutating func readPacks(_ readings: inout PackReadings) async throws {
        let packs = readings.chosen.filter { readings.outcomes[$0] == nil && sizes[$0] != nil }
        onPhase("read packs", packs.reduce(0) { $0 + (sizes[$1] ?? 0) })
        let (repository, catalog, onRead) = (repository, catalog, onRead)
        var rest = packs.makeIterator()
        try await withThrowingTaskGroup(of: (ResticID, PackReader.Outcome).self) { group in
            func start() {
                guard let id = rest.next(), let length = sizes[id] else { return }
                group.addTask {
                    var reader = PackReader(repository: repository, pack: id, length: length)
                    reader.onRead = onRead
                    return (id, try await reader.read(catalog.contents(of: id).blobs))
                }
            }
            for _ in 0...CPUCount.available { start() }
            while let (id, outcome) = try await group.next() {
                start()
                readings.add(outcome, of: id)
                if outcome.isMissing { sawMissing = true }
            }
        }
    }

    /// Turns what was read into findings, and finds out what all findings hit.
    consuming func finish(_ readings: PackReadings) async throws -> RepositoryCheckReport {
        var pass = self
        pass.addReadings(readings)
        pass.forgiveCopies()
        if !pass.ledger.findings.isEmpty {
            let ledger = pass.ledger
            // Made anew: of two copies of a tree, the one in the pack that proved good is to be read.
            let index = pass.catalog.makeIndex { !ledger.isDamaged($0) }
            let indexed = IndexedRepository(repository: pass.repository, index: index)
            pass.onPhase("look for what the damage hits", nil)
            var search = DamageSearch(indexed)
            try await search.run(pass.snapshots, &pass.ledger)
        }
        pass.report.findings = pass.ledger.findings
        return pass.report
    }

    private mutating func addReadings(_ readings: PackReadings) {
        var vanished: [(String, Int64)] = []
        for (id, outcome) in readings.outcomes.sorted(by: { $0.key < $1.key }) {
            report.packsRead += 1
            report.bytesRead += outcome.bytesRead
            report.blobsRead += outcome.goodBlobs
            guard !outcome.isIntact else { continue }
            // A pack that no index names any more was removed by a prune: nothing depends on it.
            guard catalog.contains(id) else {
                vanished.append((id.hex, 0))
                continue
            }
            add(outcome, of: id)
        }
        addRemark(.vanishedPack, "packs that a prune removed while they were to be read", vanished)
    }

    private mutating func add(_ outcome: PackReader.Outcome, of id: ResticID) {
        if outcome.isMissing {
            // Reported by the look at the listing when it is missing still.
            guard !ledger.isDamaged(id) else { return }
            ledger.add("it vanished while it was read", about: id, hint: Self.missingPackHint)
            for blob in catalog.contents(of: id).blobs {
                addBad(blob, in: id, "lost with its pack")
            }
            return
        }
        for problem in outcome.problems { ledger.add(problem, about: id, hint: Self.packHint(id)) }
        if !ledger.isDamaged(id) { ledger.add("it holds damaged blobs", about: id, hint: Self.packHint(id)) }
        for (blob, reason) in outcome.bad { addBad(blob, in: id, reason) }
    }

    private mutating func addBad(_ blob: PackedBlob, in pack: ResticID, _ reason: String) {
        ledger.addBad(BlobKey(blob.type, blob.id), in: pack, reason)
    }
}
