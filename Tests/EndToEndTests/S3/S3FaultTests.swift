import Foundation
import ResticFormat
import ResticRepository
import S3Client
import TestSupport
import Testing

@Suite(
    "A repository in S3, under faults",
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")"),
    .enabled(if: Program.find("restic") != nil, "restic is not installed"),
    .timeLimit(.minutes(60))
)
struct S3FaultTests {
    private static let variables = ProcessInfo.processInfo.environment

    /// How much is backed up, in bytes. Much more takes a while: `HOLDFAST_FAULT_BYTES=2147483648`.
    private static let byteCount = variables["HOLDFAST_FAULT_BYTES"].flatMap { Int($0) } ?? 64 << 20

    @Test("with one request in five failing, a backup and its restore are whole, and restic finds nothing wrong")
    func oneInFive() async throws {
        let seed = Self.variables["HOLDFAST_FAULT_SEED"].flatMap { UInt64($0) } ?? SeededGenerator().seed
        try await S3System.with { system in
            let (holdfast, folder) = (system.holdfast, system.holdfast.folder)
            try system.makeDocuments(byteCount: Self.byteCount, seed: seed)
            // A wrong bit is seen by nobody but the repository itself, which reads again, and not at all in a listing.
            system.proxy.strikeAtRandom(rate: 0.2, from: ProxyFault.transient.filter { $0 != .corruptBody }, seed: seed)
            for number in [2, 40] {
                system.proxy.order(.corruptBody, on: ["GET"], target: "/data/", occurrences: number...number)
            }
            let start = ContinuousClock.now
            try await holdfast.runLong("init", note: "seed \(seed)")
            try await holdfast.runLong("backup", note: "seed \(seed)")
            let backedUp = ContinuousClock.now
            try await holdfast.runLong("restore", "--target", "restored", note: "seed \(seed)")
            let restored = ContinuousClock.now
            #expect(try await areEqual(folder.path("docs"), folder.path("restored/docs")), "seed \(seed)")
            let exchanges = system.proxy.exchanges
            #expect(exchanges.contains { $0.fault != nil }, "seed \(seed)")
            #expect(exchanges.contains { $0.fault == .corruptBody }, "seed \(seed)")
            if Self.variables["HOLDFAST_FAULT_BYTES"] != nil {
                print(
                    "\(Self.byteCount) bytes, seed \(seed): \(exchanges.count) requests, \(system.proxy.faultCount) faults, "
                        + "backup \(backedUp - start), restore \(restored - backedUp)"
                )
            }
            system.proxy.heal()
            try await system.restic("check", "--read-data")
            #expect(try await system.unfinishedUploads().isEmpty)
            // Nobody's lock stays.
            #expect(try await system.repository().list(.lock).isEmpty)
        }
    }

    @Test(
        "waits for a server that is away for as many seconds as HOLDFAST_FAULT_ABSENCE says, in the middle of a backup",
        .enabled(
            if: ProcessInfo.processInfo.environment["HOLDFAST_FAULT_ABSENCE"] != nil,
            "HOLDFAST_FAULT_ABSENCE is not set"
        )
    )
    func absence() async throws {
        let seconds = try #require(Self.variables["HOLDFAST_FAULT_ABSENCE"].flatMap { Int($0) })
        try await S3System.with { system in
            try system.makeDocuments(byteCount: Self.byteCount, seed: 1)
            try await system.holdfast.run("init")
            async let backup: Void = system.holdfast.runLong("backup")
            try await system.proxy.waitForPuts(2)
            try await system.proxy.beGone(for: .seconds(seconds))
            try await backup
            try await system.holdfast.runLong("restore", "--target", "restored")
            let folder = system.holdfast.folder
            #expect(try await areEqual(folder.path("docs"), folder.path("restored/docs")))
            try await system.restic("check", "--read-data")
        }
    }
}

/// What was waited for has not come.
private struct WaitedTooLong: Error, CustomStringConvertible {
    let description: String
}

extension HoldfastProgram {
    /// Runs a command that may take long.
    func runLong(_ arguments: String..., note: String = "") async throws {
        let outcome = try await program.run(
            arguments,
            environment: environment(),
            folder: folder.path,
            timeout: .seconds(3000)
        )
        #expect(outcome.status == 0, "holdfast \(arguments.joined(separator: " ")): \(outcome) \(note)")
    }
}

extension FaultProxy {
    /// The packs that somebody began to send.
    var packPuts: [Exchange] { exchanges.filter { $0.method == "PUT" && $0.target.contains("/data/") } }

    /// Waits until so many packs were begun to be sent.
    func waitForPuts(_ count: Int) async throws {
        try await wait("\(count) packs are sent") { packPuts.count >= count }
    }

    /// Waits for something; a test that waits for minutes has failed.
    func wait(_ what: String, until isSo: () throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(300)
        while try !isSo() {
            guard ContinuousClock.now < deadline else {
                throw WaitedTooLong(description: "waited five minutes until \(what)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
