internal import Locks
public import NIOCore
public import ObjectStorage

/// A store that fails to order.
///
/// **The fault model.** Below is a sound store. What can go wrong between it and the caller is:
///
/// - *A refusal*: the operation is not done and the caller is told so, with any code (``Fault/Effect/fail(_:)``).
/// - *A lost answer*: the operation is done and the caller is told that it failed
///   (``Fault/Effect/failAfterDoing(_:)``). This is the one that makes blind repetition wrong.
/// - *A bad read*: a read returns fewer bytes than it has to, or other ones, and says nothing
///   (``Fault/Effect/truncateRead(byteCount:)``, ``Fault/Effect/corruptRead(offset:mask:)``). Stored bytes stay good.
/// - *Slowness*: an operation begins later (``Fault/Effect/delay(_:)``).
/// - *A crash*: from some operation on nothing is done any more (``Fault/Effect/crash``). The store below then holds what
///   a machine would find after a restart; open it again without the wrapper. With ``writeCount`` of an undisturbed run
///   a test can crash at every write there is.
///
/// What it does not model: a write torn in half (the contract of ``ObjectStore`` excludes it; the local store's own tests
/// order it one layer below), objects that rot in the store (use ``MemoryStore/replace(_:at:)``), listings that lag.
///
/// Every fault counts the operations that concern it by itself. When several strike at once, a delay comes first, a crash
/// or failure next; the reading faults are applied in the order in which they were ordered.
public final class FaultyStore: ObjectStore {
    private struct State {
        var faults: [(fault: Fault, seen: Int)] = []
        var writeCount = 0
        var hasCrashed = false
    }

    private let base: any ObjectStore
    private let clock: any Clock<Duration>
    private let state: Mutex<State>

    /// Wraps `base`.
    ///
    /// - Parameter clock: sleeps for delays.
    public init(
        _ base: any ObjectStore,
        faults: [Fault] = [],
        clock: some Clock<Duration> = ContinuousClock()
    ) {
        self.base = base
        self.clock = clock
        state = Mutex(State(faults: faults.map { ($0, 0) }))
    }

    /// Orders one more fault; it counts from now.
    public func order(_ fault: Fault) {
        state.withLock { $0.faults.append((fault, 0)) }
    }

    /// Takes back all faults, and wakes the store from a crash.
    public func heal() {
        state.withLock {
            $0.faults = []
            $0.hasCrashed = false
        }
    }

    /// How many `put` and `delete` operations were begun, the failed ones included.
    public var writeCount: Int { state.withLock { $0.writeCount } }

    /// Whether a crash has struck.
    public var hasCrashed: Bool { state.withLock { $0.hasCrashed } }

    public var location: String { base.location }
    public var capabilities: StoreCapabilities { base.capabilities }
    public var retaining: (any RetainingStore)? { base.retaining }

    public func prepare() async throws {
        try await disturb(.prepare, nil) { try await base.prepare() }
    }

    public func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        try await disturb(.put, key) { try await base.put(body, at: key, policy: policy) }
    }

    public func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        try await disturb(.get, key, spoil: Self.spoil) { try await base.get(key, range: range) }
    }

    public func byteCount(of key: ObjectKey) async throws -> Int64? {
        try await disturb(.byteCount, key) { try await base.byteCount(of: key) }
    }

    public func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        try await disturb(.list, prefix) { try await base.list(under: prefix, body) }
    }

    @discardableResult
    public func delete(_ key: ObjectKey) async throws -> Bool {
        try await disturb(.delete, key) { try await base.delete(key) }
    }

    private func disturb<Answer>(
        _ operation: StoreOperation,
        _ key: ObjectKey?,
        spoil: (Fault.Effect, inout Answer) -> Void = { _, _ in },
        _ work: () async throws -> Answer
    ) async throws -> Answer {
        let effects = strike(operation, key)
        func failure(_ code: ObjectStoreError.Code, _ how: String) -> ObjectStoreError {
            ObjectStoreError(code, "\(operation) of '\(key?.path ?? location)' \(how) to order")
        }
        for case .delay(let duration) in effects { try await clock.sleep(for: duration) }
        if hasCrashed { throw failure(.unavailable, "found the store dead") }
        for case .fail(let code) in effects { throw failure(code, "failed") }
        var answer = try await work()
        for effect in effects { spoil(effect, &answer) }
        for case .failAfterDoing(let code) in effects { throw failure(code, "lost its answer") }
        return answer
    }

    /// Counts the operation for every fault that it concerns.
    ///
    /// - Returns: the effects that strike it.
    private func strike(_ operation: StoreOperation, _ key: ObjectKey?) -> [Fault.Effect] {
        state.withLock { state in
            if operation == .put || operation == .delete { state.writeCount += 1 }
            var effects: [Fault.Effect] = []
            for index in state.faults.indices where state.faults[index].fault.concerns(operation, key) {
                state.faults[index].seen += 1
                let (fault, seen) = state.faults[index]
                guard fault.occurrences.contains(seen) else { continue }
                if fault.effect == .crash { state.hasCrashed = true }
                effects.append(fault.effect)
            }
            return effects
        }
    }

    private static func spoil(_ effect: Fault.Effect, _ body: inout ByteBuffer) {
        switch effect {
        case .truncateRead(let byteCount):
            body = body.getSlice(at: body.readerIndex, length: min(byteCount, body.readableBytes)) ?? body
        case .corruptRead(let offset, let mask):
            let index = (offset < 0 ? body.writerIndex : body.readerIndex) + offset
            guard let byte: UInt8 = body.getInteger(at: index) else { return }
            body.setInteger(byte ^ mask, at: index)
        default:
            return
        }
    }
}
