internal import Locks
internal import NIOCore
internal import Subprocess

/// The three pipes of a running program: one task feeds, one listens to the status channel, and whoever wants the output reads.
///
/// Unchecked: the iterator is used by the reader alone; what the tasks share is behind the mutex.
final class Conversation: @unchecked Sendable {
    private enum Feeding: Sendable {
        case underWay, done, cutShort
        case failed(any Error)
    }

    private struct State: Sendable {
        var feeding = Feeding.underWay
        var isComplete = false
    }

    private let state = Mutex(State())
    private var output: SubprocessOutputSequence.Iterator
    private let statuses: AsyncStream<GnuPGStatus>
    private let status: AsyncStream<GnuPGStatus>.Continuation

    init(_ output: SubprocessOutputSequence) {
        self.output = output.makeAsyncIterator()
        (statuses, status) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Whether the reader came to the end.
    var isComplete: Bool { state.withLock { $0.isComplete } }

    /// Writes the source, behind the passphrase if there is one, to the program's standard input.
    ///
    /// - Parameter stop: ends the program. Called when the source fails: the end of its input would look like the end of the source.
    func feed<Source: AsyncSequence>(
        _ input: StandardInputWriter,
        passphrase: Passphrase?,
        from cursor: SourceCursor<Source>,
        orStop stop: () -> Void
    ) async where Source.Element == ByteBuffer {
        do {
            if let passphrase {
                var line: [UInt8] = []
                line.reserveCapacity(passphrase.count + 1)
                passphrase.withBytes { line += $0 }
                line.append(0x0A)
                defer { wipe(&line) }
                guard try await write(line, to: input) else { return }
            }
            while let buffer = try await cursor.next() {
                guard try await write(Array(buffer.readableBytesView), to: input) else { return }
            }
            // Before the end is sent, lest the output ends first.
            state.withLock { $0.feeding = .done }
            try await input.finish()
        } catch {
            state.withLock { $0.feeding = .failed(error) }
            stop()
        }
    }

    /// - Returns: `false` when the program has closed its input; why, the status channel tells.
    private func write(_ bytes: [UInt8], to input: StandardInputWriter) async throws -> Bool {
        try Task.checkCancellation()
        let count = (try? await input.write(bytes)) ?? 0
        if count < bytes.count { state.withLock { $0.feeding = .cutShort } }
        return count == bytes.count
    }

    /// Reads the status channel to its end.
    func listen(to channel: SubprocessOutputSequence) async {
        var status = GnuPGStatus()
        do {
            for try await piece in channel { piece.withUnsafeBytes { status.take($0) } }
        } catch {
            // What is missing then is missed below: without the line that says so, nothing is done.
        }
        self.status.yield(status)
        self.status.finish()
    }

    /// The next piece of output; `nil` when the program has done what it was asked.
    func next(_ operation: GnuPG.Operation) async throws -> ByteBuffer? {
        guard !isComplete else { return nil }
        do {
            while let piece = try await output.next(isolation: nil) {
                let buffer = piece.withUnsafeBytes { ByteBuffer(bytes: $0) }
                if buffer.readableBytes > 0 { return buffer }
            }
        } catch {
            try Task.checkCancellation()
            throw SealingError(.programFailed, "the output of gpg cannot be read")
        }
        try Task.checkCancellation()
        if case .failed(let error) = state.withLock(\.feeding) { throw error }
        var verdict = GnuPGStatus()
        for await status in statuses { verdict = status }
        try Task.checkCancellation()
        let failure =
            switch operation {
            case .seal: verdict.sealingFailure
            case .open: verdict.openingFailure
            }
        if let failure { throw failure }
        guard case .done = state.withLock(\.feeding) else {
            throw SealingError(.programFailed, "gpg stopped reading before the end of its input")
        }
        state.withLock { $0.isComplete = true }
        return nil
    }
}
