internal import Locks
public import NIOCore
public import ObjectStorage

/// A store on a disk of limited size: a write that does not fit fails with `insufficientSpace` and does nothing; what is deleted
/// makes room again.
///
/// **Fault model.** An object takes as many bytes as it is long. Replacing one needs room for the new one beside the old one, as
/// a file system that renames does.
public final class LimitedSpaceStore: ObjectStore {
    private struct State {
        var limit: Int64
        var lengths: [ObjectKey: Int64]

        var used: Int64 { lengths.values.reduce(0, +) }
    }

    private let base: any ObjectStore
    private let state: Mutex<State>

    /// Wraps `base`; what it holds counts.
    ///
    /// - Parameter free: bytes that still fit.
    public init(_ base: any ObjectStore, free: Int64) async throws {
        self.base = base
        let entries = try await base.list(under: nil)
        let lengths = Dictionary(entries.map { ($0.key, $0.byteCount) }) { $1 }
        state = Mutex(State(limit: lengths.values.reduce(0, +) + free, lengths: lengths))
    }

    /// Bytes that still fit.
    public var free: Int64 { state.withLock { $0.limit - $0.used } }

    /// Makes the disk as large as what is on it and `free` bytes more.
    public func setFree(_ free: Int64) {
        state.withLock { $0.limit = $0.used + free }
    }

    public var location: String { base.location }
    public var capabilities: StoreCapabilities { base.capabilities }

    public func prepare() async throws {
        try await base.prepare()
    }

    public func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        let length = Int64(body.readableBytes)
        // Taken before the write, so that two at once do not both count on the same room.
        let old = try state.withLock { state in
            guard state.used + length <= state.limit else {
                throw ObjectStoreError(.insufficientSpace, "no space left for '\(key)' in \(location)")
            }
            defer { state.lengths[key] = length }
            return state.lengths[key]
        }
        do {
            try await base.put(body, at: key, policy: policy)
        } catch {
            state.withLock { $0.lengths[key] = old }
            throw error
        }
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
        let existed = try await base.delete(key)
        state.withLock { $0.lengths[key] = nil }
        return existed
    }
}
