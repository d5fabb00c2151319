internal import Locks
internal import Subprocess

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif
#if canImport(System)
    internal import System
#else
    internal import SystemPackage
#endif

/// A running `rclone serve restic --stdio`: the two pipes to it, and what it says.
///
/// It ends when our end of its input is closed, and so together with this process, however that ends. It runs in a process group of its
/// own: an interruption from the terminal is for us, who have locks to remove through it.
final class RcloneProcess: Sendable {
    /// How a program is started.
    struct Command: Sendable {
        var program: String
        var arguments: [String]
        /// See ``RcloneStore/Options/longestSilence``.
        var longestSilence: Duration
    }

    private struct State {
        /// How it ended, as the end of a sentence; `nil` while it runs.
        var end: String?
        /// Its process, while nobody has waited for it: afterwards the number may be another's.
        var pid: pid_t?
        /// The last it said on its standard error.
        var words: [UInt8] = []
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private static let longestMemory = 4096

    private let state = Mutex(State())
    /// Our ends of the pipes; whoever makes a channel of them owns them.
    let input: CInt
    let output: CInt

    /// Starts the program. That it is not there shows by ``end``, as everything that ends it.
    init(_ command: Command) throws(Errno) {
        let toProgram = try Self.pipe()
        let fromProgram: (reading: CInt, writing: CInt)
        do {
            fromProgram = try Self.pipe()
        } catch {
            close(toProgram.reading)
            close(toProgram.writing)
            throw error
        }
        (input, output) = (fromProgram.reading, toProgram.writing)
        var options = PlatformOptions()
        options.processGroupID = 0
        let platformOptions = options
        let (theirInput, theirOutput) = (toProgram.reading, fromProgram.writing)
        // Unstructured: it has to be waited for as long as the program runs, which is longer than any one operation.
        Task.detached { [self] in
            let end = await Self.run(
                command,
                platformOptions,
                input: FileDescriptor(rawValue: theirInput),
                output: FileDescriptor(rawValue: theirOutput),
                process: { pid in self.state.withLock { $0.pid = pid } },
                said: { bytes in
                    self.state.withLock { $0.words = ($0.words + bytes).suffix(Self.longestMemory) }
                }
            )
            let waiters = state.withLock { state in
                state.end = end
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
    }

    /// How it ended, as the end of a sentence that begins with its name; `nil` while it runs.
    var end: String? { state.withLock { $0.end } }

    /// The last lines of its standard error, in one line; whole ones, in which a secret can be recognised.
    var lastWords: String? {
        let (words, isOver) = state.withLock { ($0.words, $0.end != nil) }
        let newline = UInt8(ascii: "\n")
        var text = words[...]
        if words.count == Self.longestMemory { text = text.drop { $0 != newline } }
        if !isOver { text = text[..<(text.lastIndex(of: newline) ?? text.startIndex)] }
        let lines = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).suffix(4)
        return lines.isEmpty ? nil : lines.joined(separator: "; ")
    }

    /// Ends it and what it started, also when it is stopped or does not listen.
    func kill() {
        state.withLock { state in
            guard let pid = state.pid else { return }
            _ = sendSignal(-pid, SIGKILL)
        }
    }

    /// Waits for its end.
    func awaitEnd() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if state.end == nil { state.waiters.append(continuation) }
                return state.end != nil
            }
            if hasEnded { continuation.resume() }
        }
    }

    private static func run(
        _ command: Command,
        _ options: PlatformOptions,
        input: FileDescriptor,
        output: FileDescriptor,
        process: @Sendable @escaping (pid_t?) -> Void,
        said: @Sendable @escaping ([UInt8]) -> Void
    ) async -> String {
        do {
            let result = try await Subprocess.run(
                command.program.contains("/") ? .path(FilePath(command.program)) : .name(command.program),
                arguments: Arguments(command.arguments),
                platformOptions: options,
                input: .fileDescriptor(input, closeAfterSpawningProcess: true),
                output: .fileDescriptor(output, closeAfterSpawningProcess: true),
                error: .sequence
            ) { execution in
                process(execution.processIdentifier.value)
                // It is waited for after this.
                defer { process(nil) }
                for try await piece in execution.standardError { said(piece.withUnsafeBytes { Array($0) }) }
            }
            return switch result.terminationStatus {
            case .exited(let status): "ended with exit status \(status)"
            case .signaled(let signal): "was ended by signal \(signal)"
            }
        } catch let error as SubprocessError where error.code == .executableNotFound {
            // The launcher closes what it was given only when it starts something.
            try? input.close()
            try? output.close()
            return "is not installed"
        } catch {
            return "could not be run: \(error)"
        }
    }

    /// A pipe that no other program that we start inherits: it would keep rclone alive.
    private static func pipe() throws(Errno) -> (reading: CInt, writing: CInt) {
        var ends: [CInt] = [-1, -1]
        guard systemPipe(&ends) == 0 else { throw Errno(rawValue: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}

private func systemPipe(_ ends: inout [CInt]) -> CInt { pipe(&ends) }
private func sendSignal(_ pid: pid_t, _ signal: CInt) -> CInt { kill(pid, signal) }
