import Foundation
import TestSupport
import Testing

@Suite(
    "A backup that is killed",
    .enabled(if: Program.find("restic") != nil, "restic is not installed"),
    .timeLimit(.minutes(15))
)
struct CrashTests {
    @Test("leaves a repository that restic check accepts, twenty times over, and the next backup completes")
    func killedTwentyTimes() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            try await holdfast.run("backup")
            // How long a backup takes here and now; shortened whenever one ends before it could be killed.
            var whole = Duration.milliseconds(1500)
            var killed = 0
            for round in 0..<80 where killed < 20 {
                try Data(generator.bytes(3_000_000)).write(
                    to: URL(filePath: folder.path("docs/round-\(round % 20).bin"))
                )
                let delay = whole * Double.random(in: 0.02...0.98, using: &generator)
                let start = ContinuousClock.now
                if try await killBackup(holdfast, after: delay) {
                    killed += 1
                    // What a dead process left: its lock, which restic wants to be told about.
                    _ = try await holdfast.restic("unlock")
                    _ = try await holdfast.restic("check")
                } else {
                    whole = min(whole, ContinuousClock.now - start)
                }
            }
            #expect(killed == 20, "only \(killed) were killed before they ended, seed \(seed)")
            try await holdfast.run("backup")
            _ = try await holdfast.restic("check", "--read-data")
            try await holdfast.run("restore", "--target", "restored")
            #expect(try await areEqual(folder.path("docs"), folder.path("restored/docs")), "seed \(seed)")
        }
    }

    /// - Returns: whether the process was still running when it was killed.
    private func killBackup(_ holdfast: HoldfastProgram, after delay: Duration) async throws -> Bool {
        do {
            _ = try await holdfast.program.run(
                ["backup"],
                environment: holdfast.environment(),
                folder: holdfast.folder.path,
                timeout: delay
            )
            return false
        } catch is Program.Failure {
            return true  // The time-out of a program is SIGKILL.
        }
    }
}
