/// The version of a Qdrant server, as far as restoring depends on it.
struct ServerVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    let major: Int
    let minor: Int

    /// - Returns: `nil` when the text does not begin with two numbers from 0 on.
    init?(_ text: String) {
        let parts = text.split(separator: ".").prefix(2).compactMap { Int($0) }
        guard parts.count == 2, parts.allSatisfy({ $0 >= 0 }) else { return nil }
        major = parts[0]
        minor = parts[1]
    }

    var description: String { "\(major).\(minor)" }

    static func < (left: ServerVersion, right: ServerVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    /// Whether data files of `self` may be restored on `target`: the same minor version or the next one
    /// (maintainers in qdrant/qdrant issue 10273, August 2026).
    func isRestorable(on target: ServerVersion) -> Bool {
        major == target.major && (target.minor == minor || target.minor - 1 == minor)
    }
}
