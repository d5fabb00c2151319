import Foundation
import TestSupport
import Testing

/// The program as a user runs it, built beside the tests.
struct HoldfastProgram {
    let program: Program
    let folder: TemporaryDirectory
    /// Further variables of every command.
    var variables: [String: String] = [:]

    init(in folder: TemporaryDirectory) throws {
        let path = Self.path
        try #require(FileManager.default.isExecutableFile(atPath: path), "there is no program at \(path)")
        program = Program(path: path)
        self.folder = folder
    }

    /// `swift build` puts the program and the test bundle into one folder.
    static var path: String {
        let bundle = ProcessInfo.processInfo.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        return URL(filePath: bundle).deletingLastPathComponent().appendingPathComponent("holdfast").path
    }

    /// What the program sees besides our own variables: the password, and places for cache and state that go away with the test.
    func environment(password: String = "secret phrase") -> [String: String?] {
        var environment: [String: String?] = [
            "HOLDFAST_PASSWORD": password, "XDG_CACHE_HOME": folder.path("cache"),
            "XDG_STATE_HOME": folder.path("state"),
        ]
        for (name, value) in variables { environment[name] = value }
        return environment
    }

    @discardableResult
    func run(_ arguments: String..., expecting status: Int32 = 0, password: String = "secret phrase") async throws
        -> Program.Outcome
    {
        let outcome = try await program.run(
            arguments,
            environment: environment(password: password),
            folder: folder.path,
            timeout: .seconds(120)
        )
        #expect(outcome.status == status, "holdfast \(arguments.joined(separator: " ")): \(outcome)")
        return outcome
    }

    /// Runs a command with `--json` and decodes what it prints.
    func json(_ arguments: String...) async throws -> [String: Any] {
        let outcome = try await program.run(
            arguments + ["--json"],
            environment: environment(),
            folder: folder.path,
            timeout: .seconds(120)
        )
        let value = try JSONSerialization.jsonObject(with: Data(outcome.output))
        if let list = value as? [[String: Any]] { return ["list": list] }
        return try #require(value as? [String: Any])
    }

    func restic(_ arguments: String..., expecting status: Int32 = 0) async throws -> Program.Outcome {
        let restic = try #require(Program.find("restic"))
        let outcome = try await restic.run(
            ["-r", folder.path("repo"), "--no-cache"] + arguments,
            environment: ["RESTIC_PASSWORD": "secret phrase"]
        )
        #expect(outcome.status == status, "restic \(arguments): \(outcome)")
        return outcome
    }

    /// The configuration of a system with documents only.
    func initDocuments() async throws {
        try await run("init", "--repository", "repo", "--documents", "docs", "--system", "test")
    }

    func write(_ text: String, to path: String) throws {
        let url = URL(filePath: folder.path(path))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    /// Some documents: deterministic, several folders, one file of a few megabytes.
    func makeDocuments(seed: UInt64 = 1) throws {
        var generator = SeededGenerator(seed: seed)
        for index in 0..<40 {
            let words = (0..<200).map { _ in String(generator.next() % 10_000) }.joined(separator: " ")
            try write("# Page \(index)\n\n\(words)\n", to: "docs/part-\(index % 4)/page-\(index).mdx")
        }
        try Data(generator.bytes(6_000_000)).write(to: URL(filePath: folder.path("docs/figures.bin")))
    }
}

/// Whether two folders hold the same files with the same content.
func areEqual(_ left: String, _ right: String) async throws -> Bool {
    let diff = try #require(Program.find("diff"))
    return try await diff.run(["-r", left, right]).succeeded
}
