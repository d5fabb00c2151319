public import NIOCore

/// Lets only so many operations run at once; the others wait in the order of their arrival.
public struct LimitedStore: ObjectStore {
    private let base: any ObjectStore
    private let semaphore: AsyncSemaphore
    private let limit: Int

    /// Wraps `base`.
    ///
    /// - Parameter limit: operations that may run at once, 1 or more; the default is what `base` calls useful.
    public init(_ base: any ObjectStore, limit: Int? = nil) {
        self.base = base
        self.limit = max(1, limit ?? base.capabilities.usefulConcurrency)
        semaphore = AsyncSemaphore(permits: self.limit)
    }

    public var location: String { base.location }

    public var capabilities: StoreCapabilities {
        var capabilities = base.capabilities
        capabilities.usefulConcurrency = min(capabilities.usefulConcurrency, limit)
        return capabilities
    }

    public var retaining: (any RetainingStore)? {
        base.retaining.map { MappedRetaining(base: $0) { request in try await semaphore.withPermit(request) } }
    }

    public func prepare() async throws {
        try await semaphore.withPermit { try await base.prepare() }
    }

    public func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        try await semaphore.withPermit { try await base.put(body, at: key, policy: policy) }
    }

    public func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        try await semaphore.withPermit { try await base.get(key, range: range) }
    }

    public func byteCount(of key: ObjectKey) async throws -> Int64? {
        try await semaphore.withPermit { try await base.byteCount(of: key) }
    }

    /// Holds a permit while it waits for a page, and none while `body` works on it: `body` may use this store.
    public func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        try await semaphore.acquire()
        var holdsPermit = true
        defer { if holdsPermit { semaphore.release() } }
        try await base.list(under: prefix) { page in
            semaphore.release()
            holdsPermit = false
            try await body(page)
            try await semaphore.acquire()
            holdsPermit = true
        }
    }

    @discardableResult
    public func delete(_ key: ObjectKey) async throws -> Bool {
        try await semaphore.withPermit { try await base.delete(key) }
    }
}
