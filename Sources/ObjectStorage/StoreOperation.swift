/// The kinds of operation a store has: what reports count and tests order faults for.
public enum StoreOperation: String, Sendable, Hashable, CaseIterable {
    case prepare, put, get, byteCount, list, delete

    /// Whether it changes the store.
    public var isWrite: Bool {
        switch self {
        case .prepare, .put, .delete: true
        case .get, .byteCount, .list: false
        }
    }
}
