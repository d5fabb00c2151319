public import NIOCore

/// What a store can do that keeps objects from being removed for a time, and keeps what is removed as an older version
/// (S3's object lock). Times are in seconds since 1970, UTC, as the store's own clock has them.
public protocol RetainingStore: Sendable {
    /// For how long what is written is retained, but for what ``ObjectKey/isNeverRetained`` names.
    var retentionLength: Duration { get }

    /// - Returns: until when the newest version of an object is retained; `nil` when it is not, when there is no such object, and
    ///   when the identity may not know.
    func retainedUntil(_ key: ObjectKey) async throws -> Int64?

    /// Retains the newest version of an object until a moment. One that is retained for longer stays as it is.
    ///
    /// - Throws: `permissionDenied` when the identity may not.
    func retain(_ key: ObjectKey, until: Int64) async throws

    /// Stores a new object that is retained until a moment of its own.
    func put(_ body: ByteBuffer, at key: ObjectKey, retainedUntil: Int64) async throws

    /// Retains an object for shorter than it is: for trials.
    ///
    /// - Throws: `permissionDenied`, as it should.
    func shorten(_ key: ObjectKey, until: Int64) async throws

    /// Lists what was removed and is still there as older versions, in pages, until `body` has seen all.
    ///
    /// - Parameter prefix: one or more whole components, or `nil` for everything.
    func listRemoved(under prefix: ObjectKey?, _ body: ([RemovedObject]) async throws -> Void) async throws

    /// Removes the versions of a removed object for good, then its markers.
    ///
    /// - Returns: until when versions are retained that are therefore still there; `nil` when all are gone.
    /// - Throws: `permissionDenied` when the identity may not.
    func erase(_ object: RemovedObject) async throws -> Int64?
}

/// An object that was removed, and whose versions are still there.
public struct RemovedObject: Sendable, Hashable {
    /// A version with content.
    public struct Version: Sendable, Hashable {
        /// The store's name for it.
        public var id: String
        /// The length in bytes.
        public var byteCount: Int64

        /// Makes a version; see the properties.
        public init(id: String, byteCount: Int64) {
            self.id = id
            self.byteCount = byteCount
        }
    }

    /// The key that it had.
    public var key: ObjectKey
    /// When it was removed, in seconds since 1970; `nil` when the store does not say.
    public var removed: Int64?
    /// Its versions.
    public var versions: [Version]
    /// The markers that hide them.
    public var markers: [String]

    /// The length of all versions together, in bytes.
    public var byteCount: Int64 { versions.reduce(0) { $0 + $1.byteCount } }

    /// Makes an object; see the properties.
    public init(key: ObjectKey, removed: Int64?, versions: [Version], markers: [String]) {
        self.key = key
        self.removed = removed
        self.versions = versions
        self.markers = markers
    }
}

extension ObjectKey {
    /// Whether a store that retains what is written leaves objects of this key out: locks, which go when their work is done, and
    /// trials.
    public var isNeverRetained: Bool {
        path.hasPrefix("locks/") || path.hasPrefix("\(StoreTrial.folder)/")
    }
}

/// A retaining store, each request of which is made in another way: what wrappers hand on.
struct MappedRetaining: RetainingStore {
    let base: any RetainingStore
    /// Makes a request.
    let ask: @Sendable (_ request: () async throws -> Void) async throws -> Void

    var retentionLength: Duration { base.retentionLength }

    func retainedUntil(_ key: ObjectKey) async throws -> Int64? {
        var answer: Int64?
        try await ask { answer = try await base.retainedUntil(key) }
        return answer
    }

    func retain(_ key: ObjectKey, until: Int64) async throws {
        try await ask { try await base.retain(key, until: until) }
    }

    func put(_ body: ByteBuffer, at key: ObjectKey, retainedUntil: Int64) async throws {
        try await ask { try await base.put(body, at: key, retainedUntil: retainedUntil) }
    }

    func shorten(_ key: ObjectKey, until: Int64) async throws {
        try await ask { try await base.shorten(key, until: until) }
    }

    /// Not made in the other way: what was handed out cannot be taken back for another try, and `body` may use the store.
    func listRemoved(under prefix: ObjectKey?, _ body: ([RemovedObject]) async throws -> Void) async throws {
        try await base.listRemoved(under: prefix, body)
    }

    func erase(_ object: RemovedObject) async throws -> Int64? {
        var answer: Int64?
        try await ask { answer = try await base.erase(object) }
        return answer
    }
}
