internal import Locks

/// A number of permits that tasks take and give back; who waits is served in the order of arrival.
///
/// A waiter that is cancelled leaves the queue at once and takes no permit with it.
package final class AsyncSemaphore: Sendable {
    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var free: Int
        var nextID: UInt64 = 0
        // Never long: as many as tasks that share the store, so the cost of taking out one is of no account.
        var queue: [Waiter] = []
    }

    private let state: Mutex<State>

    /// - Parameter permits: at least 1.
    package init(permits: Int) {
        precondition(permits > 0, "a semaphore without permits would stop every task for ever")
        state = Mutex(State(free: permits))
    }

    /// How many tasks wait at this moment.
    var waiterCount: Int { state.withLock { $0.queue.count } }

    /// Takes a permit; waits until there is one.
    ///
    /// - Throws: `CancellationError` when the task is cancelled before it gets one.
    func acquire() async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Void, any Error>? = state.withLock { state in
                    // A cancellation before this point is seen here; a later one finds the waiter in the queue.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.free > 0 {
                        state.free -= 1
                        return .success(())
                    }
                    state.queue.append(Waiter(id: id, continuation: continuation))
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.queue.firstIndex { $0.id == id }.map { state.queue.remove(at: $0) }
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Gives a permit back: to the first in the queue, or for later.
    func release() {
        let waiter: Waiter? = state.withLock { state in
            if state.queue.isEmpty {
                state.free += 1
                return nil
            }
            return state.queue.removeFirst()
        }
        waiter?.continuation.resume()
    }

    /// Runs `body` with a permit.
    package func withPermit<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
        try await acquire()
        defer { release() }
        return try await body()
    }
}
