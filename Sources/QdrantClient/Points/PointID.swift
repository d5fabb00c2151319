/// The id of a point: an unsigned 64-bit number or a UUID.
///
/// The order is that of a scroll: all numbers before all UUIDs, numbers by value, UUIDs by their bytes.
public enum PointID: Sendable, Hashable {
    /// A number from 0 to 2^64−1.
    case number(UInt64)
    /// A UUID.
    case uuid(UniqueID)
}

/// A UUID as Qdrant answers it: 16 bytes, written in lower case with hyphens.
///
/// Kept here instead of using Foundation's type, which writes upper case and has no order.
public struct UniqueID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The first 8 bytes, big endian.
    public let high: UInt64
    /// The last 8 bytes, big endian.
    public let low: UInt64

    /// Makes an id of its two halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the forms that Qdrant accepts: with hyphens, without, and with the prefix `urn:uuid:`; any case.
    ///
    /// - Returns: `nil` for anything else.
    public init?(_ text: String) {
        var rest = Substring(text)
        if rest.lowercased().hasPrefix("urn:uuid:") { rest = rest.dropFirst(9) }
        let digits: [Character]
        switch rest.utf8.count {
        case 36:
            let parts = rest.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return nil }
            digits = Array(parts.joined())
        case 32:
            digits = Array(rest)
        default:
            return nil
        }
        guard digits.count == 32, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }),
            let high = UInt64(String(digits[..<16]), radix: 16), let low = UInt64(String(digits[16...]), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    /// The id as Qdrant writes it.
    public var description: String {
        let digits = Self.padded(high) + Self.padded(low)
        var text = ""
        for (position, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(position) { text.append("-") }
            text.append(digit)
        }
        return text
    }

    /// Whether a scroll shows the left one first.
    public static func < (left: UniqueID, right: UniqueID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    private static func padded(_ half: UInt64) -> String {
        let digits = String(half, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension PointID: Comparable {
    /// Whether a scroll shows the left one first.
    public static func < (left: PointID, right: PointID) -> Bool {
        switch (left, right) {
        case (.number(let left), .number(let right)): left < right
        case (.uuid(let left), .uuid(let right)): left < right
        case (.number, .uuid): true
        case (.uuid, .number): false
        }
    }
}

extension PointID: CustomStringConvertible, ExpressibleByIntegerLiteral {
    /// The id as Qdrant writes it.
    public var description: String {
        switch self {
        case .number(let number): String(number)
        case .uuid(let id): id.description
        }
    }

    /// Makes a number.
    public init(integerLiteral value: UInt64) {
        self = .number(value)
    }

    /// Reads a number or a UUID, as a person types it.
    ///
    /// - Returns: `nil` for anything else.
    public init?(_ text: String) {
        if let number = UInt64(text), !text.hasPrefix("+") {
            self = .number(number)
        } else if let id = UniqueID(text) {
            self = .uuid(id)
        } else {
            return nil
        }
    }

    /// The id as JSON.
    public var json: JSONValue {
        switch self {
        case .number(let number): .number(number)
        case .uuid(let id): .string(id.description)
        }
    }
}

extension JSONScanner {
    /// Takes a point id.
    mutating func pointID() throws(JSONError) -> PointID {
        switch try value() {
        case .string(let text):
            if let id = UniqueID(text) { return .uuid(id) }
        case let value:
            if let number = value.uint64Value { return .number(number) }
        }
        throw unexpected("expected a point id")
    }
}

extension JSONWriter {
    mutating func pointID(_ id: PointID) {
        switch id {
        case .number(let number): integer(number)
        case .uuid(let id): string(id.description)
        }
    }
}
