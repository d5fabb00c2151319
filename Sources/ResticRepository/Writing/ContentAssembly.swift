internal import Locks
internal import ResticFormat

/// The list of blobs of one file while its chunks are still on their way through the pipeline.
///
/// The producer reserves a place for each chunk in file order; workers fill the places in any order.
final class ContentAssembly: Sendable {
    private struct State {
        var ids: [ResticID] = []
        var byteCount: Int64 = 0
        var pending = 0
        var isComplete = false
        var failure: (any Error)?
        var waiter: CheckedContinuation<[ResticID], any Error>?

        /// The waiter and what it is told, once there is something to tell.
        mutating func settled() -> (CheckedContinuation<[ResticID], any Error>, Result<[ResticID], any Error>)? {
            guard let waiter else { return nil }
            if let failure {
                self.waiter = nil
                return (waiter, .failure(failure))
            }
            guard isComplete, pending == 0 else { return nil }
            self.waiter = nil
            return (waiter, .success(ids))
        }
    }
    private let state = Mutex(State())

    /// Reserves the next place for a chunk of `count` bytes whose id is not known yet.
    func reserve(_ count: Int) -> Int {
        state.withLock { state in
            state.ids.append(.zero)
            state.pending += 1
            state.byteCount += Int64(count)
            return state.ids.count - 1
        }
    }

    /// Adds a chunk whose id is known.
    func append(_ id: ResticID, count: Int) {
        state.withLock { state in
            state.ids.append(id)
            state.byteCount += Int64(count)
        }
    }

    func resolve(_ place: Int, _ id: ResticID) {
        change { state in
            state.ids[place] = id
            state.pending -= 1
        }
    }

    func fail(_ error: any Error) {
        change { $0.failure = $0.failure ?? error }
    }

    /// No more chunks come.
    func complete() {
        change { $0.isComplete = true }
    }

    /// The length of the content so far, in bytes.
    var byteCount: Int64 { state.withLock { $0.byteCount } }

    /// Waits until every chunk has its id. Called once.
    func ids() async throws -> [ResticID] {
        try await withCheckedThrowingContinuation { continuation in
            change { $0.waiter = continuation }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let settled = state.withLock { state in
            body(&state)
            return state.settled()
        }
        if let (waiter, result) = settled { waiter.resume(with: result) }
    }
}
