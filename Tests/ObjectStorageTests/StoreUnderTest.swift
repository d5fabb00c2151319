import LocalStorage
import ObjectStorage
import TestSupport
import Testing

/// A kind of store that the conformance suite runs on: a name, and how to get an empty one.
///
/// A store that needs a server joins by one more case in ``all``.
struct StoreUnderTest: Sendable, CustomTestStringConvertible {
    typealias Scope = @Sendable ((any ObjectStore) async throws -> Void) async throws -> Void

    let name: String
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

    static let all =
        [memory, local, retried, throttled, limited, counted, disturbed]
        + (ObjectServers.reasonForAbsence == nil ? [rclone] : [])
}
