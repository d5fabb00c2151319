/// Base64 with the standard alphabet and padding (RFC 4648, section 4), as Go's encoding/json writes byte slices.
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()

    /// Appends the encoding of `bytes` to `text`.
    package static func encode(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        var index = 0
        while index < bytes.count {
            let rest = min(3, bytes.count - index)
            var group = UInt32(bytes[index]) << 16
            if rest > 1 { group |= UInt32(bytes[index + 1]) << 8 }
            if rest > 2 { group |= UInt32(bytes[index + 2]) }
            for position in 0..<4 {
                let letter = alphabet[Int(group >> UInt32(18 - 6 * position)) & 0x3F]
                text.append(position <= rest ? letter : UInt8(ascii: "="))
            }
            index += 3
        }
    }

    /// Decodes `text`.
    ///
    /// - Returns: `nil` when a letter is foreign, the length is not a multiple of four, padding stands elsewhere than
    ///   at the end, or the bits that padding leaves over are set (two texts would otherwise stand for the same bytes).
    package static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var letters = text.count
        while letters > 0, text.count - letters < 2, text[letters - 1] == UInt8(ascii: "=") { letters -= 1 }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(letters * 3 / 4)
        var bits: UInt32 = 0
        var bitCount = 0
        for index in 0..<letters {
            let value = values[Int(text[index])]
            guard value < 64 else { return nil }
            bits = (bits << 6 | UInt32(value)) & 0xFFF
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
            }
        }
        return bits & (1 << UInt32(bitCount) - 1) == 0 ? bytes : nil
    }
}
