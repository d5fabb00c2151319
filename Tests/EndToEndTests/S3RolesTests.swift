import Foundation
import Logging
import NIOCore
import S3Client
import S3Storage
import TestSupport
import Testing

/// The three roles of docs/operating/s3-access.md, with the policies that `doctor --storage` prints, at a server that looks at them.
@Suite(
    "A repository in a bucket whose identities have the least they need",
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")"),
    .enabled(if: Program.find("restic") != nil, "restic is not installed"),
    .timeLimit(.minutes(15))
)
struct S3RolesTests {
    private static let everything =
        #"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#

    /// A system with documents, whose repository lies in a bucket, and keys of all roles once ``enforce()`` has run.
    private struct System {
        let server: MotoServer
        let holdfast: HoldfastProgram
        var keys: [String: ObjectServerKeys] = [:]

        static let bucket = "backups"
        var location: String { "s3:\(server.endpoint)/\(Self.bucket)/textbook" }

        /// The program with the keys of a role.
        func acting(as role: String) -> HoldfastProgram {
            var program = holdfast
            let keys = keys[role] ?? server.keys
            program.variables = ["ROLE_ID": keys.id, "ROLE_SECRET": keys.secret, "no_proxy": "127.0.0.1"]
            return program
        }

        /// The bucket as whoever has these keys sees it.
        func bucket(as role: String) throws -> S3Bucket {
            let keys = keys[role] ?? server.keys
            let client = try S3Store.client(
                endpoint: S3Endpoint(url: server.endpoint, region: server.region),
                credentials: StaticCredentials(
                    S3Credentials(accessKeyID: keys.id, secretAccessKey: S3Secret(keys.secret))
                ),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            return client.bucket(Self.bucket)
        }

        func restic(_ arguments: String...) async throws -> Program.Outcome {
            let restic = try #require(Program.find("restic"))
            let root = try #require(keys["root"])
            return try await restic.run(
                ["-r", location, "-o", "s3.bucket-lookup=path", "--no-cache"] + arguments,
                environment: [
                    "RESTIC_PASSWORD": "secret phrase", "AWS_ACCESS_KEY_ID": root.id,
                    "AWS_SECRET_ACCESS_KEY": root.secret, "AWS_REGION": server.region, "no_proxy": "127.0.0.1",
                ]
            )
        }
    }

    private func withSystem(objectLock: Bool, _ body: (System) async throws -> Void) async throws {
        try await MotoServer.with { server in
            try await TemporaryDirectory.with { folder in
                try await server.makeBucket(System.bucket, objectLock: objectLock)
                var system = System(server: server, holdfast: try HoldfastProgram(in: folder))
                try system.holdfast.makeDocuments()
                try system.holdfast.write(
                    """
                    version: 1
                    system: test
                    repository:
                      location: \(system.location)
                      password: env:HOLDFAST_PASSWORD
                      s3:
                        region: \(server.region)
                        access_key_id: env:ROLE_ID
                        secret_access_key: env:ROLE_SECRET
                        conditional_writes: yes
                    \(objectLock ? "    object_lock: {mode: governance, days: 30}" : "")
                    documents:
                      - {name: docs, path: ./docs}
                    """,
                    to: "holdfast.yaml"
                )
                let found = try await system.acting(as: "anybody").json("doctor", "--storage")
                let rows = try #require(found["rights"] as? [[String: Any]])
                let rights = Dictionary(
                    uniqueKeysWithValues: rows.map { ($0["right"] as? String, $0["result"] as? String) }
                )
                if objectLock {
                    #expect(rights["retain"] == "allowed" && rights["shorten"] == "refused", "\(rows)")
                    #expect(rights["versions"] == "allowed" && rights["erase"] == "allowed", "\(rows)")
                }
                #expect(found["leftover"] == nil && found["like"] as? [String] == ["pruner"], "\(found)")
                let policies = try #require(found["policies"] as? [String: String])
                for role in ["writer", "pruner", "restorer"] {
                    system.keys[role] = try await server.makeUser(role, policy: try #require(policies[role]))
                }
                system.keys["root"] = try await server.makeUser("root", policy: Self.everything)
                try await server.enforcePolicies()
                try await system.acting(as: "pruner").run("init")
                try await body(system)
            }
        }
    }

    /// Everything that is stored outside of the locks, with its newest version.
    private func objects(_ system: System) async throws -> [S3ObjectVersion] {
        var all: [S3ObjectVersion] = []
        try await system.bucket(as: "root").listVersions { page in
            all += page.filter {
                $0.isLatest && !$0.isMarker && !$0.key.contains("/locks/") && !$0.key.contains("/doctor/")
            }
        }
        return all
    }

    private func refusal(_ body: () async throws -> Void) async -> S3Error.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? S3Error)?.code
        }
    }

    @Test(
        "a writer backs up; who has stolen its keys cannot replace, remove or un-retain anything",
        arguments: [true, false]
    )
    func writer(objectLock: Bool) async throws {
        try await withSystem(objectLock: objectLock) { system in
            let writer = system.acting(as: "writer")
            try await writer.run("backup")
            try writer.write("changed", to: "docs/part-1/page-1.mdx")
            try await writer.run("backup")
            let before = try await objects(system)
            #expect(before.contains { $0.key.contains("/data/") } && before.contains { $0.key.contains("/snapshots/") })
            try await attack(system, before, objectLock: objectLock)
            #expect(try await objects(system).sorted { $0.key < $1.key } == before.sorted { $0.key < $1.key })

            let check = try await system.restic("check", "--read-data")
            #expect(check.succeeded, "\(check)")
            try await system.acting(as: "restorer").run("restore", "latest", "--target", "out")
            let folder = system.holdfast.folder
            #expect(try await areEqual(folder.path("docs"), folder.path("out/docs")))
        }
    }

    /// What a thief would try on every object, with the writer's keys.
    private func attack(_ system: System, _ objects: [S3ObjectVersion], objectLock: Bool) async throws {
        let bucket = try system.bucket(as: "writer")
        let rubbish = ByteBuffer(string: "rubbish")
        let conditional = S3PutOptions(refusesExisting: true)
        let source = try #require(objects.first { $0.key.hasSuffix("/config") }).key
        for object in objects {
            let key = object.key
            #expect(await refusal { try await bucket.delete(key) } == .accessDenied, "\(key)")
            #expect(
                await refusal { try await bucket.delete(key, version: object.versionID) } == .accessDenied,
                "\(key)"
            )
            #expect(await refusal { _ = try await bucket.put(rubbish, at: key) } == .accessDenied, "\(key)")
            #expect(
                await refusal { _ = try await bucket.put(rubbish, at: key, options: conditional) }
                    == .preconditionFailed,
                "\(key)"
            )
            #expect(await refusal { _ = try await bucket.copy(source, to: key) } == .accessDenied, "\(key)")
            #expect(
                await refusal { _ = try await bucket.copy(source, to: key, options: conditional) }
                    == .preconditionFailed,
                "\(key)"
            )
            #expect(await refusal { try await uploadInParts(bucket, key, S3PutOptions()) } == .accessDenied, "\(key)")
            #expect(
                await refusal { try await uploadInParts(bucket, key, conditional) } == .preconditionFailed,
                "\(key)"
            )
            guard objectLock else { continue }
            let until = try #require(try await system.bucket(as: "root").head(key)?.retention?.until, "\(key)")
            for mode in S3Retention.Mode.allCases {
                for bypasses in [true, false] {
                    let sooner = S3Retention(mode: mode, until: until - 3600)
                    let code = await refusal {
                        try await bucket.setRetention(sooner, of: key, bypassesGovernance: bypasses)
                    }
                    #expect(code == .accessDenied, "\(key), \(mode)")
                }
            }
            // Nor for ever: that would be a way to make somebody pay.
            let long = S3Retention(mode: .compliance, until: until + 86_400 * 400)
            #expect(await refusal { try await bucket.setRetention(long, of: key) } == .accessDenied)
            let bypassing = await refusal {
                try await bucket.delete(key, version: object.versionID, bypassesGovernance: true)
            }
            #expect(bypassing == .accessDenied, "\(key)")
        }
        for withVersions in [true, false] {
            let batch = objects.map { S3ObjectIdentifier($0.key, versionID: withVersions ? $0.versionID : nil) }
            let deletion = try await bucket.delete(batch, bypassesGovernance: withVersions)
            #expect(deletion.deleted.isEmpty && deletion.failures.count == objects.count)
        }
        #expect(await refusal { try await bucket.setVersioning(isEnabled: false) } == .accessDenied)
    }

    /// Two parts of an upload, the first as long as they must be.
    private func uploadInParts(_ bucket: S3Bucket, _ key: String, _ options: S3PutOptions) async throws {
        let parts = AsyncStream<ByteBuffer> { stream in
            stream.yield(ByteBuffer(repeating: 0, count: 5 << 20))
            stream.yield(ByteBuffer(string: "end"))
            stream.finish()
        }
        _ = try await bucket.upload(
            parts,
            at: key,
            options: options,
            multipart: S3MultipartOptions(partByteCount: 5 << 20)
        )
    }

    @Test(
        "a restorer restores, and is told which right a backup lacks; a pruner forgets and prunes",
        arguments: [true, false]
    )
    func others(objectLock: Bool) async throws {
        try await withSystem(objectLock: objectLock) { system in
            let (writer, pruner) = (system.acting(as: "writer"), system.acting(as: "pruner"))
            let (restorer, folder) = (system.acting(as: "restorer"), system.holdfast.folder)
            try await writer.run("backup")
            try Data([7]).write(to: URL(filePath: folder.path("docs/figures.bin")))
            try await writer.run("backup")

            try await restorer.run("verify")
            try await restorer.run("restore", "latest", "--target", "out")
            #expect(try await areEqual(folder.path("docs"), folder.path("out/docs")))
            let refused = try await restorer.run("backup", expecting: 1)
            #expect(refused.errorText.contains("s3:PutObject"), "\(refused.errorText)")
            let kept = try await writer.run("forget", "--keep-last", "1", expecting: 1)
            #expect(kept.errorText.contains("s3:DeleteObject"), "\(kept.errorText)")
            #expect((try await restorer.json("points")["list"] as? [Any])?.count == 2)

            try await pruner.run("forget", "--keep-last", "1")
            let pruned = try await pruner.json("prune", "--grace", "0")
            if objectLock {
                // Hidden or waiting, nothing that is retained has gone for good: of what was removed only locks, which never are.
                #expect(pruned["erasedBytes"] as? Int ?? .max < 10_000, "\(pruned)")
            } else {
                #expect(pruned["removed"] as? Int ?? 0 > 0 && pruned["retained"] == nil)
            }
            #expect((pruned["problems"] as? [Any])?.isEmpty == true, "\(pruned)")
            let check = try await system.restic("check", "--read-data")
            #expect(check.succeeded, "\(check)")
            try await restorer.run("restore", "latest", "--target", "again")
            #expect(try await areEqual(folder.path("docs"), folder.path("again/docs")))
        }
    }
}
