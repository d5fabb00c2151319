import Foundation
import TestSupport
import Testing

@Suite("The index cache, from the command line", .timeLimit(.minutes(10)))
struct IndexCacheProgramTests {
    /// Prepares a repository and removes the cache that this has filled.
    private func withRepository(_ body: (HoldfastProgram) async throws -> Void) async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            try await holdfast.run("backup")
            // There is none yet unless something was read.
            try? FileManager.default.removeItem(atPath: folder.path("cache"))
            try await body(holdfast)
        }
    }

    private func cachedFiles(_ holdfast: HoldfastProgram) -> [String] {
        let paths = try? FileManager.default.subpathsOfDirectory(atPath: holdfast.folder.path("cache"))
        return (paths ?? []).filter { $0.contains("/index/") }
    }

    @Test(
        "is filled by every command that reads, and by none that is told not to",
        arguments: [["points"], ["show", "latest"], ["repo", "stats"], ["repo", "ls", "latest"], ["backup"]]
    )
    func filled(command: [String]) async throws {
        try await withRepository { holdfast in
            func run(_ arguments: [String]) async throws {
                let outcome = try await holdfast.program.run(
                    arguments,
                    environment: [
                        "HOLDFAST_PASSWORD": "secret phrase", "XDG_CACHE_HOME": holdfast.folder.path("cache"),
                    ],
                    folder: holdfast.folder.path
                )
                #expect(outcome.succeeded, "\(outcome)")
            }
            try await run(command + ["--no-cache"])
            #expect(cachedFiles(holdfast).isEmpty)
            try await run(command)
            #expect(!cachedFiles(holdfast).isEmpty)
        }
    }

    @Test("does not hide from a verification that the repository's own index is damaged")
    func notProof() async throws {
        try await withRepository { holdfast in
            try await holdfast.run("points")
            try #require(!cachedFiles(holdfast).isEmpty)
            let folder = holdfast.folder.path("repo/index")
            let name = try #require(FileManager.default.contentsOfDirectory(atPath: folder).first)
            let file = URL(filePath: "\(folder)/\(name)")
            var bytes = try Data(contentsOf: file)
            bytes[bytes.count / 2] ^= 1
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
            try bytes.write(to: file)
            try await holdfast.run("points")
            try await holdfast.run("verify", expecting: 1)
            try await holdfast.run("repo", "check", expecting: 1)
            // What it holds is right all the same: it is named by the hash of what the repository held.
            try await holdfast.run("restore", "--target", "restored")
            #expect(try await areEqual(holdfast.folder.path("docs"), holdfast.folder.path("restored/docs")))
        }
    }
}
