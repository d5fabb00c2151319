import NIOCore
import ObjectStorage
import S3Client
import TestSupport
import Testing

@testable import S3Storage

/// What requests a fault leads to.
@Suite(
    "An S3 store whose answers are lost",
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")"),
    .timeLimit(.minutes(2))
)
struct LostAnswerTests {
    private static let body = ByteBuffer(repeating: 7, count: 100_000)

    private static let lost: [ProxyFault] =
        ProxyFault.Cut.allCases.filter(\.reachesServer).map { .cut($0) } + [.internalErrorAfterDoing]

    private func methods(_ path: FaultyPath) -> [String] { path.proxy.exchanges.map(\.method) }

    @Test("looks a put up whose answer was lost, and does not send it again", arguments: lost, ObjectServer.allCases)
    func looksUp(fault: ProxyFault, server: ObjectServer) async throws {
        try await FaultyPath.with(server) { path in
            let key = try #require(ObjectKey("data/00/pack"))
            path.proxy.order(fault, on: ["PUT"])
            try await path.store.put(Self.body, at: key, policy: .replaceExisting)
            #expect(methods(path) == ["PUT", "HEAD"])
        }
    }

    @Test(
        "sends a put again that the server did not get",
        arguments: ProxyFault.Cut.allCases.filter { !$0.reachesServer },
        ObjectServer.allCases
    )
    func sendsAgain(cut: ProxyFault.Cut, server: ObjectServer) async throws {
        try await FaultyPath.with(server) { path in
            let key = try #require(ObjectKey("data/00/pack"))
            path.proxy.order(.cut(cut), on: ["PUT"])
            try await path.store.put(Self.body, at: key, policy: .replaceExisting)
            #expect(methods(path) == ["PUT", "HEAD", "PUT"])
            #expect(try await path.direct.get(key, range: nil) == Self.body)
        }
    }

    @Test("takes its own object for its own, even if only the third try could say so", arguments: ObjectServer.allCases)
    func ownObject(server: ObjectServer) async throws {
        try await FaultyPath.with(server) { path in
            let key = try #require(ObjectKey("config"))
            // The put is carried out, its answer lost; so is that of the look.
            path.proxy.order(.cut(.beforeResponse), on: ["PUT"])
            path.proxy.order(.cut(.beforeResponse), on: ["HEAD"], occurrences: 2...2)
            try await path.store.put(Self.body, at: key, policy: .refuseExisting)
            #expect(methods(path).filter { $0 == "PUT" } == ["PUT"])
            // Nobody else's is.
            do {
                try await path.store.put(ByteBuffer(string: "other"), at: key, policy: .refuseExisting)
                Issue.record("replaced")
            } catch let error as ObjectStoreError {
                #expect(error.code == .alreadyExists)
            }
        }
    }

    @Test("looks what is stored when the answer to a put has another entity tag", arguments: ObjectServer.allCases)
    func entityTag(server: ObjectServer) async throws {
        try await FaultyPath.with(server) { path in
            let key = try #require(ObjectKey("data/00/pack"))
            path.proxy.order(.wrongETag, on: ["PUT"])
            try await path.store.put(Self.body, at: key, policy: .replaceExisting)
            // moto proves with its SHA-256 that the object is the one that was sent.
            #expect(methods(path) == (server == .moto ? ["PUT"] : ["PUT", "HEAD"]))
        }
    }

    @Test("does not fail at a server whose entity tags look like MD5s and are none")
    func otherTags() async throws {
        try await FaultyPath.with(.rclone, checksum: .none) { path in
            path.proxy.order(.wrongETag, occurrences: 1...1_000)
            for number in 0..<3 {
                let key = try #require(ObjectKey("data/00/\(number)"))
                try await path.store.put(Self.body, at: key, policy: .replaceExisting)
                #expect(try await path.store.get(key, range: nil) == Self.body)
            }
            // The first put is proved by reading; then the server is known.
            let first = ["PUT", "HEAD", "GET", "GET", "HEAD", "GET"]
            #expect(methods(path) == first + ["PUT", "GET", "PUT", "GET"])
        }
    }

    @Test(
        "reads again what an entity tag alone shows to be damaged",
        arguments: [ProxyFault.truncateBody, .corruptBody]
    )
    func damagedByTag(fault: ProxyFault) async throws {
        try await FaultyPath.with(.rclone, checksum: .none) { path in
            let key = try #require(ObjectKey("index/00"))
            try await path.direct.put(Self.body, at: key, policy: .replaceExisting)
            path.proxy.order(fault, on: ["GET"])
            #expect(try await path.store.get(key, range: nil) == Self.body)
            // Both reads are damaged, and not in the same way: that is an error, and the next try is right.
            path.proxy.order(fault, on: ["GET"])
            path.proxy.order(.wrongETag, on: ["GET"], occurrences: 2...2)
            #expect(try await path.store.get(key, range: nil) == Self.body)
        }
    }

    @Test("asks for new credentials once when the old ones end in the middle", arguments: ObjectServer.allCases)
    func credentials(server: ObjectServer) async throws {
        try await FaultyPath.with(server) { path in
            var before = 0
            for number in 0..<6 {
                if number == 3 {
                    before = path.credentials.retrievals
                    path.proxy.order(.expiredCredentials)
                }
                let key = try #require(ObjectKey("data/00/\(number)"))
                try await path.store.put(Self.body, at: key, policy: .replaceExisting)
            }
            #expect(path.credentials.retrievals == before + 1)
            #expect(try await path.direct.list(under: nil).count == 6)
        }
    }
}
