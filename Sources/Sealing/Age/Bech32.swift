/// Bech32 of BIP 173 without its limit of length: how age writes keys down, with a checksum against slips of the pen.
enum Bech32 {
    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    private static let separator = UInt8(ascii: "1")
    private static let checksumLength = 6
    // BIP 173, section Checksum.
    private static let generator: [UInt32] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3]

    /// Writes bytes down behind a prefix in lower case.
    static func encode(prefix: String, bytes: some Sequence<UInt8>) -> String {
        let prefix = Array(prefix.utf8)
        var digits = regroup(bytes, from: 8, to: 5, padded: true) ?? []
        var checksum = Checksum(prefix: prefix)
        for digit in digits { checksum.take(digit) }
        for _ in 0..<checksumLength { checksum.take(0) }
        let value = checksum.value ^ 1
        digits += (0..<checksumLength).map { UInt8(value >> UInt32(5 * (checksumLength - 1 - $0)) & 31) }
        defer { wipe(&digits) }
        return String(decoding: prefix + [separator] + digits.map { alphabet[Int($0)] }, as: UTF8.self)
    }

    /// Reads prefix and bytes.
    ///
    /// - Returns: the prefix in the case it came in; `nil` for mixed case, foreign characters, a wrong checksum, or padding
    ///   bits that are set.
    static func decode(_ text: some StringProtocol) -> (prefix: String, bytes: [UInt8])? {
        var letters = Array(text.utf8)
        defer { wipe(&letters) }
        guard letters.allSatisfy({ (33...126).contains($0) }) else { return nil }
        let hasUpper = letters.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        let hasLower = letters.contains { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        guard !(hasUpper && hasLower), let end = letters.lastIndex(of: separator), end > 0,
            letters.count - end - 1 >= checksumLength
        else { return nil }
        let prefix = String(decoding: letters[..<end], as: UTF8.self)
        if hasUpper { for index in letters.indices where (65...90).contains(letters[index]) { letters[index] += 32 } }

        var checksum = Checksum(prefix: Array(letters[..<end]))
        var digits: [UInt8] = []
        // Growing would leave copies behind that nobody wipes; also below.
        digits.reserveCapacity(letters.count)
        defer { wipe(&digits) }
        for letter in letters[(end + 1)...] {
            guard let digit = alphabet.firstIndex(of: letter) else { return nil }
            digits.append(UInt8(digit))
            checksum.take(UInt8(digit))
        }
        guard checksum.value == 1 else { return nil }
        guard let bytes = regroup(digits.dropLast(checksumLength), from: 5, to: 8, padded: false) else { return nil }
        return (prefix, bytes)
    }

    private struct Checksum {
        var value: UInt32 = 1

        init(prefix: [UInt8]) {
            for letter in prefix { take(letter >> 5) }
            take(0)
            for letter in prefix { take(letter & 31) }
        }

        mutating func take(_ digit: UInt8) {
            let top = value >> 25
            value = (value & 0x1FF_FFFF) << 5 ^ UInt32(digit)
            for bit in 0..<5 where top >> UInt32(bit) & 1 == 1 { value ^= Bech32.generator[bit] }
        }
    }

    /// Cuts digits of one width into digits of another.
    ///
    /// - Returns: `nil` when, unpadded, a whole digit or a set bit is left over.
    private static func regroup(_ digits: some Sequence<UInt8>, from: Int, to: Int, padded: Bool) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity((digits.underestimatedCount * from + to - 1) / to)
        var bits: UInt32 = 0
        var count = 0
        for digit in digits {
            bits = bits << UInt32(from) | UInt32(digit)
            count += from
            while count >= to {
                count -= to
                result.append(UInt8(bits >> UInt32(count) & (1 << UInt32(to) - 1)))
            }
            bits &= 1 << UInt32(count) - 1
        }
        if padded {
            if count > 0 { result.append(UInt8(bits << UInt32(to - count) & (1 << UInt32(to) - 1))) }
        } else if count >= from || bits != 0 {
            return nil
        }
        return result
    }
}
