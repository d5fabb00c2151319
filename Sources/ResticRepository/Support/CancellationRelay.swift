internal import Synchronization

/// Runs a piece of work in the caller's task so that another task can cancel it alone.
///
/// A child task would do, but its closure would have to be `@Sendable`; callers of `withLock` should not have to care.
final class CancellationRelay: Sendable {
    private let task = Mutex<UnsafeCurrentTask?>(nil)

    /// Runs `body`; while it runs, ``cancel()`` cancels the current task.
    func run<Value>(_ body: () async throws -> Value) async throws -> Value {
        withUnsafeCurrentTask { current in task.withLock { $0 = current } }
        defer { task.withLock { $0 = nil } }
        return try await body()
    }

    /// Cancels the task that is in ``run(_:)``, when there is one.
    func cancel() {
        task.withLock { $0?.cancel() }
    }
}
