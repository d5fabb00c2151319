/// The name of one object in a store: a relative path of one or more components joined by `/`.
///
/// Components are 1 to 255 bytes of `a`–`z`, `A`–`Z`, `0`–`9`, `.`, `_`, `-`; `.` and `..` are refused, so a key can never
/// leave the place its store was given.
public struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The path, without a leading or trailing slash.
    public let path: String

    /// The longest key a store accepts, in bytes (the limit of S3).
    public static let maximumLength = 1024

    /// - Returns: `nil` when `path` is not a valid key.
    public init?(_ path: String) {
        let bytes = path.utf8
        guard !bytes.isEmpty, bytes.count <= Self.maximumLength else { return nil }
        for component in bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard (1...255).contains(component.count), component.allSatisfy(Self.isAllowed) else { return nil }
            if component.allSatisfy({ $0 == UInt8(ascii: ".") }) && component.count <= 2 { return nil }
        }
        self.path = path
    }

    /// The last component.
    public var name: Substring {
        path.split(separator: "/").last ?? ""
    }

    public var description: String { path }

    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.path < right.path
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default:
            false
        }
    }
}
