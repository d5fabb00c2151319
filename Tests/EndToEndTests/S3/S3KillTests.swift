import Foundation
import ObjectStorage
import ResticFormat
import ResticRepository
import S3Client
import S3Storage
import TestSupport
import Testing

@Suite(
    "A backup into S3 that is killed",
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")"),
    .enabled(if: Program.find("restic") != nil, "restic is not installed"),
    .timeLimit(.minutes(15))
)
struct S3KillTests {
    private static let byteCount = 96 << 20
    /// What trees, manifest, headers and the blobs of a pack that was not whole yet may add, in bytes.
    private static let slack: Int64 = 8 << 20

    /// Kills `holdfast backup` (SIGKILL) once so many packs have come, and waits until it is gone.
    private func kill(_ system: S3System, afterPacks count: Int) async throws {
        let holdfast = system.holdfast
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                // Ending a task of this is SIGKILL for the program.
                _ = try? await holdfast.program.run(
                    ["backup"],
                    environment: holdfast.environment(),
                    folder: holdfast.folder.path,
                    timeout: .seconds(600)
                )
                return true
            }
            // The answers to these have come: who sends the next three has that of the first.
            try await system.proxy.waitForPuts(count + 3)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private func packs(_ system: S3System) async throws -> [String: Int64] {
        let folder = FileKind.pack.folder
        let entries = try await system.store(port: system.server.port).list(under: folder)
        return Dictionary(uniqueKeysWithValues: entries.map { ($0.key.path, $0.byteCount) })
    }

    @Test("the next one sends only what is missing, is not kept off by the lock, and all is whole", arguments: [1, 2])
    func goesOn(packs count: Int) async throws {
        try await S3System.with { system in
            let (holdfast, folder) = (system.holdfast, system.holdfast.folder)
            try system.makeDocuments(byteCount: Self.byteCount, seed: UInt64(count))
            try await holdfast.run("init")
            try await kill(system, afterPacks: count)
            let left = try await packs(system)
            #expect(left.count >= count)
            let repository = try await system.repository()
            #expect(try await repository.list(.lock).count == 1)
            // No index was due yet: nothing names what came.
            #expect(try await repository.list(.index).isEmpty)

            let outcome = try await holdfast.run("backup")
            #expect(outcome.errorText.contains("took over what an earlier run had stored"), "\(outcome)")
            let new = try await packs(system).filter { left[$0.key] == nil }
            let sent = new.values.reduce(0, +)
            #expect(
                sent <= Int64(Self.byteCount) - left.values.reduce(0, +) + Self.slack,
                "\(sent) bytes were sent although \(left.values.reduce(0, +)) were there"
            )
            #expect(try await repository.list(.lock).isEmpty)
            #expect(try await system.unfinishedUploads().isEmpty)
            try await system.restic("check", "--read-data")
            try await holdfast.run("restore", "--target", "restored")
            #expect(try await areEqual(folder.path("docs"), folder.path("restored/docs")))
        }
    }
}
