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
}
