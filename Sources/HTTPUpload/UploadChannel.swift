internal import Locks
package import NIOCore

/// Hands the parts of an upload from the task that reads the source to the HTTP client, one at a time.
///
/// The HTTP client reads a request's body in a task of its own that outlives the call when the server answers early. With
/// this channel between them the source is read inside the call, is cancelled with it, and is never touched after it.
package final class UploadChannel: AsyncSequence, Sendable {
    package typealias Element = ByteBuffer

    /// What `send` throws when the other side takes nothing more.
    package struct Closed: Error {
        package init() {}
    }

    private struct State {
        var part: ByteBuffer?
        var isLastPart = false
        var end: Result<Void, any Error>?
        var sender: CheckedContinuation<Void, any Error>?
        var receiver: CheckedContinuation<ByteBuffer?, any Error>?
        /// Whether the last part has left: only from then on a success can be true.
        var isDrained = false
        /// How many parts were taken.
        var takenCount = 0
    }

    private let state = Mutex(State())
    /// The loops on which the HTTP client works.
    private let eventLoops: [any EventLoop]

    package init(eventLoops: [any EventLoop]) {
        self.eventLoops = eventLoops
    }

    package var isDrained: Bool { state.withLock(\.isDrained) }

    /// The number of the part that is waiting to be taken; `nil` when none is.
    package var waitingPart: Int? { state.withLock { $0.part == nil ? nil : $0.takenCount } }

    /// Passes on a part and returns when it was taken.
    ///
    /// - Throws: `Closed` when the receiver is gone or this task was cancelled.
    package func send(_ part: ByteBuffer, isLast: Bool = false) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (sender: CheckedContinuation<Void, any Error>) in
                let receiver: CheckedContinuation<ByteBuffer?, any Error>? = state.withLock { state in
                    if state.end != nil {
                        sender.resume(throwing: Closed())
                    } else if let receiver = state.receiver.take() {
                        state.isDrained = isLast
                        state.takenCount += 1
                        sender.resume()
                        return receiver
                    } else {
                        state.part = part
                        state.isLastPart = isLast
                        state.sender = sender
                    }
                    return nil
                }
                receiver?.resume(returning: part)
            }
        } onCancel: {
            end(.failure(CancellationError()))
        }
    }

    /// Ends the body; parts that were not taken yet are dropped. The first end counts.
    package func end(_ result: Result<Void, any Error>) {
        let (sender, receiver) = state.withLock { state in
            if state.end == nil { state.end = result }
            state.part = nil
            return (state.sender.take(), state.receiver.take())
        }
        sender?.resume(throwing: Closed())
        receiver?.resume(with: result.map { nil })
    }

    private func next() async throws -> ByteBuffer? {
        try await withCheckedThrowingContinuation { receiver in
            let sender: CheckedContinuation<Void, any Error>? = state.withLock { state in
                if let part = state.part.take() {
                    state.isDrained = state.isLastPart
                    state.takenCount += 1
                    receiver.resume(returning: part)
                    return state.sender.take()
                } else if let end = state.end {
                    receiver.resume(with: end.map { nil })
                } else {
                    state.receiver = receiver
                }
                return nil
            }
            sender?.resume()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(channel: self) }

    package struct AsyncIterator: AsyncIteratorProtocol {
        let channel: UploadChannel
        private var unsettledByteCount = 0

        fileprivate init(channel: UploadChannel) {
            self.channel = channel
        }

        /// Takes a part.
        ///
        /// AsyncHTTPClient 1.37 hands parts to its event loop without waiting, and learns only there that the connection
        /// takes no more: a source faster than a busy loop fills memory (measured: 100 MB and more). Waiting until the
        /// loops have worked through what they were given keeps that to ``unsettledByteLimit`` and a part.
        package mutating func next() async throws -> ByteBuffer? {
            if unsettledByteCount >= Self.unsettledByteLimit {
                unsettledByteCount = 0
                for loop in channel.eventLoops { try await loop.submit {}.get() }
            }
            let part = try await channel.next()
            unsettledByteCount += part?.readableBytes ?? 0
            return part
        }

        /// Small against the memory of a pipeline, large against the cost of a hop to another thread.
        private static let unsettledByteLimit = 256 * 1024
    }
}
