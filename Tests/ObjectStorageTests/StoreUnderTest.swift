import Foundation
import LocalStorage
import Logging
import ObjectStorage
import S3Client
import S3Storage
import TestSupport
import Testing

/// A kind of store that the conformance suite runs on: a name, and how to get an empty one.
///
/// A store that needs a server joins by one more case in ``all``.
struct StoreUnderTest: Sendable, CustomTestStringConvertible {
    typealias Scope = @Sendable ((any ObjectStore) async throws -> Void) async throws -> Void

    let name: String
    /// Whether a deletion always says whether there was something; a repeated one whose first answer was lost does not.
    var tellsDeletions = true
    private let scope: Scope
    private var wrap: @Sendable (any ObjectStore) -> any ObjectStore = { $0 }

    var testDescription: String { name }

    init(_ name: String, _ scope: @escaping Scope) {
        self.name = name
        self.scope = scope
    }

    /// Runs `body` with an empty, prepared store, and cleans up.
    func with(_ body: (any ObjectStore) async throws -> Void) async throws {
        try await scope { store in
            let store = wrap(store)
            try await store.prepare()
            try await body(store)
        }
    }

    /// The same store behind a wrapper.
    private func behind(
        _ wrapper: String,
        _ wrap: @escaping @Sendable (any ObjectStore) -> any ObjectStore
    ) -> StoreUnderTest {
        var wrapped = StoreUnderTest("\(name) behind \(wrapper)", scope)
        wrapped.wrap = wrap
        return wrapped
    }

    static let memory = StoreUnderTest("memory") { try await $0(MemoryStore()) }
    static let local = StoreUnderTest("local") { body in
        try await TemporaryDirectory.with { folder in
            try await body(LocalStore(path: folder.path("a/store")))
        }
    }

    /// At moto, in a bucket of its own: the server knows conditional writes.
    static let moto = StoreUnderTest("S3 at moto") { body in
        let server = try await MotoServer.shared()
        let bucket = "conformance-\(UUID().uuidString.lowercased())"
        try await server.makeBucket(bucket)
        try await body(try s3Store("\(server.endpoint)/\(bucket)/p", server.keys))
    }
    /// At rclone, in a bucket of its own: the server passes over conditions.
    static let rcloneS3 = StoreUnderTest("S3 at rclone") { body in
        let server = try await RcloneS3Server.shared()
        let bucket = "conformance-\(UUID().uuidString.lowercased())"
        try server.makeBucket(bucket)
        let options = S3StoreOptions(replacesAtomically: false)
        try await body(try s3Store("\(server.endpoint)/\(bucket)", server.keys, options))
    }
    static let patientMoto = moto.behind("all that S3 gets") { store in
        (store as? S3Store).map { S3Store.patient($0, logger: silent) } ?? store
    }

    /// At each server, with one request in five failing; the seed is part of the name.
    static let faulty: [StoreUnderTest] = {
        let seed = SeededGenerator().seed
        func through(
            _ name: String,
            _ makeBucket: @escaping @Sendable (String) async throws -> (port: Int, keys: ObjectServerKeys),
            _ options: S3StoreOptions
        ) -> StoreUnderTest {
            var under = StoreUnderTest("S3 at \(name), one request in five failing, seed \(seed)") { body in
                let bucket = "conformance-\(UUID().uuidString.lowercased())"
                let server = try await makeBucket(bucket)
                try await FaultProxy.with(to: server.port) { proxy in
                    // Nothing in S3 shows a client a wrong bit in a range or in a listing: that is for TLS to do.
                    let faults = ProxyFault.transient.filter { $0 != .corruptBody }
                    proxy.strikeAtRandom(rate: 0.2, from: faults, seed: seed)
                    let store = try s3Store("\(proxy.endpoint)/\(bucket)/p", server.keys, options)
                    try await body(S3Store.patient(store, policy: quick, logger: silent))
                }
            }
            under.tellsDeletions = false
            return under
        }
        return [
            through(
                "moto",
                { bucket in
                    let server = try await MotoServer.shared()
                    try await server.makeBucket(bucket)
                    return (server.port, server.keys)
                },
                S3StoreOptions()
            ),
            through(
                "rclone",
                { bucket in
                    let server = try await RcloneS3Server.shared()
                    try server.makeBucket(bucket)
                    return (server.port, server.keys)
                },
                S3StoreOptions(replacesAtomically: false)
            ),
        ]
    }()

    /// As many tries as the real policy has, without its waits.
    private static let quick = RetryPolicy(
        attemptLimit: S3Store.patience.attemptLimit,
        firstDelay: .milliseconds(1),
        longestDelay: .milliseconds(5)
    )

    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func s3Store(
        _ place: String,
        _ keys: ObjectServerKeys,
        _ options: S3StoreOptions = S3StoreOptions()
    ) throws -> S3Store {
        let location = try S3Location("s3:\(place)")
        let credentials = S3Credentials(accessKeyID: keys.id, secretAccessKey: S3Secret(keys.secret))
        let client = try S3Store.client(
            endpoint: S3Endpoint(url: location.endpoint),
            credentials: StaticCredentials(credentials),
            logger: silent
        )
        return S3Store(client, location, options: options)
    }

    static let retried = local.behind("retries") { store in
        // Every fifth operation fails, some after they were done.
        let faults = stride(from: 5, to: 2000, by: 10).flatMap { number in
            [
                Fault(.fail(.unavailable), occurrences: number...number),
                Fault(.failAfterDoing(.unavailable), on: [.put], occurrences: (number + 5)...(number + 5)),
            ]
        }
        return RetryingStore(
            FaultyStore(store, faults: faults),
            policy: RetryPolicy(firstDelay: .zero),
            clock: ContinuousClock(),
            generator: SeededGenerator(seed: 1)
        )
    }
    static let throttled = memory.behind("a generous throttle") {
        ThrottledStore(
            $0,
            writeBytesPerSecond: .max / 4,
            readBytesPerSecond: .max / 4,
            clock: ContinuousClock()
        )
    }
    static let limited = local.behind("a limit of one") { LimitedStore($0, limit: 1) }
    static let counted = local.behind("a counter and a limit") { CountingStore(LimitedStore($0)) }
    static let disturbed = memory.behind("faults that are never due") {
        FaultyStore($0, faults: [.fail(.inputOutput, on: .get, keyPrefix: "elsewhere/"), .crash(atWrite: 1_000_000)])
    }

    /// The object servers only where they can run: `ObjectServerTests` says so loudly where they cannot.
    static let all =
        [memory, local, retried, throttled, limited, counted, disturbed]
        + (ObjectServers.reasonForAbsence == nil ? [rclone, moto, rcloneS3, patientMoto] + faulty : [])
}
