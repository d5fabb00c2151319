internal import Locks

/// A first-in, first-out queue with a fixed capacity between tasks: senders wait while it is full, receivers while it is empty.
///
/// A queue ends in one of two ways. `finish` lets receivers drain it and then gives them `nil`. `fail` drops what is in it and
/// throws the error to everybody who waits or comes later; so does the cancellation of any task that waits, because a queue
/// always belongs to one run whose parts live and die together.
package final class BoundedQueue<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element?] = []
        var head = 0
        var senders: [(Element, CheckedContinuation<Void, any Error>)] = []
        var receivers: [CheckedContinuation<Element?, any Error>] = []
        var isFinished = false
        var failure: (any Error)?

        var count: Int { elements.count - head }

        mutating func popFirst() -> Element? {
            guard head < elements.count else { return nil }
            let element = elements[head]
            elements[head] = nil
            head += 1
            if head == elements.count || head >= 256 {
                elements.removeFirst(head)
                head = 0
            }
            return element
        }
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: how many elements wait in it at most, one or more.
    package init(capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
    }

    /// Adds an element, waiting for room.
    package func send(_ element: Element) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let resume: (() -> Void)? = state.withLock { state in
                    if let failure = state.failure {
                        return { continuation.resume(throwing: failure) }
                    }
                    precondition(!state.isFinished, "an element was sent to a finished queue")
                    if !state.receivers.isEmpty {
                        let receiver = state.receivers.removeFirst()
                        return {
                            receiver.resume(returning: element)
                            continuation.resume()
                        }
                    }
                    if state.count < capacity {
                        state.elements.append(element)
                        return { continuation.resume() }
                    }
                    state.senders.append((element, continuation))
                    return nil
                }
                resume?()
            }
        } onCancel: {
            fail(CancellationError())
        }
    }

    /// Takes the next element, waiting for one.
    ///
    /// - Returns: `nil` when the queue is finished and empty.
    package func next() async throws -> Element? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Element?, any Error>) in
                let resume: (() -> Void)? = state.withLock { state in
                    if let failure = state.failure {
                        return { continuation.resume(throwing: failure) }
                    }
                    if let element = state.popFirst() {
                        guard !state.senders.isEmpty else { return { continuation.resume(returning: element) } }
                        let (waiting, sender) = state.senders.removeFirst()
                        state.elements.append(waiting)
                        return {
                            sender.resume()
                            continuation.resume(returning: element)
                        }
                    }
                    if state.isFinished {
                        return { continuation.resume(returning: nil) }
                    }
                    state.receivers.append(continuation)
                    return nil
                }
                resume?()
            }
        } onCancel: {
            fail(CancellationError())
        }
    }

    /// No more elements come; what is in the queue is still handed out.
    package func finish() {
        let receivers = state.withLock { state in
            state.isFinished = true
            defer { state.receivers = [] }
            return state.receivers
        }
        for receiver in receivers { receiver.resume(returning: nil) }
    }

    /// Ends the queue at once.
    ///
    /// - Returns: the elements that nobody took. Empty on later calls.
    @discardableResult
    package func fail(_ error: any Error) -> [Element] {
        let (senders, receivers, dropped) = state.withLock { state in
            if state.failure == nil { state.failure = error }
            let dropped = state.elements[state.head...].compactMap(\.self) + state.senders.map(\.0)
            defer {
                state.elements = []
                state.head = 0
                state.senders = []
                state.receivers = []
            }
            return (state.senders, state.receivers, dropped)
        }
        for (_, sender) in senders { sender.resume(throwing: error) }
        for receiver in receivers { receiver.resume(throwing: error) }
        return dropped
    }
}
