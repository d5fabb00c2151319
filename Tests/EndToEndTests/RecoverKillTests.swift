import Foundation
import QdrantClient
import TestSupport
import Testing

/// Kills the real `holdfast recover` (SIGKILL) inside each of its steps, and starts it again.
@Suite(
    "A recovery that is killed",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .enabled(if: Program.find("curl") != nil && Program.find("git") != nil, "curl or git is not installed"),
    .timeLimit(.minutes(10))
)
struct RecoverKillTests {
    /// In their order.
    private static let steps = [
        "before_qdrant", "qdrant", "documents", "configuration", "code", "after_code", "verify", "reingest", "watch",
    ]

    /// How to know, in a shell, that a recovery is inside a step. A gate is a file: whoever finds it says that it was reached, and
    /// waits there until it is gone. Then it fails, since nobody waits for it any more.
    private static let inside: [String: String] = [
        "before_qdrant": "[ -e reached ]", "code": "[ -e reached ]", "after_code": "[ -e reached ]",
        "verify": "[ -e reached ]", "reingest": "[ -e reached ]",
        // The server waits with the data of an upload; the collection is there and empty.
        "qdrant": #"grep -q '^qdrant …' err && curl -sf "$SERVER/collections/textbook" >/dev/null && sleep 0.3"#,
        // Files are being written, of which one is large.
        "documents": #"[ -n "$(find project/docs/01-sky project/docs/figures* project/docs/.figures* 2>/dev/null)" ]"#,
        "configuration": #"[ "$(ls -A project 2>/dev/null | wc -l)" -gt 1 ]"#,
        "watch": "grep -q '^watch …' err",
    ]

    /// Named by its folder and not by a variable: git gets few of these.
    private static func gate(in folder: TemporaryDirectory) -> String {
        """
        # What reaches a closed gate waits there.
        if [ -e "\(folder.path)/gate-$1" ]; then
            touch "\(folder.path)/reached"
            while [ -e "\(folder.path)/gate-$1" ]; do sleep 0.05; done
            exit 1
        fi

        """
    }

    private var options: ChatbotSystem.Options {
        var options = ChatbotSystem.Options()
        options.server.enablesFaults = true
        options.sealed = ", large.bin"
        options.probes = "  - {name: gate, command: sh gate.sh verify, timeout: 60s}"
        options.recovery = """
              hooks:
                before_qdrant: sh hook.sh before_qdrant
                after_code: sh hook.sh after_code
              reingest: {command: sh gated-reingest.sh, timeout: 60s}
              watch: {for: 2s, every: 500ms}
            """
        options.prepare = { system in
            let holdfast = system.holdfast
            try holdfast.write(Self.gate(in: system.folder), to: "gate.sh")
            try holdfast.write("sh gate.sh \"$1\" || exit 1\necho \"$1\" >> hooks.log\n" + Self.restart, to: "hook.sh")
            try holdfast.write("sh gate.sh reingest || exit 1\nexec sh reingest.sh\n", to: "gated-reingest.sh")
            let git = try #require(Program.find("git")).path
            try holdfast.write(
                "#!/bin/sh\ncase \" $* \" in *\" apply \"*) sh \(system.folder.path)/gate.sh code || exit 1 ;; esac\nexec \(git) \"$@\"\n",
                to: "bin/git"
            )
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o700],
                ofItemAtPath: system.folder.path("bin/git")
            )
            var generator = SeededGenerator(seed: 11)
            for path in ["docs/figures.bin", "large.bin"] {
                let file = URL(filePath: system.folder.path("project/\(path)"))
                try Data(generator.bytes(24_000_000)).write(to: file)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
            }
        }
        return options
    }

    private static let restart = "if [ \"$1\" = after_code ]; then exec sh project/app/restart.sh; fi\n"

    @Test("inside any of its steps finishes from the last step that had ended, with everything verified")
    func insideEachStep() async throws {
        try await ChatbotSystem.with(options) { made in
            // Only what recovers sees the gated git.
            var holdfast = made.holdfast
            holdfast.variables["PATH"] =
                made.folder.path("bin") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
            let system = ChatbotSystem(holdfast: holdfast, server: made.server, client: made.client, port: made.port)
            try system.writeNewPage()
            try await system.ingest()
            let before = try await system.state()
            for step in Self.steps {
                var attempts = 0
                while try await !kill(inside: step, of: system) {
                    attempts += 1
                    try #require(attempts < 5, "\(step) always ended before it could be killed")
                }
                try await finish(step, system)
                try await system.expectWhole(before, step)
            }
        }
    }

    /// Loses everything but the newest page, and kills a recovery inside a step.
    ///
    /// - Returns: whether the step was under way; one that is not held by a gate may have ended.
    private func kill(inside step: String, of system: ChatbotSystem) async throws -> Bool {
        let folder = system.folder
        system.killChatbot()
        _ = try await system.client.deleteCollection("textbook")
        for path in ["project", "hooks.log", "reached", "state"] {
            try? FileManager.default.removeItem(atPath: folder.path(path))
        }
        try system.writeNewPage()
        try system.holdfast.write("", to: "gate-\(step)")
        if step == "qdrant" {
            try await order(system, #"{"route": "/snapshots/upload", "kind": "delay", "seconds": 2, "times": 1}"#)
        }
        let script = """
            "$0" recover --yes >out 2>err & recover=$!
            until \(try #require(Self.inside[step])); do
                if [ -z "$(readlink /proc/$recover/exe)" ]; then wait $recover; exit 3; fi
                sleep 0.01
            done
            kill -KILL $recover
            wait $recover
            echo $?
            """
        var environment = system.holdfast.environment()
        environment["SERVER"] = system.server.baseURL
        let outcome = try await #require(Program.find("sh")).run(
            ["-c", script, HoldfastProgram.path],
            environment: environment,
            folder: folder.path,
            timeout: .seconds(90)
        )
        try FileManager.default.removeItem(atPath: folder.path("gate-\(step)"))
        // A late upload of a dead process must not meet the next one.
        if step == "qdrant" { try await Task.sleep(for: .milliseconds(2500)) }
        guard outcome.status == 0, outcome.text.contains("137") else {
            let said = (try? String(contentsOfFile: folder.path("err"), encoding: .utf8)) ?? ""
            try #require(outcome.status == 3 || outcome.text.contains("137"), "\(step): \(outcome) \(said)")
            return false
        }
        return try ended(in: folder) == Array(Self.steps.prefix { $0 != step })
    }

    /// The same command again.
    private func finish(_ step: String, _ system: ChatbotSystem) async throws {
        let kept = try keptSteps(in: system.folder)
        let outcome = try await system.holdfast.run("recover", "--yes", "--report", "report.json")
        #expect(outcome.text.contains("recovery of 'test': verified"), "after a kill inside \(step): \(outcome)")
        let file = URL(filePath: system.folder.path("report.json"))
        let report = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        #expect(report["attempts"] as? Int == 2, "\(step)")
        #expect(report["scenario"] as? String == "completeFailure", "\(step)")
        let steps = try #require(report["steps"] as? [[String: Any]])
        // A verification that is repeated after a re-ingestion stands where it was made.
        #expect(steps.compactMap { $0["id"] as? String }.sorted() == Self.steps.sorted(), "\(step)")
        // Checks may be repeated, changes may not.
        for done in kept where done["id"] as? String != "verify" {
            let isKept = steps.contains { $0 as NSDictionary == done as NSDictionary }
            #expect(isKept, "after a kill inside \(step), \(done["id"] ?? "?") was made again")
        }
        let hooks = try String(contentsOfFile: system.folder.path("hooks.log"), encoding: .utf8)
        #expect(hooks == "before_qdrant\nafter_code\n", "after a kill inside \(step)")
        #expect(try keptSteps(in: system.folder).isEmpty, "\(step): progress is left behind")
    }

    private func ended(in folder: TemporaryDirectory) throws -> [String] {
        try keptSteps(in: folder).compactMap { $0["id"] as? String }
    }

    /// The steps that the file of progress says have ended.
    private func keptSteps(in folder: TemporaryDirectory) throws -> [[String: Any]] {
        let states = folder.path("state/holdfast")
        let names = try FileManager.default.contentsOfDirectory(atPath: states).filter { $0.hasSuffix(".json") }
        guard let name = names.first else { return [] }
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: "\(states)/\(name)")))
        return try #require((json as? [String: Any])?["steps"] as? [[String: Any]])
    }

    private func order(_ system: ChatbotSystem, _ fault: String) async throws {
        let outcome = try await #require(Program.find("curl")).run([
            "-sS", "--fail-with-body", "-X", "PUT", system.server.baseURL + "/_faults", "-H",
            "Content-Type: application/json", "-d", fault,
        ])
        try #require(outcome.succeeded, "\(outcome)")
    }
}
