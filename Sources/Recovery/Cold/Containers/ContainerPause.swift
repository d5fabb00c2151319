internal import Logging
internal import ResticRepository

/// Stops a container while something is done with its files, and starts it again, whatever happens meanwhile.
struct ContainerPause: Sendable {
    /// How often starting is tried.
    private static let startAttempts = 3

    let engine: ContainerEngine
    let notes: StoppedContainers
    let stopLimit: Duration
    let startLimit: Duration
    /// For people: `the backup`.
    let purpose: String
    /// The path of a file that says, as long as it is there, that the container's files are incomplete: it is not started then.
    var mark: String?
    let clock: any WallClock
    let logger: Logger
    /// Whether the server in the container answers; `nil` when nobody knows where to ask.
    var isAnswering: (@Sendable () async -> Bool)?

    /// What came of it.
    struct Ending<Value: Sendable>: Sendable {
        let value: Value
        /// How long the container was stopped; `nil` when it did not run.
        var downtime: Duration?
        /// Why it does not run again although it should.
        var failure: RecoveryError?
        /// What the operator should know.
        var warnings: [String] = []
    }

    /// Runs `body` while the container is stopped. One that did not run is left stopped, unless an earlier run had stopped it.
    ///
    /// - Throws: what `body` throws. When the container cannot be started then, that is the error, with the other as its cause:
    ///   ``RecoveryError/Code/containerLeftStopped``.
    func run<Value: Sendable>(_ container: ContainerState, _ body: () async throws -> Value) async throws
        -> Ending<Value>
    {
        var note = StoppedContainers.Note(
            container: container.name,
            id: container.id,
            socket: engine.socket,
            stoppedAt: "\(clock.now)",
            purpose: purpose,
            mark: mark
        )
        let runs = container.isRunning || container.isRestarting
        let earlier = notes.note(like: note)
        guard runs || earlier != nil else { return Ending(value: try await body()) }
        note.mark = mark ?? earlier?.mark
        let held = try notes.begin(note)
        let start = ContinuousClock.now
        let result: Result<Value, any Error>
        do {
            // Not cut short when this task is cancelled: what is half stopped can neither be read nor started.
            if runs { try await Task { try await stop(container) }.value }
            try Task.checkCancellation()
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        // A task of its own: this one may be cancelled, and could send nothing then.
        let (failure, warning) = await Task { [mark = note.mark] in await startAgain(container, unless: mark) }.value
        if failure == nil { held.remove() }
        switch result {
        case .success(let value):
            return Ending(
                value: value,
                downtime: ContinuousClock.now - start,
                failure: failure,
                warnings: warning.map { [$0] } ?? []
            )
        case .failure(let error):
            guard var failure else { throw error }
            failure.message += "; \(purpose) had failed before"
            failure.cause = error
            throw failure
        }
    }

    // MARK: Stopping

    private func stop(_ container: ContainerState) async throws {
        logger.notice("stopping a container", metadata: ["container": "\(container.name)"])
        try await engine.stop(container.id, within: stopLimit)
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            let state = try await engine.container(container.id)
            if !state.isRunning, !state.isRestarting { return }
            guard ContinuousClock.now < deadline else {
                throw RecoveryError(
                    .containerUnusable,
                    "the container '\(container.name)' still runs although the engine was told to stop it",
                    hint: "Does something start it again, such as a supervisor or an orchestrator?"
                )
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    // MARK: Starting

    private func startAgain(_ container: ContainerState, unless mark: String?) async -> (RecoveryError?, String?) {
        if let mark, RestoreMark.exists(mark) { return (Self.incomplete(container.name, mark), nil) }
        var problem: any Error = CancellationError()
        for attempt in 1...Self.startAttempts {
            if attempt > 1 { try? await Task.sleep(for: .seconds(1)) }
            do {
                try await engine.start(container.id)
                try await Self.awaitRunning(container.id, engine)
                return (nil, try await awaitAnswer(container))
            } catch {
                problem = error
                logger.warning(
                    "a container could not be started again",
                    metadata: [
                        "container": "\(container.name)", "attempt": "\(attempt)", "error": "\(FailureText.of(error))",
                    ]
                )
            }
        }
        let command = Self.command(container.name, socket: engine.socket)
        return (
            RecoveryError(
                .containerLeftStopped,
                "the container '\(container.name)' was stopped for \(purpose) and could not be started again",
                hint: "Start it by hand: '\(command)'. The next run of holdfast tries it, too.",
                cause: problem
            ), nil
        )
    }

    /// Nobody may start it: the files of the server in it are half restored.
    static func incomplete(_ container: String, _ mark: String) -> RecoveryError {
        let folder = ConfigurationPath.parent(of: mark)
        return RecoveryError(
            .containerLeftStopped,
            "the container '\(container)' is left stopped: its storage '\(folder)' is only partly restored",
            hint:
                "Do not start it by hand. Restore the same restore point again: that completes the storage, and starts the container."
        )
    }

    /// Waits until the engine says that it runs.
    ///
    /// - Throws: when it has ended instead.
    static func awaitRunning(_ id: String, _ engine: ContainerEngine) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            let state = try await engine.container(id)
            if state.isRunning, !state.isRestarting { return }
            guard ContinuousClock.now < deadline else { throw ended(state) }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// - Returns: a warning when the server does not answer in time, which may only mean that it loads for long.
    private func awaitAnswer(_ container: ContainerState) async throws -> String? {
        guard let isAnswering else { return nil }
        let deadline = ContinuousClock.now + startLimit
        while ContinuousClock.now < deadline {
            if await isAnswering() { return nil }
            let state = try await engine.container(container.id)
            guard state.isRunning || state.isRestarting else { throw Self.ended(state) }
            try await Task.sleep(for: .milliseconds(200))
        }
        return
            "the container '\(container.name)' was started again, but the server in it has not answered within \(ConfigurationDuration.render(startLimit))"
    }

    private static func ended(_ state: ContainerState) -> RecoveryError {
        RecoveryError(
            .containerUnusable,
            "the container '\(state.name)' does not stay up: it has ended with status \(state.exitStatus)",
            hint: "Look at its log."
        )
    }

    /// What an operator types to start it.
    static func command(_ container: String, socket: String) -> String {
        socket.contains("podman")
            ? "podman --url unix://\(socket) start \(container)" : "docker -H unix://\(socket) start \(container)"
    }
}
