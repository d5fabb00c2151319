internal import Foundation
internal import Locks

/// A child process whose two outputs are read while it runs, each on a thread of its own, so that no full pipe stops it.
final class ChildProcess: Sendable {
    // `Process` is not Sendable on every platform: everything but the two signals happens under the lock.
    private let process: Mutex<Process>
    private let input = Pipe()
    private let output = Capture()
    private let errors = Capture()
    private let end = Latch()
    private let path: String

    init(
        path: String,
        arguments: [String],
        environment: [String: String?] = [:],
        folder: String? = nil,
        hasInput: Bool = false
    ) {
        self.path = path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        var variables = ProcessInfo.processInfo.environment
        for (name, value) in environment { variables[name] = value }
        process.environment = variables
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        process.standardInput = hasInput ? input : FileHandle.nullDevice
        process.standardOutput = output.pipe
        process.standardError = errors.pipe
        self.process = Mutex(process)
    }

    /// Everything on the standard error so far.
    var errorText: String { String(decoding: errors.bytes, as: UTF8.self) }
    /// Everything on the standard output so far.
    var text: String { String(decoding: output.bytes, as: UTF8.self) }
    var isRunning: Bool { process.withLock { $0.isRunning } }

    func start() throws {
        let end = end
        try process.withLock { process in
            process.terminationHandler = { _ in end.open() }
            do {
                try withAllSignals { try process.run() }
            } catch {
                throw Program.Failure(description: "cannot start \(path): \(error)")
            }
        }
        output.begin()
        errors.begin()
    }

    /// Writes all input, and waits for the end of the process and of both outputs.
    func finish(input bytes: [UInt8] = []) async -> Program.Outcome {
        if !bytes.isEmpty {
            let handle = input.fileHandleForWriting
            Thread.detachNewThread {
                // A program may end without reading all of it; that is its right, and must not end us.
                var pipeSignal = sigset_t()
                sigemptyset(&pipeSignal)
                sigaddset(&pipeSignal, SIGPIPE)
                pthread_sigmask(SIG_BLOCK, &pipeSignal, nil)
                try? handle.write(contentsOf: bytes)
                try? handle.close()
            }
        }
        await end.wait()
        await output.end.wait()
        await errors.end.wait()
        let status = process.withLock { $0.terminationReason == .exit ? $0.terminationStatus : -$0.terminationStatus }
        return Program.Outcome(status: status, output: output.bytes, errors: errors.bytes)
    }

    /// Asks it to end (SIGTERM).
    func terminate() {
        signal(SIGTERM)
    }

    /// Ends it (SIGKILL).
    func kill() {
        signal(SIGKILL)
    }

    private func signal(_ number: Int32) {
        process.withLock { process in
            // Under the lock, and only while it runs: its number may belong to another process afterwards.
            if process.isRunning { _ = Foundation.kill(process.processIdentifier, number) }
        }
    }
}

/// Runs `body` with no signal blocked. A child inherits the mask of the thread that starts it, threads that run tasks
/// block most signals, and a child that blocks SIGTERM cannot be asked to end.
private func withAllSignals<Answer>(_ body: () throws -> Answer) rethrows -> Answer {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    return try body()
}

/// Collects what comes out of a pipe, on a thread of its own: reading blocks, and must not hold up a task.
private final class Capture: Sendable {
    let pipe = Pipe()
    let end = Latch()
    private let collected = Mutex<[UInt8]>([])

    var bytes: [UInt8] { collected.withLock { $0 } }

    func begin() {
        let handle = pipe.fileHandleForReading
        Thread.detachNewThread { [self] in
            // Not `FileHandle.read(upToCount:)`: it waits until it has that much, and a server's log would stay empty.
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = read(handle.fileDescriptor, &piece, piece.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                collected.withLock { $0.append(contentsOf: piece[..<count]) }
            }
            end.open()
        }
    }
}

/// A door that opens once, for everyone.
private final class Latch: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}
