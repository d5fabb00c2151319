import Foundation
import Logging
import ObjectStorage
import ResticFormat
import ResticRepository
import S3Client
import S3Storage
import TestSupport
import Testing

/// A protected system of documents whose repository is in a bucket of an rclone server: Holdfast goes there through a proxy that
/// fails to order, `restic` and the test's own look go around it.
struct S3System {
    let holdfast: HoldfastProgram
    let proxy: FaultProxy
    let server: RcloneS3Server
    let bucket: String

    static let password = "secret phrase"

    static func with(_ body: (S3System) async throws -> Void) async throws {
        let server = try await RcloneS3Server.shared()
        try await TemporaryDirectory.with { folder in
            try await FaultProxy.with(to: server.port) { proxy in
                var holdfast = try HoldfastProgram(in: folder)
                holdfast.variables = [
                    "BACKUP_KEY_ID": server.keys.id, "BACKUP_SECRET": server.keys.secret,
                    "no_proxy": "127.0.0.1",
                ]
                let system = S3System(
                    holdfast: holdfast,
                    proxy: proxy,
                    server: server,
                    bucket: "system-\(UUID().uuidString.lowercased())"
                )
                try holdfast.write(system.configuration(port: proxy.port), to: "holdfast.yaml")
                try holdfast.write(system.configuration(port: server.port), to: "direct.yaml")
                try await body(system)
            }
        }
    }

    private func configuration(port: Int) -> String {
        """
        version: 1
        repository:
          location: \(location(port: port))
          password: env:HOLDFAST_PASSWORD
          s3:
            region: us-east-1
            access_key_id: env:BACKUP_KEY_ID
            secret_access_key: env:BACKUP_SECRET
        system: test
        documents:
          - path: ./docs

        """
    }

    /// Where the repository is, as both programs write it.
    func location(port: Int) -> String { "s3:http://127.0.0.1:\(port)/\(bucket)/prefix" }

    /// The `restic` program on the bucket, around the proxy.
    @discardableResult
    func restic(_ arguments: String..., expecting status: Int32 = 0) async throws -> Program.Outcome {
        let restic = try #require(Program.find("restic"))
        let outcome = try await restic.run(
            ["-r", location(port: server.port), "--no-cache"] + arguments,
            environment: [
                "RESTIC_PASSWORD": Self.password, "AWS_ACCESS_KEY_ID": server.keys.id,
                "AWS_SECRET_ACCESS_KEY": server.keys.secret, "AWS_DEFAULT_REGION": "us-east-1",
                "no_proxy": "127.0.0.1", "HOME": holdfast.folder.path,
            ],
            timeout: .seconds(600)
        )
        #expect(outcome.status == status, "restic \(arguments): \(outcome)")
        return outcome
    }

    /// The bucket as a store.
    ///
    /// - Parameter port: the server's, or the proxy's.
    func store(port: Int) throws -> S3Store {
        let location = try S3Location(location(port: port))
        let keys = S3Credentials(accessKeyID: server.keys.id, secretAccessKey: S3Secret(server.keys.secret))
        let client = try S3Store.client(
            endpoint: S3Endpoint(url: location.endpoint, region: "us-east-1"),
            credentials: StaticCredentials(keys),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        return S3Store(client, location, options: S3StoreOptions(replacesAtomically: false))
    }

    /// The repository, opened around the proxy.
    func repository() async throws -> Repository {
        try await Repository.open(in: try store(port: server.port), password: Array(Self.password.utf8))
    }

    /// Uploads in parts that nobody has completed or aborted.
    func unfinishedUploads() async throws -> [S3MultipartUpload] {
        let keys = S3Credentials(accessKeyID: server.keys.id, secretAccessKey: S3Secret(server.keys.secret))
        return try await withS3Client(
            endpoint: S3Endpoint(url: server.endpoint, region: "us-east-1"),
            credentials: StaticCredentials(keys),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { client in
            do {
                return try await client.bucket(bucket).listMultipartUploads()
            } catch let error as S3Error where error.code == .noSuchUpload {
                // rclone 1.75.2 answers so for a bucket in which no upload in parts was ever begun.
                return []
            }
        }
    }

    /// Makes documents of `byteCount` bytes that neither compress nor repeat, in files of 12 MiB at the most.
    ///
    /// One random piece, which would be slow to come by for gigabytes, with a number in each of its pages.
    func makeDocuments(byteCount: Int, seed: UInt64, folder: String = "docs") throws {
        let path = holdfast.folder.path(folder)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        var generator = SeededGenerator(seed: seed)
        var piece = generator.bytes(4 << 20)
        var page = generator.next()
        for number in 0..<((byteCount + (12 << 20) - 1) / (12 << 20)) {
            let name = "\(path)/file-\(number).bin"
            try #require(FileManager.default.createFile(atPath: name, contents: nil))
            let file = try FileHandle(forWritingTo: URL(filePath: name))
            defer { try? file.close() }
            var rest = min(12 << 20, byteCount - number * (12 << 20))
            while rest > 0 {
                for start in stride(from: 0, to: piece.count, by: 4096) {
                    page &+= 0x9E37_79B9_7F4A_7C15
                    withUnsafeBytes(of: page) { word in for index in 0..<8 { piece[start + index] = word[index] } }
                }
                try file.write(contentsOf: piece.prefix(rest))
                rest -= min(rest, piece.count)
            }
        }
    }
}
