/// A string in a JSON document, as it stands there between its quotation marks; its escapes have been checked.
package struct JSONText {
    /// The bytes between the marks; valid as long as the document.
    package let raw: UnsafeRawBufferPointer
    /// Whether the text is ASCII without escapes, so that it stands for itself.
    package let isPlain: Bool

    /// Lets a `switch` over keys read like one; a key with escapes in it is nobody's.
    package static func ~= (name: StaticString, text: JSONText) -> Bool {
        guard text.raw.count == name.utf8CodeUnitCount else { return false }
        for index in 0..<text.raw.count where text.raw[index] != name.utf8Start[index] { return false }
        return true
    }

    /// The text as a string.
    package var string: String {
        isPlain ? String(decoding: raw, as: UTF8.self) : String(decoding: bytes, as: UTF8.self)
    }

    /// The text in UTF-8; what is not well-formed, in bytes or in escapes, has become U+FFFD as in Go.
    package var bytes: [UInt8] {
        if isPlain { return Array(raw) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(raw.count)
        var index = 0
        while index < raw.count {
            if raw[index] == UInt8(ascii: "\\") {
                index += unescape(at: index + 1, to: &bytes)
            } else if let (_, length) = UTF8Sequence.decode(raw, at: index) {
                bytes.append(contentsOf: raw[index..<(index + length)])
                index += length
            } else {
                UTF8Sequence.append("\u{FFFD}", to: &bytes)
                index += 1
            }
        }
        return bytes
    }

    /// Appends what the escape stands for whose letter is at `index`; returns its length, the backslash included.
    private func unescape(at index: Int, to bytes: inout [UInt8]) -> Int {
        switch raw[index] {
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"):
            let unit = codeUnit(at: index + 1)
            if let scalar = Unicode.Scalar(unit) {
                UTF8Sequence.append(scalar, to: &bytes)
            } else if let scalar = surrogatePair(unit, at: index + 5) {
                UTF8Sequence.append(scalar, to: &bytes)
                return 12
            } else {
                UTF8Sequence.append("\u{FFFD}", to: &bytes)
            }
            return 6
        case let byte: bytes.append(byte)
        }
        return 2
    }

    /// The UTF-16 code unit of the four digits at `index`.
    private func codeUnit(at index: Int) -> UInt32 {
        (index..<(index + 4)).reduce(0) { $0 << 4 | UInt32(Hexadecimal.value(raw[$1])) }
    }

    /// The scalar of a high surrogate and the escape at `index`, if that is a low one.
    private func surrogatePair(_ high: UInt32, at index: Int) -> Unicode.Scalar? {
        guard (0xD800..<0xDC00).contains(high), raw.count - index >= 6,
            raw[index] == UInt8(ascii: "\\"), raw[index + 1] == UInt8(ascii: "u")
        else { return nil }
        let low = codeUnit(at: index + 2)
        guard (0xDC00..<0xE000).contains(low) else { return nil }
        return Unicode.Scalar(0x10000 + (high & 0x3FF) << 10 + low & 0x3FF)
    }
}
