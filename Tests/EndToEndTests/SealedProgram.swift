import Foundation
import TestSupport
import Testing

/// The program in a folder with settings and secrets of its own, and everything it was heard to say.
final class SealedProgram: @unchecked Sendable {
    // Unchecked: one test uses it, sequentially.

    let holdfast: HoldfastProgram
    /// What was said on both channels, with the command that said it.
    private(set) var heard: [(command: String, text: [UInt8])] = []
    var environment: [String: String] = [:]

    init(in folder: TemporaryDirectory) throws {
        holdfast = try HoldfastProgram(in: folder)
        try FileManager.default.createDirectory(atPath: folder.path("tmp"), withIntermediateDirectories: false)
    }

    var folder: TemporaryDirectory { holdfast.folder }

    func configure(_ entries: String, more: String = "") throws {
        let head = "version: 1\nsystem: test\nrepository:\n  location: ./repo\n  password: env:HOLDFAST_PASSWORD\n"
        try holdfast.write(head + more + "configuration:\n" + entries, to: "holdfast.yaml")
    }

    /// - Parameter status: `nil` when any will do.
    @discardableResult
    func run(_ arguments: [String], expecting status: Int32? = 0, through wrapper: [String] = []) async throws
        -> Program.Outcome
    {
        var environment = holdfast.environment()
        environment["TMPDIR"] = folder.path("tmp")
        for (name, value) in self.environment { environment[name] = value }
        let command = wrapper + [HoldfastProgram.path] + arguments
        let outcome = try await Program(path: command[0]).run(
            Array(command.dropFirst()),
            environment: environment,
            folder: folder.path,
            timeout: .seconds(120)
        )
        heard.append((arguments.joined(separator: " "), outcome.output + outcome.errors))
        if let status { #expect(outcome.status == status, "holdfast \(arguments): \(outcome)") }
        return outcome
    }

    @discardableResult
    func run(_ arguments: String..., expecting status: Int32? = 0) async throws -> Program.Outcome {
        try await run(arguments, expecting: status)
    }

    /// The restore points' ids, newest first.
    func points() async throws -> [String] {
        let outcome = try await run("points", "--json")
        let list = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [[String: Any]])
        return list.compactMap { $0["id"] as? String }
    }

    /// What `restic` gives out of the newest snapshot of the configuration.
    func resticDump(_ path: String) async throws -> [UInt8] {
        try await holdfast.restic("dump", "latest", "--path", "/configuration", path).output
    }

    func write(_ text: String, to path: String, mode: Int = 0o600) throws {
        try holdfast.write(text, to: path)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.path(path))
    }

    func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: folder.path(path))[.posixPermissions] as? Int
    }

    func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: folder.path(path))))
    }

    /// Makes a key as a user does.
    ///
    /// - Returns: its public name.
    func makeKey(_ name: String = "key.txt") async throws -> String {
        let keygen = try #require(Program.find("age-keygen"))
        let made = try await keygen.run(["-o", folder.path(name)])
        try #require(made.succeeded, "\(made)")
        let shown = try await keygen.run(["-y", folder.path(name)])
        return shown.text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
