import Foundation
import TestSupport
import Testing

/// Kills the real program (SIGKILL) at random moments of one command, again and again, and judges what is left each time.
///
///     try await KillTrial(holdfast, ["prune"]).run(seed: seed)
///
/// After each kill `restic check` accepts the repository, and every restore point that was there before the trial restores
/// to the same files; at the end the command completes.
struct KillTrial {
    let holdfast: HoldfastProgram
    let arguments: [String]
    /// Variables that the command needs beside the usual ones.
    var variables: [String: String] = [:]
    /// How many kills have to hit a running process.
    var kills = 20
    /// Gives each attempt something to do; gets its number.
    var prepare: (Int) async throws -> Void = { _ in }
    /// Judges the state after a kill, beside what always holds.
    var judge: () async throws -> Void = {}

    init(_ holdfast: HoldfastProgram, _ arguments: [String]) {
        self.holdfast = holdfast
        self.arguments = arguments
    }

    func run(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let before = try await restorePoints()
        // How long the command takes here and now; shortened whenever it ends before it could be killed.
        var whole = Duration.milliseconds(1500)
        var killed = 0
        for attempt in 0..<(4 * kills) where killed < kills {
            try await prepare(attempt)
            let delay = whole * Double.random(in: 0.02...0.98, using: &generator)
            let start = ContinuousClock.now
            guard try await kill(after: delay) else {
                whole = min(whole, ContinuousClock.now - start)
                continue
            }
            killed += 1
            // What a dead process left: its lock, which restic wants to be told about.
            _ = try await holdfast.restic("unlock")
            _ = try await holdfast.restic("check")
            try await judge()
        }
        #expect(killed == kills, "only \(killed) were killed before they ended, seed \(seed)")
        try await complete()
        _ = try await holdfast.restic("check", "--read-data")
        try await expectWhole(before, seed)
    }

    private var environment: [String: String?] {
        holdfast.environment().merging(variables) { _, new in new }
    }

    private func complete() async throws {
        let outcome = try await holdfast.program.run(
            arguments,
            environment: environment,
            folder: holdfast.folder.path,
            timeout: .seconds(120)
        )
        #expect(outcome.status == 0, "holdfast \(arguments.joined(separator: " ")): \(outcome)")
    }

    /// - Returns: whether the process was still running when it was killed.
    private func kill(after delay: Duration) async throws -> Bool {
        do {
            _ = try await holdfast.program.run(
                arguments,
                environment: environment,
                folder: holdfast.folder.path,
                timeout: delay
            )
            return false
        } catch is Program.Failure {
            return true  // The time-out of a program is SIGKILL.
        }
    }

    // MARK: What must survive

    /// The restore points there are, with the files that each restores to.
    private func restorePoints() async throws -> [String: String] {
        var points: [String: String] = [:]
        for case let point as [String: Any] in try await holdfast.json("points")["list"] as? [Any] ?? [] {
            guard let id = point["id"] as? String else { continue }
            points[id] = try await restored(id)
        }
        return points
    }

    private func expectWhole(_ before: [String: String], _ seed: UInt64) async throws {
        for (id, files) in before {
            #expect(try await restored(id) == files, "restore point \(id) restores otherwise, seed \(seed)")
        }
    }

    private func restored(_ id: String) async throws -> String {
        let target = "restored-\(id)-\(UUID().uuidString)"
        try await holdfast.run("restore", id, "--target", target)
        let shell = try #require(Program.find("sh"))
        return try await shell.run(
            ["-c", "find . -type f -exec sha256sum {} + | sort -k 2"],
            folder: holdfast.folder.path(target)
        ).text
    }
}
