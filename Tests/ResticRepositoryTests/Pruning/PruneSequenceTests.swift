import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("Prunes among backups", .timeLimit(.minutes(10)))
struct PruneSequenceTests {
    @Test("never lose anything that a snapshot holds, whatever happens in whatever order", arguments: 1...12)
    func randomSequence(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let memory = MemoryStore()
        var fixture = try await PruneFixture.make(memory)
        fixture.options.maxUnused = .percent(Double(generator.next() % 2) * 5)
        var points: [(StoredSnapshot, PruneFixture.Files)] = []
        var files: PruneFixture.Files = [:]
        var pending: (lock: ResticID, writer: IndexedRepository)?
        for step in 0..<30 {
            let what = generator.next() % 10
            let comment = Comment("seed \(seed), step \(step), action \(what)")
            switch what {
            case 0...2:
                for _ in 0...generator.next() % 3 {
                    files["f\(generator.next() % 8)"] = generator.bytes(Int(generator.next() % 30_000))
                }
                points.append((try await fixture.backUp(files), files))
            case 3...4 where !points.isEmpty:
                try await fixture.forget(points.remove(at: Int(generator.next() % UInt64(points.count))).0)
            case 5:
                fixture.clock.advance(hours: Double(generator.next() % 20))
            case 6 where pending == nil:
                // A backup begins, and goes on while other things happen.
                pending = (
                    try await fixture.plantLock(of: 50), try await fixture.open(as: 50).loadIndex()
                )
            case 7:
                guard let (lock, writer) = pending else { continue }
                pending = nil
                // Its lock may have become stale in the eyes of others; then it would have stopped.
                guard try await writer.repository.store.byteCount(of: FileKind.lock.key(lock)) != nil else { continue }
                var own = files
                own["p"] = generator.bytes(5000)
                let earlier = points.first?.1 ?? [:]
                own.merge(earlier) { old, _ in old }
                points.append((try await fixture.store(own, into: writer), own))
                try await writer.repository.remove(.lock, lock)
            case 8:
                // Dies somewhere, or not.
                let faulty = FaultyStore(memory, faults: [.crash(atWrite: Int(generator.next() % 25) + 1)])
                let graceOfZero = generator.next() % 2 == 0
                _ = try? await fixture.on(faulty).run { if graceOfZero { $0.grace = .zero } }
                for key in memory.contents.keys where key.path.hasPrefix("locks/") {
                    if pending.map({ FileKind.lock.key($0.lock) != key }) ?? true { memory.replace(nil, at: key) }
                }
            default:
                let graceOfZero = generator.next() % 2 == 0
                _ = try await fixture.run { if graceOfZero { $0.grace = .zero } }
            }
            try await fixture.expect(points, comment)
        }
    }
}
