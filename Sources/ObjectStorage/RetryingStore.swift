internal import Locks
public import NIOCore

/// Tries again what failed with a code that is retryable, with growing, random waits.
///
/// A `put` with ``PutPolicy/refuseExisting`` whose answer was lost may have succeeded: before it is tried again, and when
/// a later try says `alreadyExists`, the stored object is compared with what was to be stored. A repeated `delete`
/// returns `false` when an earlier try removed the object without being able to say so. Of a listing only
/// the page that failed is asked for again; where a store has no pages, it is begun again while nothing has been handed out.
public final class RetryingStore: ObjectStore {
    private let base: any ObjectStore
    private let policy: RetryPolicy
    private let clock: any Clock<Duration>
    private let generator: Mutex<any RandomNumberGenerator & Sendable>
    private let notice: @Sendable (_ error: ObjectStoreError, _ attempt: Int, _ delay: Duration) -> Void

    /// Wraps `base`.
    ///
    /// - Parameters:
    ///   - clock: sleeps between tries.
    ///   - generator: draws the waits.
    ///   - notice: is told before each wait what failed, which try that was, and how long the wait is.
    public init(
        _ base: any ObjectStore,
        policy: RetryPolicy = RetryPolicy(),
        clock: some Clock<Duration>,
        generator: some RandomNumberGenerator & Sendable,
        notice: @escaping @Sendable (_ error: ObjectStoreError, _ attempt: Int, _ delay: Duration) -> Void = {
            _,
            _,
            _ in
        }
    ) {
        self.base = base
        self.policy = policy
        self.clock = clock
        self.generator = Mutex(generator)
        self.notice = notice
    }

    public var location: String { base.location }
    public var capabilities: StoreCapabilities { base.capabilities }
    public var retaining: (any RetainingStore)? {
        base.retaining.map {
            MappedRetaining(base: $0) { request in try await self.retry { _ in try await request() } }
        }
    }

    public func prepare() async throws {
        try await retry { _ in try await base.prepare() }
    }

    public func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        try await retry { isRepeated in
            guard isRepeated, policy == .refuseExisting else {
                return try await base.put(body, at: key, policy: policy)
            }
            if try await isStored(body, at: key) { return }
            do {
                try await base.put(body, at: key, policy: policy)
            } catch let error as ObjectStoreError where error.code == .alreadyExists {
                // The earlier try arrived late: between our look and this.
                guard try await isStored(body, at: key) else { throw error }
            }
        }
    }

    public func putTransient(_ body: ByteBuffer, at key: ObjectKey) async throws {
        try await retry { _ in try await base.putTransient(body, at: key) }
    }

    public func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        try await retry { _ in try await base.get(key, range: range) }
    }

    public func byteCount(of key: ObjectKey) async throws -> Int64? {
        try await retry { _ in try await base.byteCount(of: key) }
    }

    public func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        if var pages = base.pages(under: prefix) {
            while let page = try await retry({ _ in try await pages.next() }) {
                if !page.isEmpty { try await body(page) }
            }
            return
        }
        var hasBegun = false
        try await retry(while: { !hasBegun }) { _ in
            try await base.list(under: prefix) { page in
                hasBegun = true
                try await body(page)
            }
        }
    }

    @discardableResult
    public func delete(_ key: ObjectKey) async throws -> Bool {
        try await retry { _ in try await base.delete(key) }
    }

    @discardableResult
    public func deleteTransient(_ key: ObjectKey) async throws -> Bool {
        try await retry { _ in try await base.deleteTransient(key) }
    }

    /// - Returns: whether `key` holds exactly `body`; `false` when it is not there.
    /// - Throws: `alreadyExists` when something else is there.
    private func isStored(_ body: ByteBuffer, at key: ObjectKey) async throws -> Bool {
        switch try await base.compare(body, at: key) {
        case .missing: return false
        case .same: return true
        case .different: break
        }
        throw ObjectStoreError(.alreadyExists, "'\(key)' exists already in \(location), with other content")
    }

    /// Runs `work`, and again as the policy allows.
    ///
    /// - Parameter work: is told whether this is a repetition.
    private func retry<Answer>(
        while mayRepeat: () -> Bool = { true },
        _ work: (_ isRepeated: Bool) async throws -> Answer
    ) async throws -> Answer {
        var attempt = 1
        while true {
            do {
                return try await work(attempt > 1)
            } catch let error as ObjectStoreError where error.code.isRetryable && mayRepeat() {
                guard attempt < policy.attemptLimit else { throw exhausted(error) }
                let delay = generator.withLock { policy.delay(after: attempt, requested: error.retryAfter, using: &$0) }
                notice(error, attempt, delay)
                try await clock.sleep(for: delay)
                attempt += 1
            }
        }
    }

    private func exhausted(_ error: ObjectStoreError) -> ObjectStoreError {
        var error = error
        if policy.attemptLimit > 1 { error.message += " (tried \(policy.attemptLimit) times)" }
        return error
    }
}
