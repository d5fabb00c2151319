internal import Locks

/// A fixed number of reusable resources, made when first needed: what bounds the memory of a run.
final class ResourcePool<Resource: Sendable>: Sendable {
    private struct State {
        var idle: [Resource] = []
        var made = 0
        var waiting: [CheckedContinuation<Resource, any Error>] = []
        var failure: (any Error)?
    }

    private let limit: Int
    private let make: @Sendable () -> Resource
    private let state = Mutex(State())

    /// - Parameter limit: how many resources exist at the most.
    init(limit: Int, make: @escaping @Sendable () -> Resource) {
        precondition(limit > 0)
        self.limit = limit
        self.make = make
    }

    /// Takes a resource, waiting until one is free.
    func acquire() async throws -> Resource {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Resource, any Error>) in
                let resume: (() -> Void)? = state.withLock { state in
                    if let failure = state.failure {
                        return { continuation.resume(throwing: failure) }
                    }
                    if let resource = state.idle.popLast() {
                        return { continuation.resume(returning: resource) }
                    }
                    if state.made < limit {
                        state.made += 1
                        return { [make] in continuation.resume(returning: make()) }
                    }
                    state.waiting.append(continuation)
                    return nil
                }
                resume?()
            }
        } onCancel: {
            fail(CancellationError())
        }
    }

    /// Gives a resource back.
    func release(_ resource: Resource) {
        let waiter: CheckedContinuation<Resource, any Error>? = state.withLock { state in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.idle.append(resource)
            return nil
        }
        waiter?.resume(returning: resource)
    }

    /// Throws `error` to everybody who waits or comes later.
    func fail(_ error: any Error) {
        let waiting = state.withLock { state in
            if state.failure == nil { state.failure = error }
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiter in waiting { waiter.resume(throwing: error) }
    }
}
