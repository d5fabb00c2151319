internal import QdrantClient

/// Tells a live point that was written again after the restore point from one that was damaged, by a payload field that grows: a
/// time or a revision.
struct NewerRule: Sendable {
    private let path: [String]

    /// - Parameter field: a payload key, a path like `a.b`.
    init(field: String) {
        path = field.split(separator: ".").map(String.init)
    }

    /// Whether the live point says that it is newer. What cannot be compared says nothing.
    func isNewer(_ live: PointRecord, than reference: PointRecord) -> Bool {
        guard let left = value(live) else { return false }
        // A field that the captured point lacks was added later.
        guard let right = value(reference) else { return true }
        if let left = left.stringValue, let right = right.stringValue {
            return right.utf8.lexicographicallyPrecedes(left.utf8)
        }
        if let left = left.int64Value, let right = right.int64Value { return left > right }
        if let left = left.doubleValue, let right = right.doubleValue { return left > right }
        return false
    }

    private func value(_ record: PointRecord) -> JSONValue? {
        var value = record.payload.map { JSONValue.object($0) }
        for key in path { value = value?[key] }
        return value.flatMap { $0.isNull ? nil : $0 }
    }
}
