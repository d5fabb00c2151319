/// UTF-8 as Go reads it: a byte that begins no well-formed sequence stands for itself alone, and is one error.
///
/// Swift's own decoder replaces a truncated sequence as a whole, which yields other strings from the same bytes; names
/// and hashes would then differ from restic's. Source: Go unicode/utf8, DecodeRune; The Unicode Standard, table 3-7.
enum UTF8Sequence {
    /// The scalar at `index` and the number of bytes it takes.
    ///
    /// - Returns: `nil` when no well-formed sequence begins there; the caller then skips one byte.
    static func decode(_ bytes: UnsafeRawBufferPointer, at index: Int) -> (scalar: Unicode.Scalar, length: Int)? {
        let first = bytes[index]
        guard first >= 0x80 else { return (Unicode.Scalar(first), 1) }
        let (length, secondRange) = shape(first)
        guard length > 0, index &+ length <= bytes.count, secondRange.contains(bytes[index &+ 1]) else { return nil }
        var value = (UInt32(first) & (0x7F >> UInt32(length))) << 6 | UInt32(bytes[index &+ 1] & 0x3F)
        for position in 2..<max(2, length) {
            let byte = bytes[index &+ position]
            guard byte & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        return Unicode.Scalar(value).map { ($0, length) }
    }

    /// The length of a sequence by its first byte (0: none begins so), and what its second byte may be.
    private static func shape(_ first: UInt8) -> (length: Int, second: ClosedRange<UInt8>) {
        switch first {
        case 0xC2...0xDF: (2, 0x80...0xBF)
        case 0xE0: (3, 0xA0...0xBF)
        case 0xED: (3, 0x80...0x9F)
        case 0xE1...0xEF: (3, 0x80...0xBF)
        case 0xF0: (4, 0x90...0xBF)
        case 0xF1...0xF3: (4, 0x80...0xBF)
        case 0xF4: (4, 0x80...0x8F)
        default: (0, 0x80...0xBF)
        }
    }

    /// Whether all of `bytes` is well-formed.
    static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < bytes.count {
            if bytes[index] < 0x80 {
                index &+= 1
            } else if let (_, length) = decode(bytes, at: index) {
                index &+= length
            } else {
                return false
            }
        }
        return true
    }

    /// Appends a scalar to `bytes`.
    static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: scalar.utf8)
    }
}
