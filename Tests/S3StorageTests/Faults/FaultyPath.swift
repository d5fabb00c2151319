import Foundation
import Locks
import Logging
import NIOCore
import ObjectStorage
import S3Client
import S3Storage
import TestSupport
import Testing

/// An object server of the tests, by name, so that tests can be parameterised over them.
enum ObjectServer: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// Knows conditional writes and keeps SHA-256.
    case moto
    /// Passes over conditions; gives back the SHA-256 that it was sent, and entity tags that are MD5s.
    case rclone

    var testDescription: String { rawValue }

    /// Makes a bucket of its own.
    func makeBucket() async throws -> (port: Int, bucket: String, keys: ObjectServerKeys) {
        let bucket = "faults-\(UUID().uuidString.lowercased())"
        switch self {
        case .moto:
            let server = try await MotoServer.shared()
            try await server.makeBucket(bucket)
            return (server.port, bucket, server.keys)
        case .rclone:
            let server = try await RcloneS3Server.shared()
            try server.makeBucket(bucket)
            return (server.port, bucket, server.keys)
        }
    }
}

/// Temporary credentials that are given out again whenever they are asked for, counted.
final class CountedCredentials: S3CredentialsProvider {
    private let keys: ObjectServerKeys
    private let count = Mutex(0)

    init(_ keys: ObjectServerKeys) {
        self.keys = keys
    }

    let name = "the test"
    /// How often credentials were given out.
    var retrievals: Int { count.withLock(\.self) }

    func retrieve(in context: S3CredentialsContext) async throws -> S3Credentials? {
        let number = count.withLock { count in
            count += 1
            return count
        }
        return S3Credentials(
            accessKeyID: keys.id,
            secretAccessKey: S3Secret(keys.secret),
            sessionToken: S3Secret("session-\(number)")
        )
    }
}

/// One bucket, reached in two ways: by a patient store through a proxy that fails to order, and directly, to see what is there.
struct FaultyPath: Sendable {
    /// Through the proxy.
    let store: any ObjectStore
    /// The bucket, through the proxy, without retries.
    let bucket: S3Bucket
    /// Around it.
    let direct: S3Store
    /// The bucket, around the proxy.
    let directBucket: S3Bucket
    let proxy: FaultProxy
    let credentials: CountedCredentials

    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// As many tries as the real policy has, without its waits.
    static let quick = RetryPolicy(
        attemptLimit: S3Store.patience.attemptLimit,
        firstDelay: .milliseconds(1),
        longestDelay: .milliseconds(2),
        longestRequestedDelay: .milliseconds(2)
    )

    static func with<Answer>(
        _ server: ObjectServer,
        policy: RetryPolicy = quick,
        checksum: S3Checksum = .sha256,
        _ body: (FaultyPath) async throws -> Answer
    ) async throws -> Answer {
        let (port, bucket, keys) = try await server.makeBucket()
        return try await FaultProxy.with(to: port) { proxy in
            let credentials = CountedCredentials(keys)
            func makeStore(_ port: Int) throws -> (S3Client, S3Location, S3Store) {
                let location = try S3Location("s3:http://127.0.0.1:\(port)/\(bucket)/prefix")
                let client = try S3Store.client(
                    endpoint: S3Endpoint(url: location.endpoint, region: "us-east-1"),
                    credentials: credentials,
                    options: S3ClientOptions(checksum: checksum),
                    logger: silent
                )
                let options = S3StoreOptions(replacesAtomically: server != .rclone)
                return (client, location, S3Store(client, location, options: options))
            }
            let (faulty, location, store) = try makeStore(proxy.port)
            let (client, _, direct) = try makeStore(port)
            // rclone sees a folder that is new to it only when it is asked for a bucket of that name.
            try await direct.prepare()
            return try await body(
                FaultyPath(
                    store: S3Store.patient(store, policy: policy, logger: silent),
                    bucket: faulty.bucket(location.bucket),
                    direct: direct,
                    directBucket: client.bucket(location.bucket),
                    proxy: proxy,
                    credentials: credentials
                )
            )
        }
    }
}
