import Foundation
import Testing

@testable import TestSupport

/// The object servers: that they do what the tests on them rely on.
@Suite(
    "The object servers",
    .timeLimit(.minutes(3)),
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")")
)
struct ObjectServerTests {
    private static let all =
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}"

    /// An Authorization header that no server takes for right.
    private static func unsigned(_ keys: ObjectServerKeys) -> (String, String) {
        (
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=\(keys.id)/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"
        )
    }

    @Test("moto keeps objects, and refuses a second write with If-None-Match")
    func conditionalWrite() async throws {
        let moto = try await MotoServer.shared()
        try await moto.makeBucket("conditional")
        func put(_ text: String) async throws -> LoopbackHTTP.Response {
            let headers = [("If-None-Match", "*"), Self.unsigned(moto.keys)]
            return try await LoopbackHTTP.send(
                "PUT",
                "/conditional/a",
                headers: headers,
                body: Array(text.utf8),
                port: moto.port
            )
        }
        #expect(try await put("first").status == 200)
        #expect(try await put("second").status == 412)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<12 {
                group.addTask {
                    let headers = [("If-None-Match", "*"), Self.unsigned(moto.keys)]
                    return try await LoopbackHTTP.send(
                        "PUT",
                        "/conditional/race",
                        headers: headers,
                        body: [UInt8](repeating: UInt8(number), count: 1000),
                        port: moto.port
                    ).status
                }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.filter { $0 == 200 }.count == 1)
        let answer = try await LoopbackHTTP.send(
            "GET",
            "/conditional/a",
            headers: [Self.unsigned(moto.keys)],
            port: moto.port
        )
        #expect(answer.text == "first")
    }

    @Test(
        "moto refuses a body that is not what was stated",
        arguments: [
            ("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==", "BadDigest"),
            ("x-amz-checksum-sha256", "AAAA", "BadDigest"),
            ("x-amz-content-sha256", String(repeating: "0", count: 64), "XAmzContentSHA256Mismatch"),
        ]
    )
    func statedDigests(header: String, value: String, code: String) async throws {
        let moto = try await MotoServer.shared()
        try await moto.makeBucket("digests")
        let answer = try await LoopbackHTTP.send(
            "PUT",
            "/digests/a",
            headers: [(header, value), Self.unsigned(moto.keys)],
            body: Array("text".utf8),
            port: moto.port
        )
        #expect(answer.status == 400 && answer.text.contains("<Code>\(code)</Code>"))
        let look = try await LoopbackHTTP.send(
            "HEAD",
            "/digests/a",
            headers: [Self.unsigned(moto.keys)],
            port: moto.port
        )
        #expect(look.status == 404)
    }

    @Test("moto refuses a wrong signature and unknown keys once it looks at them")
    func signatures() async throws {
        try await MotoServer.with { moto in
            try await moto.makeBucket("private", objectLock: true)
            let keys = try await moto.makeUser("someone", policy: Self.all)
            try await moto.enforcePolicies()
            for (keys, code) in [(keys, "SignatureDoesNotMatch"), (.random(), "InvalidAccessKeyId")] {
                let answer = try await LoopbackHTTP.send(
                    "GET",
                    "/private?list-type=2",
                    headers: [Self.unsigned(keys), ("X-Amz-Date", "20260101T000000Z")],
                    port: moto.port
                )
                #expect(answer.status == 403 && answer.text.contains(code), "\(answer.text)")
            }
            try await moto.enforcePolicies(false)
            let lock = try await LoopbackHTTP.send(
                "GET",
                "/private?object-lock",
                headers: [Self.unsigned(keys)],
                port: moto.port
            )
            #expect(lock.text.contains("<ObjectLockEnabled>Enabled"))
        }
    }

    @Test("rclone refuses an unsigned request, and comes back on the same port with its buckets")
    func rclone() async throws {
        try await RcloneS3Server.with { server in
            try server.makeBucket("one")
            let port = server.port
            let answer = try await LoopbackHTTP.send(
                "GET",
                "/one?list-type=2",
                headers: [Self.unsigned(server.keys)],
                port: port
            )
            #expect(answer.status == 403)
            await server.stop()
            await #expect(throws: (any Error).self) { try await LoopbackHTTP.send("GET", "/", port: port) }
            try await server.restart()
            #expect(server.port == port)
            #expect(FileManager.default.fileExists(atPath: "\(server.folder)/one"))
        }
    }

    @Test("restic keeps a repository on either server", arguments: ["moto", "rclone"])
    func restic(server: String) async throws {
        guard let restic = Program.find("restic") else { return }
        try await TemporaryDirectory.with { folder in
            let bucket = "restic-repository"
            let (endpoint, keys): (String, ObjectServerKeys)
            if server == "moto" {
                let moto = try await MotoServer.shared()
                try await moto.makeBucket(bucket)
                (endpoint, keys) = (moto.endpoint, moto.keys)
            } else {
                let rclone = try await RcloneS3Server.shared()
                try rclone.makeBucket(bucket)
                (endpoint, keys) = (rclone.endpoint, rclone.keys)
            }
            try Data("some content".utf8).write(to: URL(fileURLWithPath: folder.path("file")))
            let environment: [String: String?] = [
                "RESTIC_REPOSITORY": "s3:\(endpoint)/\(bucket)/prefix", "RESTIC_PASSWORD": "password",
                "AWS_ACCESS_KEY_ID": keys.id, "AWS_SECRET_ACCESS_KEY": keys.secret,
                "RESTIC_CACHE_DIR": folder.path("cache"),
            ]
            for arguments in [["init"], ["backup", folder.path("file")], ["check", "--read-data"]] {
                let outcome = try await restic.run(arguments, environment: environment)
                #expect(outcome.succeeded, "\(arguments): \(outcome)")
            }
        }
    }
}
