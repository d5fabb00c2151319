internal import Locks
public import NIOCore

/// Runs as many operations at once as the store below can take: more and more while all goes well, half as many when it says
/// ``ObjectStoreError/Code/overloaded``. The others wait in the order of their arrival.
///
/// Put it below ``RetryingStore``, so that nobody holds a place while waiting for the next try.
public final class AdaptiveStore: ObjectStore {
    private let base: any ObjectStore
    private let gate: AdaptiveGate

    /// Wraps `base`.
    ///
    /// - Parameters:
    ///   - most: operations that may ever run at once; by default what `base` calls useful.
    ///   - initial: operations at the start; by default half of that.
    public init(_ base: any ObjectStore, most: Int? = nil, initial: Int? = nil) {
        self.base = base
        let most = max(1, most ?? base.capabilities.usefulConcurrency)
        gate = AdaptiveGate(AdaptiveLimit(most: most, initial: initial ?? (most + 1) / 2))
    }

    public var location: String { base.location }
    public var capabilities: StoreCapabilities { base.capabilities }
    public var retaining: (any RetainingStore)? {
        base.retaining.map { MappedRetaining(base: $0) { request in try await self.limited(request) } }
    }

    /// How many operations may run at once just now.
    public var currentLimit: Int { gate.limit }

    public func prepare() async throws {
        try await limited { try await base.prepare() }
    }

    public func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        try await limited { try await base.put(body, at: key, policy: policy) }
    }

    /// Not limited: a lock that waits behind packs is old when it arrives, and others take it for abandoned.
    public func putTransient(_ body: ByteBuffer, at key: ObjectKey) async throws {
        try await base.putTransient(body, at: key)
    }

    public func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        try await limited { try await base.get(key, range: range) }
    }

    public func get(_ key: ObjectKey, range: Range<Int64>, into buffer: inout ByteBuffer) async throws {
        let number = try await gate.enter()
        do {
            try await base.get(key, range: range, into: &buffer)
            gate.leave(number, .success)
        } catch {
            gate.leave(number, Self.outcome(of: error))
            throw error
        }
    }

    public func compare(_ body: ByteBuffer, at key: ObjectKey) async throws -> StoredContent {
        try await limited { try await base.compare(body, at: key) }
    }

    public func byteCount(of key: ObjectKey) async throws -> Int64? {
        try await limited { try await base.byteCount(of: key) }
    }

    /// Holds a place while it waits for a page, and none while `body` works on it: `body` may use this store.
    public func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        var number = try await gate.enter()
        var holdsPlace = true
        do {
            try await base.list(under: prefix) { page in
                holdsPlace = false
                gate.leave(number, .success)
                try await body(page)
                number = try await gate.enter()
                holdsPlace = true
            }
        } catch {
            if holdsPlace { gate.leave(number, Self.outcome(of: error)) }
            throw error
        }
        gate.leave(number, .success)
    }

    public func pages(under prefix: ObjectKey?) -> (any ListingPages)? {
        base.pages(under: prefix).map { MappedPages(base: $0) { request in try await self.limited(request) } }
    }

    @discardableResult
    public func delete(_ key: ObjectKey) async throws -> Bool {
        try await limited { try await base.delete(key) }
    }

    @discardableResult
    public func deleteTransient(_ key: ObjectKey) async throws -> Bool {
        try await base.deleteTransient(key)
    }

    private func limited<Answer>(_ work: () async throws -> Answer) async throws -> Answer {
        let number = try await gate.enter()
        do {
            let answer = try await work()
            gate.leave(number, .success)
            return answer
        } catch {
            gate.leave(number, Self.outcome(of: error))
            throw error
        }
    }

    private static func outcome(of error: any Error) -> AdaptiveGate.Outcome {
        (error as? ObjectStoreError)?.code == .overloaded ? .overload : .failure
    }
}

/// A semaphore whose number of places is an ``AdaptiveLimit``.
final class AdaptiveGate: Sendable {
    enum Outcome {
        case success, failure, overload
    }

    private struct State {
        var limit: AdaptiveLimit
        var inside = 0
        var waiters: [(id: UInt64, continuation: CheckedContinuation<UInt64, any Error>)] = []
        var nextID: UInt64 = 0

        /// Lets in whoever there is a place for.
        mutating func admit() -> [(CheckedContinuation<UInt64, any Error>, UInt64)] {
            var admitted: [(CheckedContinuation<UInt64, any Error>, UInt64)] = []
            while inside < limit.current, !waiters.isEmpty {
                inside += 1
                admitted.append((waiters.removeFirst().continuation, limit.begin()))
            }
            return admitted
        }
    }

    private let state: Mutex<State>

    init(_ limit: AdaptiveLimit) {
        state = Mutex(State(limit: limit))
    }

    var limit: Int { state.withLock { $0.limit.current } }

    /// Waits for a place.
    ///
    /// - Returns: the number of the operation.
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    func enter() async throws -> UInt64 {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<UInt64, any Error>) in
                let number: Result<UInt64, any Error>? = state.withLock { state in
                    // The handler below may have run already, and found nobody.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    guard state.inside < state.limit.current, state.waiters.isEmpty else {
                        state.waiters.append((id, continuation))
                        return nil
                    }
                    state.inside += 1
                    return .success(state.limit.begin())
                }
                if let number { continuation.resume(with: number) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0).continuation }
            }
            waiter?.resume(throwing: CancellationError())
        }
    }

    func leave(_ number: UInt64, _ outcome: Outcome) {
        let admitted = state.withLock { state in
            state.inside -= 1
            switch outcome {
            case .success: state.limit.succeed()
            case .failure: break
            case .overload: state.limit.shrink(after: number)
            }
            return state.admit()
        }
        for (continuation, number) in admitted { continuation.resume(returning: number) }
    }
}
