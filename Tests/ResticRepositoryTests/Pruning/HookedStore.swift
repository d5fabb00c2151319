import Locks
import NIOCore
import ObjectStorage

/// Does something right before a certain write: what another process does at the worst moment.
final class HookedStore: ObjectStore {
    private struct State {
        var prefix = ""
        var remaining = 0
        var action: (@Sendable () async throws -> Void)?
    }

    private let base: any ObjectStore
    private let state = Mutex(State())

    init(_ base: any ObjectStore) {
        self.base = base
    }

    /// - Parameter occurrence: which of the puts below `prefix`; 1 is the first.
    func beforePut(_ prefix: String, occurrence: Int, _ action: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0 = State(prefix: prefix, remaining: occurrence, action: action) }
    }

    var location: String { base.location }
    var capabilities: StoreCapabilities { base.capabilities }

    func prepare() async throws { try await base.prepare() }

    func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        let action: (@Sendable () async throws -> Void)? = state.withLock { state in
            guard key.path.hasPrefix(state.prefix), state.action != nil else { return nil }
            state.remaining -= 1
            guard state.remaining == 0 else { return nil }
            defer { state.action = nil }
            return state.action
        }
        try await action?()
        try await base.put(body, at: key, policy: policy)
    }

    func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        try await base.get(key, range: range)
    }
    func byteCount(of key: ObjectKey) async throws -> Int64? { try await base.byteCount(of: key) }
    func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        try await base.list(under: prefix, body)
    }
    @discardableResult
    func delete(_ key: ObjectKey) async throws -> Bool { try await base.delete(key) }
}
