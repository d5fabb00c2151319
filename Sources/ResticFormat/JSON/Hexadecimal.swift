/// Hexadecimal digits, a byte at a time: identifiers are read and written by the million.
enum Hexadecimal {
    /// The lower-case digit of a value below 16, in ASCII.
    @inline(__always)
    static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? nibble &+ 0x30 : nibble &+ 0x57
    }

    /// The value of a lower-case digit; 0xFF for any other byte.
    @inline(__always)
    static func lowerCaseValue(_ digit: UInt8) -> UInt8 {
        switch digit {
        case 0x30...0x39: digit &- 0x30
        case 0x61...0x66: digit &- 0x57
        default: 0xFF
        }
    }

    /// The value of a digit of either case; 0xFF for any other byte.
    @inline(__always)
    static func value(_ digit: UInt8) -> UInt8 {
        (0x41...0x46).contains(digit) ? digit &- 0x37 : lowerCaseValue(digit)
    }
}
