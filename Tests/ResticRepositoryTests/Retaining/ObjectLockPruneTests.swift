import Foundation
import Logging
import ObjectStorage
import ResticFormat
import S3Client
import S3Storage
import TestSupport
import Testing

@testable import ResticRepository

@Suite(
    "A prune in a bucket with object lock, at moto",
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")"),
    .timeLimit(.minutes(10))
)
struct ObjectLockPruneTests {
    private typealias Files = PruneFixture.Files
    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// What moto keeps, whoever looks: every version and marker.
    private func versions(_ bucket: S3Bucket) async throws -> [S3ObjectVersion] {
        var all: [S3ObjectVersion] = []
        try await bucket.listVersions { all += $0 }
        return all
    }

    @Test("keeps packs while they are retained, and then frees what they took; the rest stays whole and retained")
    func endToEnd() async throws {
        var generator = SeededGenerator(seed: 35)
        let server = try await MotoServer.shared()
        let name = "prune-\(UUID().uuidString.lowercased())"
        try await server.makeBucket(name, objectLock: true)
        let location = try S3Location("s3:\(server.endpoint)/\(name)/p")
        let keys = S3Credentials(accessKeyID: server.keys.id, secretAccessKey: S3Secret(server.keys.secret))
        let client = try S3Store.client(
            endpoint: S3Endpoint(url: location.endpoint, region: server.region),
            credentials: StaticCredentials(keys),
            logger: Self.silent
        )
        let length: Int64 = 5
        let options = S3StoreOptions(retention: .init(mode: .compliance, length: .seconds(length)))
        let store = S3Store.patient(S3Store(client, location, options: options), logger: Self.silent)
        // The program's clock stands still, moto's goes on: what is retained by ours is so however slow this machine is.
        let clock = PruneClock(seconds: Int64(Date().timeIntervalSince1970))
        _ = try await Repository.create(in: store, password: password, createdAt: clock.now, scrypt: cheapScrypt)
        let fixture = PruneFixture(store, clock: clock)
        let kept = Files.random(["a", "b"], &generator)
        let first = try await fixture.backUp(kept)
        let before = try await fixture.packs()
        try await fixture.forget(try await fixture.backUp(.random(["c"], &generator)))
        let superfluous = try await fixture.packs().subtracting(before)

        let waiting = try await fixture.run { $0.grace = .zero }
        #expect(waiting.plan.retained?.packs == superfluous.count && waiting.removedPacks == 0)
        #expect(try await fixture.packs() == before.union(superfluous))

        // By our clock the retention is over; the server has the last word until it is by its own.
        clock.advance(hours: 1)
        var report = try await fixture.run { $0.grace = .zero }
        #expect(report.removedPacks == superfluous.count)
        let bucket = client.bucket(name)
        func isLeft() async throws -> Bool {
            try await versions(bucket).contains { version in superfluous.contains { version.key.hasSuffix($0.hex) } }
        }
        for _ in 0..<60 {
            guard try await isLeft() else { break }
            #expect(report.retainedVersions > 0 && report.problems.isEmpty, "\(report.problems)")
            try await Task.sleep(for: .seconds(1))
            report = try await fixture.run { $0.grace = .zero }
        }
        #expect(try await !isLeft())
        #expect(try await fixture.packs() == before)
        try await fixture.expect([(first, kept)])
        // By our clock an hour is over: what is needed was extended from there.
        for pack in before {
            let until = try await store.retaining?.retainedUntil(FileKind.pack.key(pack))
            #expect(try #require(until) >= clock.now.seconds + length / 2)
        }
    }
}
