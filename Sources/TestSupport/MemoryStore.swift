internal import Locks
public import NIOCore
public import ObjectStorage

/// A store in memory that keeps every promise of ``ObjectStore`` but durability.
///
/// It can be looked into (``contents``, ``byteCount``) and damaged (``replace(_:at:)``) from outside without a failure. Listings
/// come in the order in which the objects were stored first: what a test draws from one does not depend on names, which are
/// hashes of ciphertexts and differ from run to run.
public final class MemoryStore: ObjectStore {
    public let location: String
    public let capabilities: StoreCapabilities
    private let pageLength: Int
    private let retention: Retention?
    private let objects = Mutex(Objects())

    /// How objects are retained, as by S3 in a bucket with object lock.
    public struct Retention: Sendable {
        /// For how long what is written is retained.
        public var length: Duration
        /// The store's clock: seconds since 1970.
        public var now: @Sendable () -> Int64
        /// Whether versions may be removed for good, and retentions extended.
        public var mayErase = true
        public var mayExtend = true

        /// Makes a retention; all is allowed.
        public init(length: Duration, now: @escaping @Sendable () -> Int64) {
            self.length = length
            self.now = now
        }
    }

    private struct Objects {
        /// Until when each object is retained.
        var retained: [ObjectKey: Int64] = [:]
        var modified: [ObjectKey: Int64] = [:]
        /// What was removed, by the store's name for the version.
        var removed: [String: (object: RemovedObject, until: Int64?)] = [:]
        /// How often a retention was extended.
        var extensionCount = 0
        var versionCount = 0

        private(set) var bodies: [ObjectKey: ByteBuffer] = [:]
        private var places: [ObjectKey: Int] = [:]
        private var nextPlace = 0

        subscript(key: ObjectKey) -> ByteBuffer? {
            get { bodies[key] }
            set {
                bodies[key] = newValue
                if newValue == nil {
                    places[key] = nil
                } else if places[key] == nil {
                    places[key] = nextPlace
                    nextPlace += 1
                }
            }
        }

        var keysInOrder: [ObjectKey] { places.sorted { $0.value < $1.value }.map(\.key) }
    }

    /// Makes an empty store.
    ///
    /// - Parameters:
    ///   - location: what messages call it.
    ///   - usefulConcurrency: what ``capabilities`` say.
    ///   - pageLength: entries a page of a listing; small, so that tests see several.
    ///   - listsImmediately: what ``capabilities`` say; this store does in any case.
    public init(
        location: String = "memory",
        usefulConcurrency: Int = 4,
        pageLength: Int = 7,
        listsImmediately: Bool = true,
        retention: Retention? = nil
    ) {
        self.retention = retention
        self.location = location
        self.pageLength = pageLength
        capabilities = StoreCapabilities(
            usefulConcurrency: usefulConcurrency,
            replacesAtomically: true,
            listsImmediately: listsImmediately
        )
    }

    /// All that is stored at this moment; a copy.
    public var contents: [ObjectKey: ByteBuffer] {
        objects.withLock { $0.bodies }
    }

    /// The keys in the order in which their objects were stored first.
    public var keysInOrder: [ObjectKey] {
        objects.withLock { $0.keysInOrder }
    }

    /// The length of all objects together, in bytes.
    public var byteCount: Int64 {
        objects.withLock { $0.bodies.values.reduce(0) { $0 + Int64($1.readableBytes) } }
    }

    /// Sets or, with `nil`, removes an object behind the back of whoever uses the store: damage for tests.
    public func replace(_ body: ByteBuffer?, at key: ObjectKey) {
        objects.withLock { $0[key] = body }
    }

    /// Makes another store with the same objects: the state a crash would have left.
    public func copy() -> MemoryStore {
        let copy = MemoryStore(
            location: location,
            usefulConcurrency: capabilities.usefulConcurrency,
            pageLength: pageLength,
            retention: retention
        )
        let now = objects.withLock(\.self)
        copy.objects.withLock { $0 = now }
        return copy
    }

    public func prepare() async throws {
        try Task.checkCancellation()
    }

    public func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        try Task.checkCancellation()
        try objects.withLock { objects in
            if policy == .refuseExisting, objects[key] != nil {
                throw ObjectStoreError(.alreadyExists, "'\(key)' exists already in \(location)")
            }
            objects[key] = body
            guard let retention else { return }
            objects.modified[key] = retention.now()
            objects.retained[key] =
                key.isNeverRetained ? nil : retention.now() + retention.length.components.seconds
        }
    }

    public func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        try Task.checkCancellation()
        guard let object = objects.withLock({ $0[key] }) else {
            throw ObjectStoreError(.notFound, "no '\(key)' in \(location)")
        }
        guard let range else { return object }
        guard range.lowerBound >= 0, range.upperBound <= Int64(object.readableBytes),
            let part = object.getSlice(at: object.readerIndex + Int(range.lowerBound), length: range.count)
        else {
            throw ObjectStoreError(
                .rangeNotSatisfiable,
                "'\(key)' in \(location) has \(object.readableBytes) bytes, "
                    + "\(range.lowerBound)..<\(range.upperBound) were asked for"
            )
        }
        return part
    }

    public func byteCount(of key: ObjectKey) async throws -> Int64? {
        try Task.checkCancellation()
        return objects.withLock { $0[key] }.map { Int64($0.readableBytes) }
    }

    public func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        try Task.checkCancellation()
        let start = prefix.map { "\($0)/" } ?? ""
        let entries = objects.withLock { objects in
            objects.keysInOrder.filter { $0.path.hasPrefix(start) }
                .map {
                    ObjectEntry(
                        key: $0,
                        byteCount: Int64(objects[$0]?.readableBytes ?? 0),
                        modified: objects.modified[$0]
                    )
                }
        }
        for first in stride(from: 0, to: entries.count, by: pageLength) {
            try Task.checkCancellation()
            try await body(Array(entries[first..<min(first + pageLength, entries.count)]))
        }
    }

    @discardableResult
    public func delete(_ key: ObjectKey) async throws -> Bool {
        try Task.checkCancellation()
        return objects.withLock { objects in
            guard let body = objects[key] else { return false }
            objects[key] = nil
            guard let retention else { return true }
            let id = "version-\(objects.versionCount)"
            objects.versionCount += 1
            let version = RemovedObject.Version(id: id, byteCount: Int64(body.readableBytes))
            let removed = RemovedObject(key: key, removed: retention.now(), versions: [version], markers: ["marker"])
            objects.removed[id] = (removed, objects.retained.removeValue(forKey: key))
            return true
        }
    }
}

// What a bucket with object lock does: a removed object stays as a version until somebody erases it, which its retention forbids.

extension MemoryStore {
    public var retaining: (any RetainingStore)? { retention.map { MemoryRetaining(store: self, retention: $0) } }

    /// How often a retention was extended.
    public var extensionCount: Int { objects.withLock { $0.extensionCount } }

    /// Until when each object is retained, in seconds since 1970.
    public var retained: [ObjectKey: Int64] { objects.withLock { $0.retained } }

    /// What was removed and not erased.
    public var removedObjects: [RemovedObject] { objects.withLock { $0.removed.values.map(\.object) } }

    private struct MemoryRetaining: RetainingStore {
        let store: MemoryStore
        let retention: Retention

        var retentionLength: Duration { retention.length }

        func retainedUntil(_ key: ObjectKey) async throws -> Int64? { store.retained[key] }

        func retain(_ key: ObjectKey, until: Int64) async throws {
            guard retention.mayExtend else {
                throw ObjectStoreError(.permissionDenied, "the retention of '\(key)' may not be extended")
            }
            try store.objects.withLock { objects in
                guard objects[key] != nil else { throw ObjectStoreError(.notFound, "no '\(key)' in memory") }
                objects.retained[key] = max(until, objects.retained[key] ?? until)
                objects.extensionCount += 1
            }
        }

        func put(_ body: ByteBuffer, at key: ObjectKey, retainedUntil: Int64) async throws {
            try await store.put(body, at: key, policy: .refuseExisting)
            store.objects.withLock { $0.retained[key] = retainedUntil }
        }

        func shorten(_ key: ObjectKey, until: Int64) async throws {
            throw ObjectStoreError(.permissionDenied, "the retention of '\(key)' may not be shortened")
        }

        func listRemoved(under prefix: ObjectKey?, _ body: ([RemovedObject]) async throws -> Void) async throws {
            let start = prefix.map { "\($0)/" } ?? ""
            try await body(store.removedObjects.filter { $0.key.path.hasPrefix(start) }.sorted { $0.key < $1.key })
        }

        func erase(_ object: RemovedObject) async throws -> Int64? {
            try store.objects.withLock { objects in
                guard let id = object.versions.first?.id, let found = objects.removed[id] else { return nil }
                if let until = found.until, until > retention.now() { return until }
                guard retention.mayErase else {
                    throw ObjectStoreError(.permissionDenied, "the versions of '\(object.key)' may not be removed")
                }
                objects.removed[id] = nil
                return nil
            }
        }
    }
}
