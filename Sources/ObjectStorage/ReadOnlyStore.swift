public import NIOCore

/// Refuses every write, whatever the store below would allow: for `verify`, `restore` and anything else that must not
/// change a repository.
public struct ReadOnlyStore: ObjectStore {
    private let base: any ObjectStore

    /// Wraps `base`.
    public init(_ base: any ObjectStore) {
        self.base = base
    }

    public var location: String { base.location }
    public var capabilities: StoreCapabilities { base.capabilities }
    public var retaining: (any RetainingStore)? {
        base.retaining.map { ReadOnlyRetaining(base: $0, store: self) }
    }

    /// Succeeds only where there is nothing to prepare, which a listing shows.
    ///
    /// - Throws: `readOnly` when the place would have to be made.
    public func prepare() async throws {
        do {
            try await base.list(under: ObjectKey("config")) { _ in }
        } catch let error as ObjectStoreError where error.code == .locationMissing {
            throw refusal("make \(location)", cause: error)
        }
    }

    public func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        throw refusal("write '\(key)' to \(location)")
    }

    public func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        try await base.get(key, range: range)
    }

    public func byteCount(of key: ObjectKey) async throws -> Int64? {
        try await base.byteCount(of: key)
    }

    public func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        try await base.list(under: prefix, body)
    }

    @discardableResult
    public func delete(_ key: ObjectKey) async throws -> Bool {
        throw refusal("delete '\(key)' from \(location)")
    }

    fileprivate func refusal(_ action: String, cause: (any Error)? = nil) -> ObjectStoreError {
        ObjectStoreError(
            .readOnly,
            "cannot \(action): the repository was opened for reading only",
            hint: "Run the command without '--read-only', or with credentials that may write.",
            cause: cause
        )
    }
}

/// Says until when objects are retained, and changes nothing.
private struct ReadOnlyRetaining: RetainingStore {
    let base: any RetainingStore
    let store: ReadOnlyStore

    var retentionLength: Duration { base.retentionLength }

    func retainedUntil(_ key: ObjectKey) async throws -> Int64? { try await base.retainedUntil(key) }

    func retain(_ key: ObjectKey, until: Int64) async throws {
        throw store.refusal("extend the retention of '\(key)' in \(store.location)")
    }

    func put(_ body: ByteBuffer, at key: ObjectKey, retainedUntil: Int64) async throws {
        throw store.refusal("write '\(key)' to \(store.location)")
    }

    func shorten(_ key: ObjectKey, until: Int64) async throws {
        throw store.refusal("shorten the retention of '\(key)' in \(store.location)")
    }

    func listRemoved(under prefix: ObjectKey?, _ body: ([RemovedObject]) async throws -> Void) async throws {
        try await base.listRemoved(under: prefix, body)
    }

    func erase(_ object: RemovedObject) async throws -> Int64? {
        throw store.refusal("delete versions of '\(object.key)' from \(store.location)")
    }
}
