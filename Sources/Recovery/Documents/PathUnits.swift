/// The bytes of a path as the units that patterns match.
///
/// One unit for each character (Unicode scalar) where the bytes are UTF-8, so that `?` takes a character whatever its
/// length, and one unit for each byte that is not, so that names that are not UTF-8 still match `*` and `?`.
enum PathUnits {
    static let slash = UInt32(UInt8(ascii: "/"))
    /// Added to a byte that is not UTF-8; beyond every Unicode scalar, so no pattern names one.
    static let invalidByteBase: UInt32 = 0x11_0000

    static func decode(_ bytes: some Sequence<UInt8>) -> [UInt32] {
        let bytes = Array(bytes)
        var units: [UInt32] = []
        units.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let (unit, length) = unit(at: index, in: bytes)
            units.append(unit)
            index += length
        }
        return units
    }

    private static func unit(at index: Int, in bytes: [UInt8]) -> (unit: UInt32, length: Int) {
        let lead = bytes[index]
        if lead < 0x80 { return (UInt32(lead), 1) }
        guard let (length, second) = sequence(lead), index + length <= bytes.count, second.contains(bytes[index + 1])
        else { return (invalidByteBase + UInt32(lead), 1) }
        // The lead byte of a sequence of n bytes holds 7 - n bits of the scalar, each later byte six.
        var scalar = UInt32(lead) & (0x7F >> UInt32(length))
        for byte in bytes[(index + 1)..<(index + length)] {
            guard byte & 0xC0 == 0x80 else { return (invalidByteBase + UInt32(lead), 1) }
            scalar = scalar << 6 | UInt32(byte & 0x3F)
        }
        return (scalar, length)
    }

    /// Length of the sequence a lead byte begins, and the second bytes it allows (RFC 3629, section 4): these exclude
    /// overlong forms, surrogates and what is beyond U+10FFFF.
    private static func sequence(_ lead: UInt8) -> (length: Int, second: ClosedRange<UInt8>)? {
        switch lead {
        case 0xC2...0xDF: (2, 0x80...0xBF)
        case 0xE0: (3, 0xA0...0xBF)
        case 0xED: (3, 0x80...0x9F)
        case 0xE1...0xEF: (3, 0x80...0xBF)
        case 0xF0: (4, 0x90...0xBF)
        case 0xF1...0xF3: (4, 0x80...0xBF)
        case 0xF4: (4, 0x80...0x8F)
        default: nil
        }
    }
}
