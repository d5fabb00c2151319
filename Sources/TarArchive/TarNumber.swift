/// Numeric fields of a header: octal digits, or base-256 for what does not fit (GNU tar manual, "Basic Tar Format";
/// GNU tar `src/list.c`, `from_header`).
enum TarNumber: Equatable {
    case value(Int64)
    /// Nothing but spaces and NULs. Qdrant leaves owner and group so in members it writes from memory.
    case blank
    case malformed

    /// Reads a field: leading spaces, octal digits, then only spaces and NULs; or, when the top bit is set, a big-endian
    /// two's complement number of which that bit is the mark. Negative numbers and those over `Int64.max` are malformed.
    init(_ field: ArraySlice<UInt8>) {
        guard let first = field.first, first & 0x80 != 0 else {
            self = Self.octal(field)
            return
        }
        self = Self.base256(field)
    }

    private static func octal(_ field: ArraySlice<UInt8>) -> TarNumber {
        let isFiller = { (byte: UInt8) in byte == 0 || byte == UInt8(ascii: " ") }
        let digits = field.drop { $0 == UInt8(ascii: " ") }.prefix { !isFiller($0) }
        guard field[digits.endIndex...].allSatisfy(isFiller) else { return .malformed }
        guard !digits.isEmpty else { return .blank }
        // 12 bytes are 36 bits at most, so no overflow.
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return .malformed }
            value = value << 3 | Int64(digit - UInt8(ascii: "0"))
        }
        return .value(value)
    }

    private static func base256(_ field: ArraySlice<UInt8>) -> TarNumber {
        var value: Int64 = 0
        for (position, byte) in field.enumerated() {
            // Bits of the first byte below the mark: 0x40 is the sign, the others belong to the number.
            let bits = position == 0 ? byte & 0x7F : byte
            guard value <= Int64.max >> 8, !(position == 0 && bits & 0x40 != 0) else { return .malformed }
            value = value << 8 | Int64(bits)
        }
        return .value(value)
    }

    /// Writes a number as octal digits with a closing NUL where it fits, in base-256 otherwise.
    ///
    /// - Returns: `nil` when the number is negative or too large for the field in either form.
    static func encode(_ value: Int64, width: Int) -> [UInt8]? {
        guard value >= 0 else { return nil }
        if value >> (3 * (width - 1)) == 0 {
            let digits = Array(String(value, radix: 8).utf8)
            return Array(repeating: UInt8(ascii: "0"), count: width - 1 - digits.count) + digits + [0]
        }
        guard width > 8 || value >> (8 * (width - 1)) == 0 else { return nil }
        return [0x80]
            + (1..<width).map { position in
                let shift = 8 * (width - 1 - position)
                return shift > 56 ? 0 : UInt8(truncatingIfNeeded: value >> Int64(shift))
            }
    }
}
