/// Base 64 of RFC 4648, section 4, in the strict form age demands: canonical, and padded either always or never.
///
/// Ours, because an encoding with a stray last bit has to be refused, which common decoders do not promise.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")
    private static let invalid: UInt8 = 0xFF
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: invalid, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()

    /// How many letters `count` bytes become without padding.
    static func unpaddedLength(of count: Int) -> Int { (count * 4 + 2) / 3 }

    /// The letters of `bytes`.
    static func encode(_ bytes: some Collection<UInt8>, padded: Bool = false) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> UInt32(count) & 63)])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << UInt32(6 - count) & 63)]) }
        if padded { while text.count % 4 != 0 { text.append(padding) } }
        return text
    }

    /// The bytes of letters.
    ///
    /// - Returns: `nil` for anything but the one encoding of these bytes: other characters, spaces, missing or superfluous
    ///   padding, bits set behind the last byte.
    static func decode(_ text: ArraySlice<UInt8>, padded: Bool = false) -> [UInt8]? {
        var text = text
        if padded {
            guard text.count % 4 == 0 else { return nil }
            for _ in 0..<2 where text.last == padding { text.removeLast() }
        }
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var bits: UInt32 = 0
        var count = 0
        for letter in text {
            let value = values[Int(letter)]
            guard value != invalid else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        guard bits & (1 << UInt32(count) - 1) == 0 else { return nil }
        return bytes
    }
}
