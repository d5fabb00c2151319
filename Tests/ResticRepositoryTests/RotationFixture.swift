import Locks
import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport

@testable import ResticRepository

/// The places of a rotation in memory, in which a process can die at any write and at any step.
final class MemoryRotationPlace: RotationPlace {
    struct Died: Error {}

    private struct State {
        var slots: [String: MemoryStore] = [:]
        var done = 0
        var limit: Int?
        var diesAtSwitch = false
    }
    private let state: Mutex<State>
    private let isAtomic: Bool

    /// - Parameter isAtomic: whether two places can be exchanged in one step.
    init(_ current: MemoryStore, isAtomic: Bool) {
        self.isAtomic = isAtomic
        state = Mutex(State(slots: ["current": current]))
    }

    /// What is at a place; `nil` for nothing.
    subscript(_ name: String) -> MemoryStore? { state.withLock { $0.slots[name] } }

    /// Writes and steps so far.
    var operations: Int { state.withLock { $0.done } }

    /// Dies with the operation of that number, which is not done, and does nothing any more.
    func die(at number: Int) {
        state.withLock { $0.limit = number }
    }

    /// Dies when everything is copied and proven, and nothing has changed places.
    func dieAtSwitch() {
        state.withLock { $0.diesAtSwitch = true }
    }

    /// Starts the process again.
    func revive() {
        state.withLock { ($0.limit, $0.diesAtSwitch) = (nil, false) }
    }

    var current: any ObjectStore { Slot(place: self, name: "current") }
    var next: any ObjectStore { Slot(place: self, name: "next") }

    func exchange() async throws -> Bool {
        try state.withLock { state in
            guard state.diesAtSwitch else { return }
            state.limit = 0
            throw Died()
        }
        guard isAtomic else { return false }
        return try step { slots in
            let old = slots["current"]
            slots["current"] = slots["next"]
            slots["next"] = old
            return true
        }
    }

    func retireCurrent() async throws -> any ObjectStore { try move("current", to: "retired") }
    func retireNext() async throws -> any ObjectStore { try move("next", to: "retired") }
    func promoteNext() async throws { _ = try move("next", to: "current") }

    private func move(_ old: String, to new: String) throws -> any ObjectStore {
        try step { slots in
            guard slots[new] == nil, slots[old] != nil else { throw Died() }
            slots[new] = slots.removeValue(forKey: old)
        }
        return Slot(place: self, name: new)
    }

    fileprivate func step<Value>(_ body: (inout [String: MemoryStore]) throws -> Value) throws -> Value {
        try state.withLock { state in
            if let limit = state.limit, state.done + 1 >= limit { throw Died() }
            state.done += 1
            return try body(&state.slots)
        }
    }

    fileprivate func store(_ name: String, makes: Bool = false) throws -> MemoryStore {
        try state.withLock { state in
            if let limit = state.limit, state.done + 1 >= limit { throw Died() }
            if let store = state.slots[name] { return store }
            guard makes else { throw ObjectStoreError(.locationMissing, "nothing is at \(name)") }
            let store = MemoryStore(location: name)
            state.slots[name] = store
            return store
        }
    }

    /// Whatever is at a place at the moment of each call.
    private struct Slot: ObjectStore {
        let place: MemoryRotationPlace
        let name: String

        var location: String { name }
        var capabilities: StoreCapabilities { MemoryStore().capabilities }
        func prepare() async throws { _ = try place.store(name, makes: true) }
        func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
            try place.step { _ in }
            try await place.store(name).put(body, at: key, policy: policy)
        }
        func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
            try await place.store(name).get(key, range: range)
        }
        func byteCount(of key: ObjectKey) async throws -> Int64? { try await place.store(name).byteCount(of: key) }
        func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
            try await place.store(name).list(under: prefix, body)
        }
        func delete(_ key: ObjectKey) async throws -> Bool {
            try place.step { _ in }
            return try await place.store(name).delete(key)
        }
    }
}

/// The options of rotations in tests: cheap, and as a process that is dead by the time anybody looks for it.
func rotationOptions(old: [UInt8] = password, new: [UInt8] = targetPassword) -> RepositoryRotation.Options {
    var options = RepositoryRotation.Options(oldPassword: old, newPassword: new)
    options.scrypt = cheapScrypt
    options.timing = LockTiming()
    options.timing.settleTime = .zero
    options.repository.host.processID = Int32.max
    return options
}
