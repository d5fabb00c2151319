import Foundation
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@testable import Recovery

@Suite("What is read first")
struct RollingReadingTests {
    private static func pack(_ generator: inout SeededGenerator) throws -> ResticID {
        let text = (0..<4).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
        return try #require(ResticID(hex: text))
    }

    private static func packs(_ count: Int, _ generator: inout SeededGenerator) throws -> [ResticID: Int64] {
        var packs: [ResticID: Int64] = [:]
        for _ in 0..<count { packs[try pack(&generator)] = Int64(generator.next() % 10_000_000) + 1 }
        return packs
    }

    @Test("20 runs of 5 % read everything once, whatever the number of packs", arguments: [1, 19, 20, 39, 60, 401])
    func cycle(count: Int) throws {
        for seed in UInt64(1)...5 {
            var generator = SeededGenerator(seed: seed)
            let packs = try Self.packs(count, &generator)
            var memory = ReadingMemory()
            var times: [ResticID: Int] = [:]
            for day in 0..<20 {
                let chosen = DataSubset.percent(5).chooseOldest(
                    from: packs,
                    lastRead: { memory.times[$0] },
                    using: &generator
                )
                // The oldest come first: nothing that is left was read before anything that is chosen.
                let newest = chosen.map { memory.times[$0] ?? .min }.max() ?? .min
                let left = packs.keys.filter { !chosen.contains($0) }.map { memory.times[$0] ?? .min }.min() ?? .max
                #expect(newest <= left, "seed \(seed), day \(day)")
                for id in chosen { times[id, default: 0] += 1 }
                memory.remember(chosen, at: GoTime(seconds: Int64(day) * 86_400))
            }
            #expect(times.count == count, "seed \(seed)")
        }
    }

    @Test("a new pack is read before all that were read already")
    func newFirst() throws {
        var generator = SeededGenerator(seed: 3)
        var packs = try Self.packs(40, &generator)
        var memory = ReadingMemory()
        memory.remember(packs.keys, at: GoTime(seconds: 5))
        let new = try Self.pack(&generator)
        packs[new] = 7
        let chosen = DataSubset.bytes(1).chooseOldest(from: packs, lastRead: { memory.times[$0] }, using: &generator)
        #expect(chosen == [new])
    }

    @Test("packs that are gone are forgotten, and a file comes back as it was written")
    func memoryFile() async throws {
        try await TemporaryDirectory.with { folder in
            var generator = SeededGenerator(seed: 4)
            let ids = try Self.packs(10, &generator).keys.sorted()
            var memory = ReadingMemory()
            memory.remember(ids, at: GoTime(seconds: 100))
            memory.forget { $0 == ids[0] }
            #expect(memory.times.count == 9 && memory.times[ids[0]] == nil)
            let path = ReadingMemory.path(in: folder.path("state"), repository: "abc")
            try memory.save(path, repository: "abc")
            let now = GoTime(seconds: 200)
            #expect(ReadingMemory.load(path, repository: "abc", now: now) == memory)
            #expect(ReadingMemory.load(path, repository: "other", now: now) == ReadingMemory())
            #expect(ReadingMemory.load(path, repository: "abc", now: GoTime(seconds: 99)) == ReadingMemory())
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("state")).count == 1)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test("a damaged or missing file is an empty memory", arguments: ["", "{", "[]", #"{"format":2}"#, "\u{0}\u{1}"])
    func damagedFile(text: String) async throws {
        try await TemporaryDirectory.with { folder in
            let path = folder.path("verify-abc.json")
            #expect(ReadingMemory.load(path, repository: "abc", now: GoTime(seconds: 1)) == ReadingMemory())
            try Data(text.utf8).write(to: URL(filePath: path))
            #expect(ReadingMemory.load(path, repository: "abc", now: GoTime(seconds: 1)) == ReadingMemory())
        }
    }

    @Test("that a source has moved on is no failure, that it lacks what was stored is one")
    func outcomes() {
        for component in Component.allCases {
            func outcome(_ state: LiveFinding.State, missing: Int? = nil) -> CheckOutcome {
                LiveFinding(component, "x", state, "", missing: missing).sourceOutcome
            }
            #expect(outcome(.same) == .verified && outcome(.larger) == .verified)
            #expect(outcome(.missing) == .failed && outcome(.smaller) == .failed && outcome(.unreadable) == .failed)
            #expect(outcome(.unreachable) == .untested && outcome(.unknown) == .untested)
            #expect(outcome(.different) == (component == .documents ? .failed : .verified))
            #expect(
                outcome(.different, missing: 2) == ([.documents, .qdrant].contains(component) ? .failed : .verified)
            )
        }
    }
}
