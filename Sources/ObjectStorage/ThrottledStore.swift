internal import Locks
public import NIOCore

/// The most bytes a second that go to a store and come from it, on average.
public struct ByteLimits: Sendable, Hashable {
    /// Content that is written, in bytes a second; `nil` for no limit.
    public var write: Int64?
    /// Content that is read, in bytes a second; `nil` for no limit.
    public var read: Int64?

    /// Makes limits; by default there are none.
    public init(write: Int64? = nil, read: Int64? = nil) {
        self.write = write
        self.read = read
    }
}

/// Keeps the content that is written and read below a number of bytes a second, so that a backup leaves the line usable.
///
/// The limit holds on average: an object waits until it may go, and goes then at the line's own speed. Put it below
/// ``RetryingStore``, so that every try is counted, and above ``AdaptiveStore``, so that nobody holds a place while waiting.
///
/// Listings, look-ups, comparisons and deletions move next to nothing and are not counted. Transient objects are locks: they are
/// small, and a lock that waited behind packs would be taken for that of a dead process.
public final class ThrottledStore<C: Clock<Duration>>: ObjectStore {
    private struct Buckets {
        var writes: TokenBucket?
        var reads: TokenBucket?
    }

    private let base: any ObjectStore
    private let clock: C
    private let start: C.Instant
    private let buckets: Mutex<Buckets>

    /// Wraps `base`.
    ///
    /// - Parameters:
    ///   - writeBytesPerSecond: the limit for `put`; `nil` is none.
    ///   - readBytesPerSecond: the limit for `get`; `nil` is none.
    ///   - clock: measures the time and sleeps.
    public init(
        _ base: any ObjectStore,
        writeBytesPerSecond: Int64? = nil,
        readBytesPerSecond: Int64? = nil,
        clock: C
    ) {
        self.base = base
        self.clock = clock
        start = clock.now
        buckets = Mutex(
            Buckets(
                writes: writeBytesPerSecond.map { TokenBucket(rate: $0) },
                reads: readBytesPerSecond.map { TokenBucket(rate: $0) }
            )
        )
    }

    public var location: String { base.location }
    public var capabilities: StoreCapabilities { base.capabilities }
    public var retaining: (any RetainingStore)? { base.retaining }

    public func prepare() async throws {
        try await base.prepare()
    }

    public func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        try await wait(for: body.readableBytes, to: \.writes)
        try await base.put(body, at: key, policy: policy)
    }

    public func putTransient(_ body: ByteBuffer, at key: ObjectKey) async throws {
        try await base.putTransient(body, at: key)
    }

    /// Reads, after a wait when the length is known from `range`, or before one when only the answer shows it.
    public func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        if let range { try await wait(for: range.count, to: \.reads) }
        let body = try await base.get(key, range: range)
        if range == nil { try await wait(for: body.readableBytes, to: \.reads) }
        return body
    }

    public func get(_ key: ObjectKey, range: Range<Int64>, into buffer: inout ByteBuffer) async throws {
        try await wait(for: range.count, to: \.reads)
        try await base.get(key, range: range, into: &buffer)
    }

    public func compare(_ body: ByteBuffer, at key: ObjectKey) async throws -> StoredContent {
        try await base.compare(body, at: key)
    }

    public func byteCount(of key: ObjectKey) async throws -> Int64? {
        try await base.byteCount(of: key)
    }

    public func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        try await base.list(under: prefix, body)
    }

    public func pages(under prefix: ObjectKey?) -> (any ListingPages)? { base.pages(under: prefix) }

    @discardableResult
    public func delete(_ key: ObjectKey) async throws -> Bool {
        try await base.delete(key)
    }

    @discardableResult
    public func deleteTransient(_ key: ObjectKey) async throws -> Bool {
        try await base.deleteTransient(key)
    }

    /// Takes tokens from a bucket, where there is one, and sleeps as long as it says.
    private func wait(for byteCount: Int, to kind: WritableKeyPath<Buckets, TokenBucket?>) async throws {
        let count = Int64(byteCount)
        let time = start.duration(to: clock.now)
        let delay = buckets.withLock { $0[keyPath: kind]?.take(count, at: time) } ?? .zero
        guard delay > .zero else { return }
        do {
            try await clock.sleep(for: delay)
        } catch {
            buckets.withLock { $0[keyPath: kind]?.giveBack(count) }
            throw error
        }
    }
}
