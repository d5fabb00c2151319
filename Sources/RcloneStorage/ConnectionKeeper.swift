internal import Locks
internal import ObjectStorage

/// The connection in use: made by who first needs one, and again when it has ended.
final class ConnectionKeeper: Sendable {
    private enum State {
        case idle
        case opening(Task<RcloneConnection, any Error>)
        case open(RcloneConnection)
    }

    private let state = Mutex(State.idle)

    /// What the program said last.
    var words: String? {
        guard case .open(let connection) = state.withLock({ $0 }) else { return nil }
        return connection.process.lastWords
    }

    func current(_ command: RcloneProcess.Command) async throws -> RcloneConnection {
        let task: Task<RcloneConnection, any Error>? = state.withLock { state in
            switch state {
            case .open(let connection) where connection.isOpen: return nil
            case .opening(let task): return task
            case .idle, .open:
                // Unstructured: many wait for it, and one of them being cancelled must not take it from the others.
                let task = Task { try await RcloneConnection.open(command) }
                state = .opening(task)
                return task
            }
        }
        if let task {
            let result = await task.result
            state.withLock { state in
                guard case .opening(task) = state else { return }
                state = (try? result.get()).map { .open($0) } ?? .idle
            }
            return try result.get()
        }
        guard case .open(let connection) = state.withLock({ $0 }) else { return try await current(command) }
        return connection
    }

    func close() async {
        let connection = state.withLock { state -> RcloneConnection? in
            guard case .open(let connection) = state else { return nil }
            state = .idle
            return connection
        }
        await connection?.close()
    }
}

/// One at a time for each key; the others wait.
actor KeyedTurns {
    private var busy: [ObjectKey: [CheckedContinuation<Void, Never>]] = [:]

    func withTurn<Answer: Sendable>(_ key: ObjectKey, _ body: @Sendable () async throws -> Answer) async rethrows
        -> Answer
    {
        await begin(key)
        defer { end(key) }
        return try await body()
    }

    private func begin(_ key: ObjectKey) async {
        guard busy[key] != nil else {
            busy[key] = []
            return
        }
        // Resumed with the turn in hand: see `end`.
        await withCheckedContinuation { busy[key]?.append($0) }
    }

    private func end(_ key: ObjectKey) {
        guard var waiters = busy[key], !waiters.isEmpty else {
            busy[key] = nil
            return
        }
        let next = waiters.removeFirst()
        busy[key] = waiters
        next.resume()
    }
}
