public import ObjectStorage

/// One fault for a ``FaultyStore``: what goes wrong, and for which operations.
public struct Fault: Sendable {
    /// What goes wrong.
    public enum Effect: Sendable, Hashable {
        /// The operation does nothing and throws `code`.
        case fail(ObjectStoreError.Code)
        /// The operation is done, and then throws `code`: the answer was lost.
        case failAfterDoing(ObjectStoreError.Code)
        /// A read ends after `byteCount` bytes, against the contract.
        case truncateRead(byteCount: Int)
        /// The byte at `offset` of what is read (counted from the end of it when negative) comes with `mask` turned over.
        case corruptRead(offset: Int, mask: UInt8)
        /// The operation begins later; with a `ManualClock` as the store's clock, when the test says so.
        case delay(Duration)
        /// This operation and every operation after it fail with `unavailable` and do nothing: the process is dead.
        case crash
    }

    /// What goes wrong.
    public var effect: Effect
    /// The kinds of operation that count.
    public var operations: Set<StoreOperation>
    /// Only keys (or listed prefixes) that begin with this text count; `nil` is every key, and operations without one.
    public var keyPrefix: String?
    /// Which of the operations that count it strikes: 1 is the first. An open end strikes for ever.
    public var occurrences: ClosedRange<Int>

    /// Makes a fault.
    public init(
        _ effect: Effect,
        on operations: Set<StoreOperation> = Set(StoreOperation.allCases),
        keyPrefix: String? = nil,
        occurrences: ClosedRange<Int> = 1...1
    ) {
        self.effect = effect
        self.operations = operations
        self.keyPrefix = keyPrefix
        self.occurrences = occurrences
    }

    /// The operation fails `times` times and then works.
    public static func fail(
        _ code: ObjectStoreError.Code,
        on operation: StoreOperation,
        keyPrefix: String? = nil,
        times: Int = 1
    ) -> Fault {
        Fault(.fail(code), on: [operation], keyPrefix: keyPrefix, occurrences: 1...times)
    }

    /// A `put` succeeds and its answer is lost, once.
    public static func failAfterWriting(_ code: ObjectStoreError.Code = .unavailable, keyPrefix: String? = nil) -> Fault
    {
        Fault(.failAfterDoing(code), on: [.put], keyPrefix: keyPrefix)
    }

    /// Everything fails from the `number`-th write on, with nothing written by it; `put` and `delete` count.
    public static func crash(atWrite number: Int) -> Fault {
        Fault(.crash, on: [.put, .delete], occurrences: number...number)
    }

    func concerns(_ operation: StoreOperation, _ key: ObjectKey?) -> Bool {
        guard operations.contains(operation) else { return false }
        return keyPrefix.map { key?.path.hasPrefix($0) ?? false } ?? true
    }
}
