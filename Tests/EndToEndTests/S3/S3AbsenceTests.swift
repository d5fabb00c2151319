import Foundation
import Locks
import Logging
import ObjectStorage
import ResticFormat
import ResticRepository
import S3Client
import S3Storage
import TestSupport
import Testing

@Suite(
    "A repository whose S3 server goes away",
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")"),
    .enabled(if: Program.find("restic") != nil, "restic is not installed"),
    .timeLimit(.minutes(10))
)
struct S3AbsenceTests {
    /// Counts lines.
    private final class LineCount: Sendable {
        private let count = Mutex(0)

        var value: Int { count.withLock(\.self) }
        func add() { count.withLock { $0 += 1 } }
    }

    private struct CountingLog: LogHandler {
        let lines: LineCount
        var logLevel = Logger.Level.trace
        var metadata = Logger.Metadata()

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.add() }
    }

    /// Many tries and short waits: the server comes back after so many tries, not after a time.
    private static let policy = RetryPolicy(
        attemptLimit: 100_000,
        firstDelay: .milliseconds(1),
        longestDelay: .milliseconds(20)
    )

    @Test("goes on where it was when the server is back, and is complete", arguments: [1, 3])
    func goesOn(packs: Int) async throws {
        try await S3System.with { system in
            let folder = system.holdfast.folder
            try system.makeDocuments(byteCount: 64 << 20, seed: UInt64(packs))
            let waits = LineCount()
            let store = S3Store.patient(
                try system.store(port: system.proxy.port),
                policy: Self.policy,
                logger: Logger(label: "test") { _ in CountingLog(lines: waits) }
            )
            let repository = try await Repository.create(
                in: store,
                password: Array(S3System.password.utf8),
                createdAt: SystemWallClock().now
            )
            let indexed = try await repository.loadIndex()
            async let archived: SnapshotRecord = Self.archive(folder.path("docs"), into: indexed)
            try await system.proxy.waitForPuts(packs)
            await system.proxy.goAway()
            let before = waits.value
            try await system.proxy.wait("the store has been tried again") { waits.value >= before + 20 }
            try await system.proxy.comeBack()
            let snapshot = try await repository.save(try await archived)

            try await system.restic("check", "--read-data")
            try await system.restic("restore", snapshot.id.hex, "--target", folder.path("restored"))
            #expect(try await areEqual(folder.path("docs"), folder.path("restored")))
        }
    }

    private static func archive(_ folder: String, into repository: IndexedRepository) async throws -> SnapshotRecord {
        let (tree, _) = try await repository.write { writer in
            try await DirectoryArchiver(root: RawPath(folder)).archive(into: writer, of: repository).0
        }
        return SnapshotRecord(time: SystemWallClock().now, tree: tree, paths: [folder], hostname: "test")
    }
}
