import Foundation
import TestSupport
import Testing

@Suite("Many processes on one repository", .timeLimit(.minutes(10)))
struct ManyProcessesTests {
    @Test("ten backups at once, beside verifications, checks and prunes, leave ten whole restore points")
    func tenBackups() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            // Something to prune: a restore point of its own content that is forgotten.
            try holdfast.write("gone soon", to: "docs/gone.mdx")
            try await holdfast.run("backup")
            try FileManager.default.removeItem(atPath: folder.path("docs/gone.mdx"))
            try await holdfast.run("backup")
            try await holdfast.run("forget", "--keep-last", "1", "--yes-drop-many")
            let systems = (0..<10).map { "system-\($0)" }
            for (index, system) in systems.enumerated() { try makeSystem(system, index, holdfast) }

            try await withThrowingTaskGroup(of: Void.self) { group in
                for system in systems {
                    group.addTask { try await holdfast.run("backup", "--config", "\(system).yaml") }
                }
                group.addTask {
                    for _ in 0..<3 { try await holdfast.run("verify", "--all") }
                }
                group.addTask {
                    for _ in 0..<3 { try await holdfast.run("repo", "check", "--read-data") }
                }
                group.addTask {
                    try await holdfast.run("prune")
                    try await holdfast.run("prune", "--grace", "0", "--max-unused", "0%")
                }
                try await group.waitForAll()
            }

            for system in systems {
                try await holdfast.run("verify", "--all", "--config", "\(system).yaml")
                try await holdfast.run("restore", "--config", "\(system).yaml", "--target", "restored-\(system)")
                #expect(try await areEqual(folder.path(system), folder.path("restored-\(system)/\(system)")))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("repo/locks")).isEmpty)
            guard Program.find("restic") != nil else { return }
            _ = try await holdfast.restic("check", "--read-data")
        }
    }

    /// A system of its own: some files that all systems have, so that they write the same blobs at the same time, and some
    /// of its own.
    private func makeSystem(_ name: String, _ index: Int, _ holdfast: HoldfastProgram) throws {
        var generator = SeededGenerator(seed: UInt64(100 + index))
        for page in 0..<10 { try holdfast.write("# Shared page \(page)\n", to: "\(name)/shared/page-\(page).mdx") }
        try FileManager.default.copyItem(
            atPath: holdfast.folder.path("docs/figures.bin"),
            toPath: holdfast.folder.path("\(name)/figures.bin")
        )
        try Data(generator.bytes(700_000)).write(to: URL(filePath: holdfast.folder.path("\(name)/own.bin")))
        let text = try String(contentsOfFile: holdfast.folder.path("holdfast.yaml"), encoding: .utf8)
            .replacing("system: test", with: "system: \(name)")
            .replacing("path: docs", with: "path: \(name)")
        try holdfast.write(text, to: "\(name).yaml")
    }
}
