internal import Locks

/// A clock that stands still until a test moves it; sleepers wake in the order of their deadlines.
///
/// ```swift
/// let clock = ManualClock()
/// async let answer = store.get(key, range: nil)
/// await clock.sleepers(1)            // wait until the code under test sleeps
/// clock.advance(by: .seconds(30))
/// ```
public final class ManualClock: Clock {
    /// A moment: the time since the clock was made.
    public struct Instant: InstantProtocol {
        /// Time since the clock was made.
        public var offset: Duration

        /// Makes a moment.
        public init(offset: Duration) {
            self.offset = offset
        }

        public func advanced(by duration: Duration) -> Instant {
            Instant(offset: offset + duration)
        }

        public func duration(to other: Instant) -> Duration {
            other.offset - offset
        }

        public static func < (left: Instant, right: Instant) -> Bool {
            left.offset < right.offset
        }
    }

    private struct Sleeper {
        let id: Int
        let deadline: Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Instant(offset: .zero)
        var nextID = 0
        var sleepers: [Sleeper] = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var requested: [Duration] = []
    }

    private let state = Mutex(State())

    /// Makes a clock at offset zero.
    public init() {}

    public var now: Instant { state.withLock { $0.now } }
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// Every sleep that was begun so far, in order: what the code under test wanted to wait.
    public var requestedSleeps: [Duration] { state.withLock { $0.requested } }

    public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enqueue(Sleeper(id: id, deadline: deadline, continuation: continuation))
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.sleepers.firstIndex { $0.id == id }.map { state.sleepers.remove(at: $0) }
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Moves the time on and wakes, earliest first, all whose deadline has come.
    public func advance(by duration: Duration) {
        precondition(duration >= .zero, "time runs forward")
        let target = now.advanced(by: duration)
        while let sleeper = nextSleeper(until: target) { sleeper.continuation.resume() }
        state.withLock { $0.now = max($0.now, target) }
    }

    /// Moves the time on to the earliest deadline; does nothing when nobody sleeps.
    public func advanceToNextSleeper() {
        let next = state.withLock { state in state.sleepers.map(\.deadline).min().map { state.now.duration(to: $0) } }
        if let next { advance(by: next) }
    }

    /// Waits until at least `count` tasks sleep.
    public func sleepers(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    private func enqueue(_ sleeper: Sleeper) {
        let (result, watchers): (Result<Void, any Error>?, [CheckedContinuation<Void, Never>]) = state.withLock {
            state in
            state.requested.append(state.now.duration(to: sleeper.deadline))
            // A cancellation before this point is seen here; a later one finds the sleeper in the list.
            if Task.isCancelled { return (.failure(CancellationError()), []) }
            if sleeper.deadline <= state.now { return (.success(()), []) }
            state.sleepers.append(sleeper)
            let count = state.sleepers.count
            let served = state.watchers.filter { $0.count <= count }.map(\.continuation)
            state.watchers.removeAll { $0.count <= count }
            return (nil, served)
        }
        if let result { sleeper.continuation.resume(with: result) }
        for watcher in watchers { watcher.resume() }
    }

    /// Takes out the earliest sleeper that is due at `target`, and sets the time to its deadline.
    private func nextSleeper(until target: Instant) -> Sleeper? {
        state.withLock { state in
            let due = state.sleepers.indices.filter { state.sleepers[$0].deadline <= target }
            guard
                let first = due.min(by: {
                    (state.sleepers[$0].deadline, state.sleepers[$0].id) < (
                        state.sleepers[$1].deadline, state.sleepers[$1].id
                    )
                })
            else { return nil }
            state.now = max(state.now, state.sleepers[first].deadline)
            return state.sleepers.remove(at: first)
        }
    }
}
