import Foundation
import TestSupport
import Testing

@Suite(
    "The demo",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .enabled(if: Program.find("git") != nil, "git is not installed"),
    .timeLimit(.minutes(10))
)
struct DemoTests {
    private func run(_ arguments: [String], path: String? = nil, in folder: TemporaryDirectory) async throws
        -> Program.Outcome
    {
        var environment: [String: String?] = ["TMPDIR": folder.path, "HOLDFAST_CHECKOUT": PackageRoot.path]
        if let path {
            environment["PATH"] = path + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
        }
        return try await Program(path: HoldfastProgram.path).run(
            ["demo"] + arguments,
            environment: environment,
            timeout: .seconds(400)
        )
    }

    /// What a look at the command lines of all processes has seen.
    private struct CommandLines {
        var ofServers = 0
        var withKey: [String] = []
    }

    /// Looks at the command lines of everything that runs, until it is cancelled.
    private func watchCommandLines(in folder: TemporaryDirectory) async -> CommandLines {
        var seen = CommandLines()
        let files = FileManager.default
        while !Task.isCancelled {
            let stages = (try? files.contentsOfDirectory(atPath: folder.path)) ?? []
            let key = stages.lazy.compactMap { files.contents(atPath: "\(folder.path)/\($0)/safe/qdrant.key") }.first
            if let key, !key.isEmpty {
                for process in (try? files.contentsOfDirectory(atPath: "/proc")) ?? [] where Int(process) != nil {
                    guard let line = files.contents(atPath: "/proc/\(process)/cmdline") else { continue }
                    let text = String(decoding: line, as: UTF8.self)
                    if text.contains("qdrant_edge_server"), text.contains(folder.path) { seen.ofServers += 1 }
                    if line.range(of: key) != nil { seen.withKey.append(text) }
                }
            }
            try? await Task.sleep(for: .milliseconds(200))
        }
        return seen
    }

    @Test(
        "proves all of its claims, tells what it measured, shows no key in a command line, and leaves nothing behind",
        arguments: ObjectServers.reasonForAbsence == nil ? [[], ["--s3"]] : [[]]
    )
    func proves(repository: [String]) async throws {
        try await TemporaryDirectory.with("hfd") { folder in
            let watch = Task { await watchCommandLines(in: folder) }
            let outcome: Program.Outcome
            do {
                outcome = try await run(["--json"] + repository, in: folder)
            } catch {
                watch.cancel()
                throw error
            }
            watch.cancel()
            let seen = await watch.value
            #expect(seen.ofServers > 0 && seen.withKey.isEmpty, "\(seen)")
            #expect(outcome.status == 0, "\(outcome)")
            let report = try #require(
                try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any]
            )
            let proofs = try #require(report["proofs"] as? [[String: Any]])
            #expect(proofs.count == (Program.find("restic") == nil ? 10 : 11), "\(proofs)")
            #expect(proofs.allSatisfy { $0["holds"] as? Bool == true }, "\(proofs)")
            #expect(report["pages"] as? Int == 39 && report["passages"] as? Int == 506, "\(report)")
            #expect(report["ingestedAgain"] as? Int == 1 && report["changedPages"] as? Int == 3, "\(report)")
            #expect((report["rtoSeconds"] as? Double ?? 0) > 0 && (report["rpoSeconds"] as? Double ?? 0) > 0)
            #expect((report["restorePoints"] as? [String])?.count == 2)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        }
    }

    @Test("shows each command, and ends with 1 and the claim's name when one does not hold")
    func fails() async throws {
        try await TemporaryDirectory.with("hfd") { folder in
            // A restic that finds an error.
            try FileManager.default.createDirectory(atPath: folder.path("bin"), withIntermediateDirectories: false)
            let restic = URL(filePath: folder.path("bin/restic"))
            try Data("#!/bin/sh\necho 'Fatal: repository contains errors'\nexit 1\n".utf8).write(to: restic)
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: restic.path)
            let outcome = try await run([], path: folder.path("bin"), in: folder)
            #expect(outcome.status == 1, "\(outcome)")
            for line in [
                "$ holdfast init\n", "$ holdfast backup\n", "$ holdfast recover --yes", "$ holdfast drill full",
                "recovery of 'textbook': verified", "RPO ", "RTO ", "Fatal: repository contains errors",
                "FAILED         the restic program reads all of the repository", "10 of 11 claims proven",
            ] {
                #expect(outcome.text.contains(line), "\(line): \(outcome)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["bin"])
        }
    }
}
