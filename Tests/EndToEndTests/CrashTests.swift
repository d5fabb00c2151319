import Foundation
import TestSupport
import Testing

@Suite("A backup that is killed", .enabled(if: Program.find("restic") != nil, "restic is not installed"), .timeLimit(.minutes(15)))
struct CrashTests {
    @Test("leaves a repository that restic check accepts, twenty times over, and the next backup completes")
    func killedTwentyTimes() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            let start = ContinuousClock.now
            try await holdfast.run("backup")
            let whole = ContinuousClock.now - start
            var killed = 0
            for round in 0..<20 {
                try Data(generator.bytes(3_000_000)).write(to: URL(filePath: folder.path("docs/round-\(round).bin")))
                let delay = whole * Double.random(in: 0.02...0.98, using: &generator)
                if try await killBackup(holdfast, after: delay) { killed += 1 }
                _ = try await holdfast.restic("check")
            }
            #expect(killed >= 10, "only \(killed) of 20 were killed before they ended, seed \(seed)")
            try await holdfast.run("backup")
            _ = try await holdfast.restic("check", "--read-data")
            try await holdfast.run("restore", "--target", "restored")
            #expect(try await areEqual(folder.path("docs"), folder.path("restored/docs")), "seed \(seed)")
        }
    }

    /// - Returns: whether the process was still running when it was killed.
    private func killBackup(_ holdfast: HoldfastProgram, after delay: Duration) async throws -> Bool {
        do {
            // `timeout` of the shell's tools kills hard and says so by its status.
            let outcome = try await #require(Program.find("timeout")).run(
                ["-s", "KILL", "\(delay.seconds)", HoldfastProgram.path, "backup"],
                environment: ["HOLDFAST_PASSWORD": "secret phrase"], folder: holdfast.folder.path)
            return outcome.status != 0
        } catch is Program.Failure {
            return true  // `timeout -s KILL` kills itself along with its child.
        }
    }
}

extension Duration {
    fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
