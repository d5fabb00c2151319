import Foundation
import Logging
import NIOCore
import ObjectStorage
import TestSupport
import Testing

@testable import S3Client
@testable import S3Storage

@Suite(
    "S3 store in a bucket with object lock, at moto",
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")"),
    .timeLimit(.minutes(5))
)
struct ObjectLockTests {
    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let body = ByteBuffer(string: "body")

    private func withStore(
        retainedFor length: Duration = .seconds(3600),
        _ body: (S3Store, any RetainingStore) async throws -> Void
    ) async throws {
        let server = try await MotoServer.shared()
        let bucket = "lock-\(UUID().uuidString.lowercased())"
        try await server.makeBucket(bucket, objectLock: true)
        let location = try S3Location("s3:\(server.endpoint)/\(bucket)/p")
        let keys = S3Credentials(accessKeyID: server.keys.id, secretAccessKey: S3Secret(server.keys.secret))
        let client = try S3Store.client(
            endpoint: S3Endpoint(url: location.endpoint, region: server.region),
            credentials: StaticCredentials(keys),
            logger: Self.silent
        )
        let store = S3Store(
            client,
            location,
            options: S3StoreOptions(retention: .init(mode: .governance, length: length))
        )
        try await body(store, try #require(store.retaining))
    }

    private func key(_ path: String) throws -> ObjectKey { try #require(ObjectKey(path)) }

    private func removed(_ retaining: any RetainingStore) async throws -> [RemovedObject] {
        var all: [RemovedObject] = []
        try await retaining.listRemoved(under: nil) { all += $0 }
        return all
    }

    private var now: Int64 { Int64(Date().timeIntervalSince1970) }

    @Test("extends a retention, and neither shortens one nor fails for one that is longer")
    func extends() async throws {
        try await withStore { store, retaining in
            let key = try key("snapshots/a")
            let start = now
            try await store.put(body, at: key, policy: .contentNamed)
            let first = try #require(try await retaining.retainedUntil(key))
            #expect(first >= start + 3600)
            try await retaining.retain(key, until: first + 3600)
            #expect(try await retaining.retainedUntil(key) == first + 3600)
            try await retaining.retain(key, until: first)
            #expect(try await retaining.retainedUntil(key) == first + 3600)
            let error = await #expect(throws: ObjectStoreError.self) { try await retaining.shorten(key, until: first) }
            #expect(error?.code == .permissionDenied)
            #expect(try await retaining.retainedUntil(try self.key("missing")) == nil)
            let missing = await #expect(throws: ObjectStoreError.self) {
                try await retaining.retain(try self.key("missing"), until: first)
            }
            #expect(missing?.code == .notFound)
        }
    }

    @Test("takes an object that is there already for stored when it is the same, and refuses another")
    func named() async throws {
        try await withStore { store, retaining in
            let key = try key("data/00/a")
            try await store.put(body, at: key, policy: .contentNamed)
            try await store.put(body, at: key, policy: .contentNamed)
            let error = await #expect(throws: ObjectStoreError.self) {
                try await store.put(ByteBuffer(string: "other"), at: key, policy: .contentNamed)
            }
            #expect(error?.code == .alreadyExists)
            #expect(try await store.get(key, range: nil) == body)
            try await store.delete(key)
            #expect(try await removed(retaining).map(\.versions.count) == [1])
        }
    }

    @Test("retains neither locks nor trials, and removes them for good")
    func locks() async throws {
        try await withStore { store, retaining in
            for path in ["locks/a", "holdfast/doctor/a"] {
                try await store.putTransient(body, at: try key(path))
                #expect(try await retaining.retainedUntil(try key(path)) == nil)
                try await store.delete(try key(path))
            }
            let all = try await removed(retaining)
            #expect(Set(all.map(\.key.path)) == ["locks/a", "holdfast/doctor/a"])
            for object in all {
                #expect(object.byteCount == 4 && object.removed != nil)
                #expect(try await retaining.erase(object) == nil)
            }
            #expect(try await removed(retaining).isEmpty)
        }
    }

    @Test("hides what it removes, and removes it for good only when its retention is over")
    func erases() async throws {
        try await withStore(retainedFor: .seconds(4)) { store, retaining in
            let key = try key("snapshots/a")
            try await store.put(body, at: key, policy: .contentNamed)
            // Far enough for a slow machine to see it while it is retained.
            let (long, until) = (try self.key("snapshots/b"), now + 3600)
            try await retaining.put(body, at: long, retainedUntil: until)
            for key in [key, long] { #expect(try await store.delete(key)) }
            #expect(try await store.list(under: nil).isEmpty)
            let all = try await removed(retaining)
            #expect(try await retaining.erase(try #require(all.first { $0.key == long })) == until)
            #expect(try await removed(retaining).contains { $0.key == long })
            let short = try #require(all.first { $0.key == key })
            for _ in 0..<120 {
                guard try await retaining.erase(short) != nil else { break }
                try await Task.sleep(for: .milliseconds(500))
            }
            #expect(try await removed(retaining).map(\.key) == [long])
        }
    }

    @Test("does not take an older version of an object that is there for removed")
    func replaced() async throws {
        try await withStore { store, retaining in
            let key = try key("config")
            for text in ["good", "other"] {
                try await store.put(ByteBuffer(string: text), at: key, policy: .replaceExisting)
            }
            #expect(try await removed(retaining).isEmpty)
            try await store.delete(key)
            #expect(try await removed(retaining).map(\.versions.count) == [2])
        }
    }

    @Test("puts the versions of a key together that come on several pages", arguments: 1...6)
    func pages(length: Int) {
        let versions = (0..<5).flatMap { key in
            (0...key).map { number in
                S3ObjectVersion(
                    key: "k\(key)",
                    versionID: "\(key)-\(number)",
                    isLatest: number == 0,
                    isMarker: number == 0,
                    byteCount: 1,
                    modified: nil
                )
            }
        }
        var groups = VersionGroups()
        var found: [[S3ObjectVersion]] = []
        for start in stride(from: 0, to: versions.count, by: length) {
            found += groups.add(Array(versions[start..<min(start + length, versions.count)]))
        }
        found += groups.takeRest()
        #expect(found.map(\.count).sorted() == [1, 2, 3, 4, 5])
        #expect(Set(found.joined()).count == versions.count)
        for group in found { #expect(Set(group.map(\.key)).count == 1) }
    }
}
