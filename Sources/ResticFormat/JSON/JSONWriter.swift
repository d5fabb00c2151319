/// Writes JSON as Go's encoding/json does, byte for byte: no white space, keys in the order given, `<`, `>`, `&`,
/// U+2028 and U+2029 as escapes, bytes that are not UTF-8 as `\ufffd`.
///
/// Backspace and form feed are `\b` and `\f` as from Go 1.22 on (restic is built with Go 1.25 now); Go before that, and
/// so restic before 0.17, wrote `\u0008` and `\u000c`. Both read back alike; what is written only has to be the same
/// every time.
package struct JSONWriter {
    /// What has been written.
    package private(set) var bytes: [UInt8] = []
    /// Whether a comma has to stand before the next key or element.
    private var needsComma = false

    package init(reservingCapacity capacity: Int = 256) {
        bytes.reserveCapacity(capacity)
    }

    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    package mutating func endObject() { close(UInt8(ascii: "}")) }
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    /// Ends a document the way Go's `json.Encoder` does.
    package mutating func endLine() { bytes.append(0x0A) }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// Writes a key that needs no escapes; its value must follow.
    package mutating func key(_ key: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func null() { token("null") }
    package mutating func value(_ value: Bool) { token(value ? "true" : "false") }

    private mutating func token(_ token: StaticString) {
        separate()
        bytes.append(contentsOf: UnsafeBufferPointer(start: token.utf8Start, count: token.utf8CodeUnitCount))
    }

    package mutating func value(_ value: some BinaryInteger) {
        separate()
        bytes.append(contentsOf: String(value).utf8)
    }

    package mutating func value(_ id: ResticID) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        withUnsafeTemporaryAllocation(byteCount: ResticID.hexCount, alignment: 1) { digits in
            id.writeHex(to: digits)
            bytes.append(contentsOf: digits)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes identifiers as an array; `nil` as null.
    package mutating func value(_ ids: [ResticID]?) {
        guard let ids else { return null() }
        bytes.reserveCapacity(bytes.count + ids.count * (ResticID.hexCount + 3) + 2)
        beginArray()
        for id in ids { value(id) }
        endArray()
    }

    package mutating func value(_ string: String) {
        var string = string
        string.withUTF8 { value(utf8: UnsafeRawBufferPointer($0)) }
    }

    package mutating func value(_ strings: [String]) {
        beginArray()
        for string in strings { value(string) }
        endArray()
    }

    /// Writes bytes that should be UTF-8 as a string.
    package mutating func value(utf8: [UInt8]) {
        utf8.withUnsafeBytes { value(utf8: $0) }
    }

    /// Writes bytes in base 64, as Go writes `[]byte`.
    package mutating func value(base64 data: [UInt8]) {
        data.withUnsafeBytes { value(base64: $0) }
    }

    /// Writes bytes in base 64, as Go writes `[]byte`.
    package mutating func value(base64 data: UnsafeRawBufferPointer) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        Base64.encode(data, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    package mutating func value(_ time: GoTime) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        time.appendRFC3339(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes JSON that is compact already.
    package mutating func value(rawJSON json: [UInt8]) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// Writes bytes that should be UTF-8 as a string.
    package mutating func value(utf8: UnsafeRawBufferPointer) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        var start = 0
        var index = 0
        while index < utf8.count {
            if Self.isPlain(utf8[index]) {
                index &+= 1
                continue
            }
            if utf8[index] >= 0x80, let (scalar, length) = UTF8Sequence.decode(utf8, at: index),
                scalar != "\u{2028}", scalar != "\u{2029}"
            {
                index &+= length
                continue
            }
            bytes.append(contentsOf: utf8[start..<index])
            index &+= escape(utf8, at: index)
            start = index
        }
        bytes.append(contentsOf: utf8[start..<index])
        bytes.append(UInt8(ascii: "\""))
    }

    /// Whether a byte stands for itself in a string.
    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): false
        case 0x20..<0x80: true
        default: false
        }
    }

    /// Writes what stands for the character at `index`, and returns its length in bytes.
    private mutating func escape(_ utf8: UnsafeRawBufferPointer, at index: Int) -> Int {
        switch utf8[index] {
        case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
        case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
        case 0x08: bytes.append(contentsOf: #"\b"#.utf8)
        case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
        case 0x0A: bytes.append(contentsOf: #"\n"#.utf8)
        case 0x0C: bytes.append(contentsOf: #"\f"#.utf8)
        case 0x0D: bytes.append(contentsOf: #"\r"#.utf8)
        case let byte where byte < 0x80:
            bytes.append(contentsOf: #"\u00"#.utf8)
            bytes.append(Hexadecimal.digit(byte >> 4))
            bytes.append(Hexadecimal.digit(byte & 0x0F))
        default:
            guard let (scalar, length) = UTF8Sequence.decode(utf8, at: index) else {
                bytes.append(contentsOf: #"\ufffd"#.utf8)
                return 1
            }
            bytes.append(contentsOf: (scalar == "\u{2028}" ? #"\u2028"# : #"\u2029"#).utf8)
            return length
        }
        return 1
    }
}
