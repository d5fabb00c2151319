/// A cursor over JSON text, from which values or whole typed structures are taken one piece at a time.
///
/// Points are read through this directly, so that a page of vectors becomes arrays of `Float` without an intermediate
/// value per number. Grammar: RFC 8259, nothing more lenient.
struct JSONScanner {
    let bytes: [UInt8]
    private(set) var position = 0
    private var depth = 0
    private let limits: JSONLimits

    init(_ bytes: [UInt8], limits: JSONLimits) throws(JSONError) {
        guard bytes.count <= limits.byteCount else {
            throw JSONError(.tooLarge, "more than \(limits.byteCount) bytes of JSON")
        }
        self.bytes = bytes
        self.limits = limits
    }

    // MARK: Structure

    /// The first byte of the next value, behind white space.
    mutating func peek() throws(JSONError) -> UInt8 {
        skipWhitespace()
        guard position < bytes.count else { throw malformed("unexpected end") }
        return bytes[position]
    }

    /// Takes an object, calling `member` once per key with the cursor on its value.
    ///
    /// `member` must take exactly one value.
    mutating func object(_ member: (inout JSONScanner, String) throws(JSONError) -> Void) throws(JSONError) {
        try open("{", "expected an object")
        var isFirst = true
        while try !close("}", isFirst: isFirst) {
            isFirst = false
            guard try peek() == UInt8(ascii: "\"") else { throw malformed("expected a key") }
            let key = try string()
            try expect(":")
            try member(&self, key)
        }
    }

    /// Takes an array, calling `element` with the cursor on each element.
    ///
    /// `element` must take exactly one value.
    mutating func array(_ element: (inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
        try open("[", "expected an array")
        var isFirst = true
        while try !close("]", isFirst: isFirst) {
            isFirst = false
            try element(&self)
        }
    }

    /// Takes `null` if that is next.
    mutating func null() throws(JSONError) -> Bool {
        guard try peek() == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    /// Makes sure that only white space is left.
    mutating func end() throws(JSONError) {
        skipWhitespace()
        guard position == bytes.count else { throw malformed("unexpected text after the value") }
    }

    func malformed(_ message: String) -> JSONError {
        JSONError(.malformed, message, offset: position)
    }

    func unexpected(_ message: String) -> JSONError {
        JSONError(.unexpectedKind, message, offset: position)
    }

    private mutating func open(_ bracket: Unicode.Scalar, _ message: String) throws(JSONError) {
        guard try peek() == UInt8(ascii: bracket) else { throw unexpected(message) }
        position += 1
        depth += 1
        guard depth <= limits.depth else {
            throw JSONError(.tooDeep, "nested deeper than \(limits.depth)", offset: position)
        }
    }

    /// Takes the closing bracket, or the comma before the next element.
    private mutating func close(_ bracket: Unicode.Scalar, isFirst: Bool) throws(JSONError) -> Bool {
        if try peek() == UInt8(ascii: bracket) {
            position += 1
            depth -= 1
            return true
        }
        if !isFirst { try expect(",") }
        return false
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(JSONError) {
        guard try peek() == UInt8(ascii: character) else { throw malformed("expected '\(character)'") }
        position += 1
    }

    mutating func literal(_ word: StaticString) throws(JSONError) {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count,
            bytes[position..<end].elementsEqual(
                UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
            )
        else { throw malformed("expected '\(word)'") }
        position = end
    }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    // MARK: Numbers

    /// Takes a number as the value that loses nothing.
    mutating func number() throws(JSONError) -> JSONValue {
        _ = try peek()
        let start = position
        guard let value = try decimal().value(text(from: start)) else {
            throw JSONError(.numberOutOfRange, "a number too large for 64 bits", offset: start)
        }
        return value
    }

    /// Takes a number as the nearest `Float`.
    mutating func float() throws(JSONError) -> Float {
        _ = try peek()
        let start = position
        guard let value = try decimal().float(text(from: start)) else {
            throw JSONError(.numberOutOfRange, "a number too large for 32 bits", offset: start)
        }
        return value
    }

    private func text(from start: Int) -> String {
        String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func decimal() throws(JSONError) -> JSONNumber {
        var number = JSONNumber()
        if bytes[position] == UInt8(ascii: "-") {
            number.isNegative = true
            position += 1
        }
        let firstDigit = position
        guard takeDigits(into: &number) > 0 else { throw unexpected("expected a number") }
        if bytes[firstDigit] == UInt8(ascii: "0"), position - firstDigit > 1 {
            throw malformed("a number with a leading zero")
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            number.isInteger = false
            number.exponent = -takeDigits(into: &number)
            guard number.exponent < 0 else { throw malformed("expected a digit") }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            number.isInteger = false
            number.exponent += try takeExponent()
        }
        return number
    }

    /// Takes digits and appends them to those of `number`.
    ///
    /// - Returns: how many there were.
    private mutating func takeDigits(into number: inout JSONNumber) -> Int {
        var end = position
        var digits = number.digits
        while end < bytes.count, case let digit = bytes[end] &- 0x30, digit < 10 {
            let (shifted, overflow) = digits.multipliedReportingOverflow(by: 10)
            let (sum, carry) = shifted.addingReportingOverflow(UInt64(digit))
            if overflow || carry { number.isComplete = false }
            digits = sum
            end += 1
        }
        number.digits = digits
        defer { position = end }
        return end - position
    }

    private mutating func takeExponent() throws(JSONError) -> Int {
        var isNegative = false
        if position < bytes.count, bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+") {
            isNegative = bytes[position] == UInt8(ascii: "-")
            position += 1
        }
        var exponent = JSONNumber()
        guard takeDigits(into: &exponent) > 0 else { throw malformed("expected a digit") }
        // Far outside what any float reaches; the exact value no longer matters, and sums of it cannot overflow.
        let magnitude = exponent.isComplete ? Int(min(exponent.digits, 100_000)) : 100_000
        return isNegative ? -magnitude : magnitude
    }

    // MARK: Strings

    /// Takes a string.
    mutating func string() throws(JSONError) -> String {
        guard try peek() == UInt8(ascii: "\"") else { throw unexpected("expected a string") }
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                defer { position += 1 }
                return try validated(bytes[start..<position], at: start)
            case UInt8(ascii: "\\"):
                return try escapedString(from: start)
            case 0..<0x20:
                throw malformed("a control character in a string")
            default:
                position += 1
            }
        }
        throw malformed("unexpected end of a string")
    }

    /// Takes the rest of a string whose first escape the cursor is on.
    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return try validated(text[...], at: start)
            case UInt8(ascii: "\\"): try takeEscape(into: &text)
            case 0..<0x20: throw malformed("a control character in a string")
            default: text.append(byte)
            }
        }
        throw malformed("unexpected end of a string")
    }

    private mutating func takeEscape(into text: inout [UInt8]) throws(JSONError) {
        guard position < bytes.count else { throw malformed("unexpected end of a string") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: String(Character(try unicodeEscape())).utf8)
        default: throw malformed("an unknown escape")
        }
    }

    /// Takes the four digits of `\uXXXX`, and a second escape when they are the first half of a surrogate pair.
    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let first = try fourHexDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(UInt16(first)), position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { throw JSONError(.invalidUnicode, "half a surrogate pair", offset: position) }
        position += 2
        let second = try fourHexDigits()
        guard UTF16.isTrailSurrogate(UInt16(second)),
            let scalar = Unicode.Scalar(0x10000 + (first & 0x3FF) << 10 + (second & 0x3FF))
        else { throw JSONError(.invalidUnicode, "half a surrogate pair", offset: position) }
        return scalar
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue,
                bytes[position] < 0x80
            else { throw malformed("expected a hexadecimal digit") }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private func validated(_ text: ArraySlice<UInt8>, at offset: Int) throws(JSONError) -> String {
        guard let string = String(validating: text, as: UTF8.self) else {
            throw JSONError(.invalidUnicode, "a string that is not UTF-8", offset: offset)
        }
        return string
    }
}
