import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

// What each step does to the repository and, at the same time, to the model.

extension Simulation {
    func backUp(_ ending: Ending) async throws {
        let files = SimulatedFiles.random(using: &generator)
        let name = primary.model.makeName()
        let isDone = try await run(ending, on: primary) { [primary] in try await primary.backUp(files, as: name, in: $0)
        }
        if isDone { primary.model.add(name, files) } else { primary.model.addUncertain(name, files) }
    }

    /// Forgets some snapshots, one after the other.
    func forget(_ ending: Ending) async throws {
        let doomed = primary.model.certainNames.filter { _ in Int.random(in: 0..<3, using: &generator) == 0 }
        let clock = clock
        let isDone = try await run(ending, on: primary) { repository in
            let snapshots = try await repository.snapshots().filter { doomed.contains($0.record.hostname) }
            try await repository.withLock(.exclusive, clock: clock) {
                for snapshot in snapshots { try await repository.remove(.snapshot, snapshot.id) }
            }
        }
        for name in doomed { if isDone { primary.model.forget(name) } else { primary.model.makeUncertain(name) } }
    }

    func prune(grace: Int64, _ ending: Ending) async throws {
        let clock = clock
        _ = try await run(ending, on: primary) { repository in
            _ = try await PruneRun(repository, options: Self.pruneOptions(grace: grace), clock: clock).run()
        }
    }

    static func pruneOptions(grace: Int64) -> PruneOptions {
        var options = PruneOptions()
        options.grace = .seconds(grace)
        options.wait = .zero
        options.maxUnused = .percent(0)
        return options
    }

    /// A backup has read the index and waits; meanwhile prunes mark, and would like to remove.
    func pruneDuringBackup(grace: Int64) async throws {
        let files = SimulatedFiles.random(using: &generator)
        let name = primary.model.makeName()
        let minutes = Int64.random(in: 0...20, using: &generator)
        let (hasBegun, mayGoOn) = (AsyncStream.makeStream(of: Void.self), AsyncStream.makeStream(of: Void.self))
        let (clock, repository) = (clock, try await primary.open())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { hasBegun.continuation.finish() }
                try await repository.withLock(.shared, clock: clock) {
                    let indexed = try await repository.loadIndex()
                    hasBegun.continuation.yield()
                    for await _ in mayGoOn.stream { break }
                    let (tree, _) = try await indexed.write(SimulatedRepository.writeOptions) {
                        try await files.store(into: $0)
                    }
                    let record = SnapshotRecord(time: clock.now, tree: tree, paths: ["/simulated"], hostname: name)
                    _ = try await repository.save(record)
                }
            }
            for await _ in hasBegun.stream { break }
            for _ in 0..<2 {
                let other = try await primary.open()
                _ = try await PruneRun(other, options: Self.pruneOptions(grace: grace), clock: clock).run()
                // Less than what makes a lock stale: here nobody refreshes it.
                clock.move(by: minutes * 30)
            }
            mayGoOn.continuation.yield()
            try await group.waitForAll()
        }
        primary.model.add(name, files)
    }

    /// Copies everything into the other repository.
    func copy(_ ending: Ending) async throws {
        let isDone = try await run(ending, on: mirror) { [primary] target in
            let source = try await primary.open()
            let snapshots = try await source.snapshots()
            var copy = RepositoryCopy(from: try await source.loadIndex(), to: try await target.loadIndex())
            copy.options = SimulatedRepository.writeOptions
            let groups = snapshots.map { CopyGroup(name: $0.record.hostname, snapshots: [$0]) }
            let report = try await copy.run(try await copy.plan(groups))
            #expect(report.failures.isEmpty, "\(self)")
        }
        for (name, snapshot) in primary.model.snapshots where mirror.model.snapshots[name] == nil {
            if isDone {
                mirror.model.add(name, snapshot.files)
            } else {
                mirror.model.addUncertain(name, snapshot.files)
            }
        }
        if isDone { mirror.model.affirm(primary.model.names) }
        try await judge(mirror, "the copy")
    }

    /// Turns one byte of a stored file: whatever is read is right or refused, and a check finds it. Then turns it back.
    func damage() async throws {
        // A pack that no index names is what a dead process has left: nobody reads it.
        let packs = try await primary.open().loadIndex().packIDs
        let victims = primary.store.keysInOrder.filter { key in
            ["index/", "snapshots/"].contains { key.path.hasPrefix($0) }
                || (key.path.hasPrefix("data/") && FileKind.pack.id(in: key).map(packs.contains) ?? false)
        }
        guard let victim = victims.randomElement(using: &generator), let sound = primary.store.contents[victim] else {
            return
        }
        var bytes = sound
        let offset = Int.random(in: 0..<bytes.readableBytes, using: &generator)
        let byte = bytes.getInteger(at: bytes.readerIndex + offset, as: UInt8.self) ?? 0
        bytes.setInteger(byte ^ (1 << UInt8.random(in: 0..<8, using: &generator)), at: bytes.readerIndex + offset)
        primary.store.replace(bytes, at: victim)
        defer { primary.store.replace(sound, at: victim) }
        let report = try await RepositoryCheck(try await primary.open(), readingData: .all).run()
        #expect(!report.isIntact, "a flipped bit in \(victim.path.prefix(12)) at \(offset) was not found; \(self)")
        await readWhatCanBeRead("with a flipped bit in \(victim.path.prefix(12))")
    }

    /// Reads everything; errors are answers, other bytes are not.
    private func readWhatCanBeRead(_ occasion: String) async {
        guard let repository = try? await primary.open(), let indexed = try? await repository.loadIndex() else {
            return
        }
        for id in (try? await repository.list(.snapshot)) ?? [] {
            guard let snapshot = try? await repository.loadSnapshot(id),
                let found = try? await SimulatedFiles.read(snapshot.record.tree, from: indexed)
            else { continue }
            let expected = primary.model.snapshots[snapshot.record.hostname]?.files
            #expect(found == expected, "\(occasion): \(snapshot.record.hostname) has other content; \(self)")
        }
    }

    /// Loses an index file and has it built again from the packs.
    func loseIndex() async throws {
        let victims = primary.store.keysInOrder.filter { $0.path.hasPrefix("index/") }
        guard let victim = victims.randomElement(using: &generator) else { return }
        primary.store.replace(nil, at: victim)
        let (repository, clock) = (try await primary.open(), clock)
        try await repository.withLock(.exclusive, clock: clock) {
            let repair = IndexRepair(repository)
            _ = try await repair.apply(try await repair.plan())
        }
    }

    /// In the end everything is intact, the copy too, and the last prunes leave nothing that nobody needs.
    func finish() async throws {
        primary.unlock()
        // An earlier jump back must not make the last prune doubt the clock.
        clock.move(by: 1_000_000)
        let clock = clock
        // Twice: a marked pack that is needed again is unmarked by the first and repacked by the second (decision 0010).
        for _ in 0..<2 {
            _ = try await PruneRun(try await primary.open(), options: Self.pruneOptions(grace: 0), clock: clock).run()
        }
        try await judge(primary, "in the end")
        try await judge(mirror, "in the end, the copy")
        for repository in [primary, mirror] {
            let report = try await RepositoryCheck(try await repository.open(), readingData: .all).run()
            #expect(report.isIntact, "\(report.findings.map(\.message)); \(self)")
        }
        let indexed = try await primary.open().loadIndex()
        var marks = indexed.makeMarks()
        var needed: Set<ResticID> = []
        let roots = try await indexed.repository.snapshots().map(\.record.tree)
        try await TreeSweep(indexed).run(from: roots, marks: &marks) { id, finding in
            guard case .tree(let tree) = finding else { return }
            needed.insert(id)
            needed.formUnion(tree.nodes.flatMap { $0.content ?? [] })
        }
        #expect(indexed.blobCount == needed.count, "the last prunes leave nothing that nobody needs; \(self)")
        let indexedPacks = indexed.packIDs
        let storedPacks = primary.store.keysInOrder.filter { $0.path.hasPrefix("data/") }.compactMap {
            FileKind.pack.id(in: $0)
        }
        #expect(Set(storedPacks) == indexedPacks, "packs and index name the same; \(self)")
    }
}

extension IndexedRepository {
    fileprivate var packIDs: Set<ResticID> {
        var packs: Set<ResticID> = []
        index.forEach { _, _, location in packs.insert(location.pack) }
        return packs
    }
}
