import Locks
import ObjectStorage
import Testing

/// Makes a key, or fails the test.
func makeKey(_ path: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> ObjectKey {
    try #require(ObjectKey(path), sourceLocation: sourceLocation)
}

/// Expects an ``ObjectStoreError`` of `code`.
func expectError<Answer>(
    _ code: ObjectStoreError.Code,
    _ what: String = "",
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Answer
) async {
    do {
        _ = try await body()
        Issue.record("nothing was thrown, expected \(code) \(what)", sourceLocation: sourceLocation)
    } catch let error as ObjectStoreError {
        #expect(error.code == code, "\(error.message) \(what)", sourceLocation: sourceLocation)
    } catch {
        Issue.record("expected \(code), caught \(error) \(what)", sourceLocation: sourceLocation)
    }
}

/// A value that tasks of a test share; a local `Mutex` cannot be captured by several of them.
final class Shared<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) { mutex = Mutex(value) }

    var value: Value { mutex.withLock { $0 } }
    func change(_ body: (inout Value) -> Void) { mutex.withLock { body(&$0) } }
}
