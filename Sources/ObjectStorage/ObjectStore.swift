public import NIOCore

/// One object as a listing shows it.
public struct ObjectEntry: Hashable, Sendable {
    /// The key.
    public let key: ObjectKey
    /// The length in bytes.
    public let byteCount: Int64
    /// When it was stored, in seconds since 1970, where the listing says so at no cost.
    public let modified: Int64?

    /// Makes an entry.
    public init(key: ObjectKey, byteCount: Int64, modified: Int64? = nil) {
        self.key = key
        self.byteCount = byteCount
        self.modified = modified
    }
}

/// What a store can do, as data: callers ask these questions instead of asking which store they hold.
public struct StoreCapabilities: Hashable, Sendable {
    /// How many operations may usefully run at once. Local disk: few; S3: many.
    public var usefulConcurrency: Int
    /// Does a completed `put` of an existing key replace it in one step, so that no reader ever sees half of it?
    public var replacesAtomically: Bool
    /// Does a listing show an object as soon as its `put` has returned?
    public var listsImmediately: Bool

    /// Makes capabilities.
    public init(usefulConcurrency: Int, replacesAtomically: Bool, listsImmediately: Bool) {
        self.usefulConcurrency = usefulConcurrency
        self.replacesAtomically = replacesAtomically
        self.listsImmediately = listsImmediately
    }
}

/// What is stored, compared with what was to be stored.
public enum StoredContent: Sendable, Hashable {
    /// There is no such object.
    case missing
    /// Exactly that.
    case same
    /// Something else.
    case different
}

/// What `put` does when the key is already there.
public enum PutPolicy: Sendable, Hashable {
    /// Fail with ``ObjectStoreError/Code/alreadyExists``; the stored object stays as it is.
    case refuseExisting
    /// Replace it in one step.
    case replaceExisting
    /// The key names the content, so that what is there is the same. A store which can refuse to replace at no cost does, and takes
    /// that for success once it has compared; others replace. This is how an identity writes that may add and not replace.
    case contentNamed
}

/// A place for immutable objects: the only thing that a repository knows about where it lives.
///
/// Every store promises, and `TestSupport`'s conformance suite checks:
///
/// - **Atomic visibility**: an object is seen whole or not at all, whatever dies in between; a failed or cancelled `put`
///   leaves nothing under the key.
/// - **Durability**: when `put` or `delete` returns, a power cut does not undo it.
/// - **Read after write**: `get` and `byteCount` see an object as soon as its `put` has returned.
/// - **No surprise**: `delete` of what is not there succeeds and returns `false`; a listing is never an error for an
///   empty or missing folder below the location.
/// - **Classified errors**: everything thrown is an ``ObjectStoreError`` or `CancellationError`.
///
/// All methods may be called at the same time from any task. Only `put` with ``PutPolicy/refuseExisting`` must not be
/// repeated blindly: its first try may have succeeded.
public protocol ObjectStore: Sendable {
    /// Where the store is, for people: a path or a URL, without secrets.
    var location: String { get }
    /// What this store can do.
    var capabilities: StoreCapabilities { get }

    /// Prepares the place for writing (makes the folder). Does nothing when it is there already.
    func prepare() async throws

    /// Stores `body` under `key`.
    func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws

    /// Stores `body` under `key` for as long as the machine runs: whole and visible to all as by ``put(_:at:policy:)``, but a
    /// power cut may take it. For locks, whose owners do not survive one either.
    func putTransient(_ body: ByteBuffer, at key: ObjectKey) async throws

    /// Reads a part of an object.
    ///
    /// - Parameter range: byte offsets, half open; `nil` reads the whole object.
    /// - Throws: `notFound`; `rangeNotSatisfiable` when the object ends before `range` does. Never returns fewer bytes
    ///   than were asked for.
    func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer

    /// Reads a part of an object into memory that the caller keeps from one read to the next, where the store can do that.
    ///
    /// What is in `buffer` before is dropped. When this throws, `buffer` may be empty.
    ///
    /// - Parameter range: byte offsets, half open.
    /// - Throws: as ``get(_:range:)``.
    func get(_ key: ObjectKey, range: Range<Int64>, into buffer: inout ByteBuffer) async throws

    /// Compares what is stored with `body`: after a `put` whose answer was lost. Stores that keep checksums read nothing for it.
    func compare(_ body: ByteBuffer, at key: ObjectKey) async throws -> StoredContent

    /// - Returns: the length in bytes, or `nil` when there is no such object.
    func byteCount(of key: ObjectKey) async throws -> Int64?

    /// Lists objects whose key begins with `prefix` followed by `/`, at any depth, in no particular order.
    ///
    /// Unfinished writes of this or another process are not listed. `body` is called with one page at a time, so that
    /// memory does not grow with the number of objects.
    ///
    /// - Parameter prefix: one or more whole components, or `nil` for every object.
    func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws

    /// The pages of the same listing, where the store asks for them one by one.
    ///
    /// - Returns: `nil` for stores that list otherwise.
    func pages(under prefix: ObjectKey?) -> (any ListingPages)?

    /// Removes an object.
    ///
    /// - Returns: whether there was one.
    @discardableResult
    func delete(_ key: ObjectKey) async throws -> Bool

    /// Removes an object that ``putTransient(_:at:)`` has stored; a power cut may bring it back.
    @discardableResult
    func deleteTransient(_ key: ObjectKey) async throws -> Bool

    /// What the store does to keep objects from being removed, where it is told to.
    ///
    /// - Returns: `nil` for stores that remove at once whatever they are told to remove.
    var retaining: (any RetainingStore)? { get }
}

extension ObjectStore {
    /// For stores that know no difference, and for wrappers, which see every write by this.
    public func putTransient(_ body: ByteBuffer, at key: ObjectKey) async throws {
        try await put(body, at: key, policy: .replaceExisting)
    }

    /// For stores that retain nothing.
    public var retaining: (any RetainingStore)? { nil }

    /// For stores that list otherwise, and for wrappers, which see every listing by ``list(under:_:)``.
    public func pages(under prefix: ObjectKey?) -> (any ListingPages)? { nil }

    @discardableResult
    public func deleteTransient(_ key: ObjectKey) async throws -> Bool {
        try await delete(key)
    }

    /// For stores that make new memory for each answer, and for wrappers, which see every read by this.
    public func get(_ key: ObjectKey, range: Range<Int64>, into buffer: inout ByteBuffer) async throws {
        buffer = try await get(key, range: range)
    }

    /// Reads the object, in pieces, so that comparing a pack does not take the memory of a second one.
    public func compare(_ body: ByteBuffer, at key: ObjectKey) async throws -> StoredContent {
        guard let byteCount = try await byteCount(of: key) else { return .missing }
        guard byteCount == Int64(body.readableBytes) else { return .different }
        var rest = body
        var offset: Int64 = 0
        while rest.readableBytes > 0, let piece = rest.readSlice(length: min(1 << 20, rest.readableBytes)) {
            let end = offset + Int64(piece.readableBytes)
            guard try await get(key, range: offset..<end) == piece else { return .different }
            offset = end
        }
        return .same
    }

    /// Lists everything under `prefix` at once; for folders known to be small.
    public func list(under prefix: ObjectKey?) async throws -> [ObjectEntry] {
        var all: [ObjectEntry] = []
        try await list(under: prefix) { all.append(contentsOf: $0) }
        return all
    }
}
