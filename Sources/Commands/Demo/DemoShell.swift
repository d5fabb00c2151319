internal import Foundation
internal import Locks
internal import Recovery

/// Runs the commands that a user would type, in the demo's folder, and shows each with what it prints.
final class DemoShell: Sendable {
    private let program: DemoProgram
    private let say: DemoVoice
    private let transcript = Mutex<[UInt8]>([])

    init(folder: String, environment: [String: String], say: DemoVoice) {
        program = DemoProgram(path: DemoPlaces.program, environment: environment, folder: folder)
        self.say = say
    }

    /// Everything that commands have printed so far.
    var heard: [UInt8] { transcript.withLock { $0 } }

    /// Runs `holdfast` with these arguments.
    ///
    /// - Returns: how long it took.
    /// - Throws: ``RecoveryError/Code/refused`` when it does not end with 0.
    @discardableResult
    func holdfast(_ arguments: String...) async throws -> Duration {
        let line = (["holdfast"] + arguments).joined(separator: " ")
        say.line("$ \(line)")
        let (say, start) = (say, ContinuousClock.now)
        let outcome = try await program.run(arguments) { say.line("  \($0)") }
        transcript.withLock { $0 += outcome.output }
        guard outcome.status == 0 else {
            throw RecoveryError(
                .refused,
                "'\(line)' ended with status \(outcome.status)"
                    + (say.isSilent ? ": \(outcome.text.suffix(2000))" : ""),
                hint: "With '--keep', the folder stays for a look."
            )
        }
        return ContinuousClock.now - start
    }

    /// Asks `holdfast` for something that the demo compares; shows nothing.
    func ask<Value: Decodable>(_ type: Value.Type, _ arguments: String...) async throws -> Value {
        let outcome = try await program.run(arguments + ["--json"], takesErrors: false)
        transcript.withLock { $0 += outcome.output }
        guard outcome.status == 0 else {
            throw RecoveryError(
                .refused,
                "'holdfast \(arguments.joined(separator: " "))' ended with status \(outcome.status)"
            )
        }
        return try JSONDecoder().decode(type, from: Data(outcome.output))
    }

    /// The bytes of a stored file.
    func dump(_ path: String) async throws -> [UInt8] {
        let outcome = try await program.run(["repo", "dump", "latest", path], takesErrors: false)
        guard outcome.status == 0 else {
            throw RecoveryError(.refused, "'holdfast repo dump latest \(path)' ended with status \(outcome.status)")
        }
        return outcome.output
    }
}

/// What the demo reads out of the JSON of commands.
enum DemoAnswer {
    /// Of `points` and `show`.
    struct Point: Decodable, Sendable {
        struct Part: Decodable, Sendable {
            let component: Component
            let bytes: Int64
            let collections: [RestorePointManifest.CollectionSummary]
        }
        let id: String
        let parts: [Part]
        let proven: [String: String]

        var provenComponents: Set<String> { Set(proven.keys) }

        subscript(component: Component) -> Part? { parts.first { $0.component == component } }
    }

    /// Of `diff`.
    struct Differences: Decodable, Sendable {
        let differences: [PathDifference]
    }

    /// Of `repo stats`.
    struct Stats: Decodable, Sendable {
        let storedBytes: Int64
    }
}
