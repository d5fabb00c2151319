import Foundation
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("Restoring a folder", .timeLimit(.minutes(1)))
struct DirectoryRestorerTests {
    /// Stores a folder of two files and gives it to `body` with a target that does not exist yet.
    private func withStoredTree(
        _ body: (IndexedRepository, ResticID, _ target: String) async throws -> Void
    ) async throws {
        try await TemporaryDirectory.with { folder in
            let source = folder.path("source")
            try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: false)
            var generator = SeededGenerator(seed: 1)
            try Data(generator.bytes(300_000)).write(to: URL(filePath: source + "/a"))
            try Data(generator.bytes(300_000)).write(to: URL(filePath: source + "/b"))
            let repository = try await makeRepositoryInMemory()
            let (snapshot, _, _) = try await backUp(source, into: repository)
            try await body(repository, snapshot.record.tree, folder.path("target"))
        }
    }

    private func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test("that is cancelled leaves nothing half-written")
    func cancelled() async throws {
        try await withStoredTree { repository, tree, target in
            let started = AsyncStream.makeStream(of: Void.self)
            let work = Task {
                var restorer = DirectoryRestorer(target: RawPath(target))
                restorer.progress = { _ in
                    started.continuation.yield()
                    // Long enough for the cancellation to arrive while there is more to write.
                    usleep(100_000)
                }
                return try await restorer.restore(tree, from: repository)
            }
            for await _ in started.stream { break }
            work.cancel()
            await #expect(throws: (any Error).self) { _ = try await work.value }
            let left = try names(in: target)
            #expect(left == [])
        }
    }

    @Test("with a folder in a file's place fails, and leaves only what is whole")
    func folderInTheWay() async throws {
        try await withStoredTree { repository, tree, target in
            try FileManager.default.createDirectory(atPath: target + "/a/inside", withIntermediateDirectories: true)
            var restorer = DirectoryRestorer(target: RawPath(target))
            restorer.existing = .replaceDifferent
            let error = await #expect(throws: RepositoryError.self) {
                _ = try await restorer.restore(tree, from: repository)
            }
            #expect(error?.code == .target && error?.message.contains("/a") == true)
            let (left, inside) = (try names(in: target), try names(in: target + "/a"))
            #expect(left == ["a"])
            #expect(inside == ["inside"], "what the user has there stays")
        }
    }

    @Test("is compared with what is on the disk: every kind of difference is found", arguments: [true, false])
    func comparison(usesRestorer: Bool) async throws {
        try await withStoredTree { repository, tree, target in
            var restorer = DirectoryRestorer(target: RawPath(target))
            _ = try await restorer.restore(tree, from: repository)
            // A restorer that has restored nothing compares by hash instead of by fingerprint.
            if !usesRestorer { restorer = DirectoryRestorer(target: RawPath(target)) }
            #expect(try await restorer.compare(tree, with: repository) == [])
            let file = target + "/a"
            let original = try Data(contentsOf: URL(filePath: file))
            for place in [0, 150_000, 299_999] {
                var changed = original
                changed[place] ^= 1
                try changed.write(to: URL(filePath: file))
                #expect(try await restorer.compare(tree, with: repository) == ["a has other content"])
            }
            try original.dropLast().write(to: URL(filePath: file))
            #expect(try await restorer.compare(tree, with: repository) == ["a has 299999 bytes instead of 300000"])
            try FileManager.default.removeItem(atPath: file)
            #expect(try await restorer.compare(tree, with: repository) == ["a is missing"])
            try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
            #expect(try await restorer.compare(tree, with: repository) == ["a is of another kind"])
        }
    }

    @Test("over a folder that has some of it writes what differs, and nothing else")
    func differing() async throws {
        try await withStoredTree { repository, tree, target in
            var restorer = DirectoryRestorer(target: RawPath(target))
            _ = try await restorer.restore(tree, from: repository)
            let file = target + "/b"
            var changed = try Data(contentsOf: URL(filePath: file))
            changed[123_456] ^= 1
            try changed.write(to: URL(filePath: file))
            restorer.existing = .replaceDifferent
            let report = try await restorer.restore(tree, from: repository)
            #expect(report.restoredFiles == 1 && report.unchangedFiles == 1 && report.warnings == [])
            #expect(try await restorer.compare(tree, with: repository) == [])
        }
    }

    @Test("of files of every size, with holes and without, gives the same files")
    func sizes() async throws {
        try await TemporaryDirectory.with { folder in
            let source = folder.path("source")
            try FileManager.default.createDirectory(atPath: source + "/below", withIntermediateDirectories: true)
            var generator = SeededGenerator(seed: 2)
            for (number, size) in [0, 1, 4095, 4096, 65_536, 131_073, 2_000_000].enumerated() {
                let zeros = Data(count: number % 2 == 0 ? 0 : 200_000)
                try (Data(generator.bytes(size)) + zeros).write(to: URL(filePath: source + "/below/\(number)"))
            }
            // More small files in one range of a pack than may be open at once, and two that share their blobs.
            for number in 0..<100 {
                try Data(generator.bytes(100)).write(to: URL(filePath: source + "/\(number)"))
            }
            try FileManager.default.copyItem(atPath: source + "/below/6", toPath: source + "/copy")
            try Data(count: 300_000).write(to: URL(filePath: source + "/zeros"))
            let repository = try await makeRepositoryInMemory()
            let (snapshot, report, _) = try await backUp(source, into: repository)
            #expect(report.files == 109 && report.skipped.isEmpty)
            let restorer = DirectoryRestorer(target: RawPath(folder.path("target")))
            let restored = try await restorer.restore(snapshot.record.tree, from: repository)
            #expect(restored.restoredFiles == 109 && restored.warnings == [])
            #expect(try await restorer.compare(snapshot.record.tree, with: repository) == [])
            let (again, second, _) = try await backUp(folder.path("target"), into: repository)
            #expect(second.files == 109)
            let lengths = try await repository.loadTree(again.record.tree).nodes.map(\.size)
            #expect(lengths == (try await repository.loadTree(snapshot.record.tree).nodes.map(\.size)))
        }
    }
}
