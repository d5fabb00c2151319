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

    private func refusal(_ action: String, cause: (any Error)? = nil) -> ObjectStoreError {
        ObjectStoreError(
            .readOnly,
            "cannot \(action): the repository was opened for reading only",
            hint: "Run the command without '--read-only', or with credentials that may write.",
            cause: cause
        )
    }
}
