internal import Locks
public import NIOCore

/// What a store was asked to do, and how much of it: numbers for reports.
public struct StoreCounts: Sendable, Hashable {
    /// The operations of one kind.
    public struct Tally: Sendable, Hashable {
        /// How many were begun and ended, failed ones included.
        public var operationCount = 0
        /// How many of them threw, cancelled ones included.
        public var failureCount = 0
        /// Bytes of object content that went through the successful ones; listings and look-ups move none.
        public var byteCount: Int64 = 0

        /// Makes a tally of nothing.
        public init() {}
    }

    private var tallies: [StoreOperation: Tally] = [:]
    /// The requests that these operations took, where the store's client counts them.
    public internal(set) var requests: RequestCounts?

    /// Makes counts of nothing.
    public init() {}

    /// The operations of `kind`.
    public internal(set) subscript(kind: StoreOperation) -> Tally {
        get { tallies[kind] ?? Tally() }
        set { tallies[kind] = newValue }
    }

    /// Bytes of objects stored.
    public var writtenByteCount: Int64 { self[.put].byteCount }
    /// Bytes of objects read.
    public var readByteCount: Int64 { self[.get].byteCount }
}

/// Counts operations, failures and bytes by kind.
///
/// Below a ``RetryingStore`` it counts tries, above it what the caller asked for.
public final class CountingStore: ObjectStore {
    private let base: any ObjectStore
    private let requests: RequestMeter?
    private let state = Mutex(StoreCounts())

    /// Wraps `base`; counts from zero.
    ///
    /// - Parameter requests: where the client of `base` counts its requests.
    public init(_ base: any ObjectStore, requests: RequestMeter? = nil) {
        self.base = base
        self.requests = requests
    }

    /// The counts of this moment; operations under way are not in them yet.
    public var counts: StoreCounts {
        var counts = state.withLock(\.self)
        counts.requests = requests?.counts
        return counts
    }

    public var location: String { base.location }
    public var capabilities: StoreCapabilities { base.capabilities }
    /// Its requests are counted by the client alone.
    public var retaining: (any RetainingStore)? { base.retaining }

    public func prepare() async throws {
        try await count(.prepare) { try await base.prepare() }
    }

    public func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        try await count(.put, bytes: { body.readableBytes }) { try await base.put(body, at: key, policy: policy) }
    }

    // The next three are passed on as they are, so that counting costs a local store neither its quick writes nor its kept memory.
    public func putTransient(_ body: ByteBuffer, at key: ObjectKey) async throws {
        try await count(.put, bytes: { body.readableBytes }) { try await base.putTransient(body, at: key) }
    }

    @discardableResult
    public func deleteTransient(_ key: ObjectKey) async throws -> Bool {
        try await count(.delete) { try await base.deleteTransient(key) }
    }

    public func get(_ key: ObjectKey, range: Range<Int64>, into buffer: inout ByteBuffer) async throws {
        try await count(.get, bytes: { range.count }) { try await base.get(key, range: range, into: &buffer) }
    }

    public func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        try await count(.get, bytes: \.readableBytes) { try await base.get(key, range: range) }
    }

    public func byteCount(of key: ObjectKey) async throws -> Int64? {
        try await count(.byteCount) { try await base.byteCount(of: key) }
    }

    public func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        try await count(.list) { try await base.list(under: prefix, body) }
    }

    @discardableResult
    public func delete(_ key: ObjectKey) async throws -> Bool {
        try await count(.delete) { try await base.delete(key) }
    }

    private func count<Answer>(
        _ kind: StoreOperation,
        bytes: (Answer) -> Int = { _ in 0 },
        _ work: () async throws -> Answer
    ) async throws -> Answer {
        do {
            let answer = try await work()
            let byteCount = Int64(bytes(answer))
            state.withLock {
                $0[kind].operationCount += 1
                $0[kind].byteCount += byteCount
            }
            return answer
        } catch {
            state.withLock {
                $0[kind].operationCount += 1
                $0[kind].failureCount += 1
            }
            throw error
        }
    }
}
