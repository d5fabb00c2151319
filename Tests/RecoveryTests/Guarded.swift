import Locks

/// A value that several tasks of a test change.
final class Guarded<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) {
        state = Mutex(value)
    }

    var value: Value { state.withLock { $0 } }

    @discardableResult
    func change<Answer: Sendable>(_ body: (inout Value) -> Answer) -> Answer {
        state.withLock { body(&$0) }
    }
}
