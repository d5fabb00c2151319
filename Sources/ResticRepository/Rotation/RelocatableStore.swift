internal import Locks
internal import NIOCore
internal import ObjectStorage

/// A store that follows its content: when the place of a repository changes while it is open, its locks have to be removed where
/// they are now.
final class RelocatableStore: ObjectStore {
    private let base: Mutex<any ObjectStore>

    init(_ base: any ObjectStore) {
        self.base = Mutex(base)
    }

    func move(to store: any ObjectStore) {
        base.withLock { $0 = store }
    }

    private var store: any ObjectStore { base.withLock { $0 } }

    var location: String { store.location }
    var capabilities: StoreCapabilities { store.capabilities }
    var retaining: (any RetainingStore)? { store.retaining }

    func prepare() async throws { try await store.prepare() }

    func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        try await store.put(body, at: key, policy: policy)
    }

    func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        try await store.get(key, range: range)
    }

    func byteCount(of key: ObjectKey) async throws -> Int64? { try await store.byteCount(of: key) }

    func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        try await store.list(under: prefix, body)
    }

    func delete(_ key: ObjectKey) async throws -> Bool { try await store.delete(key) }
}
