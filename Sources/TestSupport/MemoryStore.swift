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
    private let objects = Mutex(Objects())

    private struct Objects {
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
        listsImmediately: Bool = true
    ) {
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
            pageLength: pageLength
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
                .map { ObjectEntry(key: $0, byteCount: Int64(objects[$0]?.readableBytes ?? 0)) }
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
            defer { objects[key] = nil }
            return objects[key] != nil
        }
    }
}
