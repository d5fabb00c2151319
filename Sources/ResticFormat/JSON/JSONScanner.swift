/// A pull scanner over one JSON document, for input that nobody vouches for.
///
/// It reads what Go's encoding/json reads and refuses the rest: other white space, control characters in strings,
/// leading zeros, anything after the document, nesting beyond ``maximumDepth``. It never looks outside its bytes and
/// builds nothing that the caller does not ask for; unknown keys are checked and skipped.
package struct JSONScanner {
    /// How deep arrays and objects may nest; restic's documents need four, generic attributes a few more.
    package static let maximumDepth = 64

    private let bytes: UnsafeRawBufferPointer
    /// Where the scanner stands, in bytes from the start.
    package private(set) var position = 0
    private var depth = 0

    /// Scans `bytes`, which must outlive the scanner and every slice taken from it.
    package init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    // MARK: Failing

    /// The error for bytes that are not what `expectation` says, or for their end.
    package func failure(_ expectation: String) -> ResticFormatError {
        position < bytes.count
            ? ResticFormatError(.malformed, "expected \(expectation) at byte \(position) of a JSON document")
            : ResticFormatError(
                .truncated,
                "a JSON document ends after \(bytes.count) bytes where \(expectation) should stand"
            )
    }

    private func outOfRange(_ type: String) -> ResticFormatError {
        ResticFormatError(.outOfRange, "the number before byte \(position) of a JSON document does not fit \(type)")
    }

    // MARK: Structure

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position &+= 1
            default: return
            }
        }
    }

    /// Passes white space and `byte` if it comes next.
    private mutating func consume(_ byte: UInt8) -> Bool {
        skipWhitespace()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position &+= 1
        return true
    }

    private mutating func enter(_ bracket: UInt8, _ name: String) throws(ResticFormatError) {
        guard consume(bracket) else { throw failure(name) }
        depth += 1
        guard depth <= Self.maximumDepth else {
            throw ResticFormatError(.tooDeep, "a JSON document nests deeper than \(Self.maximumDepth) levels")
        }
    }

    /// Reads an object, calling `member` with each key; it must read or skip the value.
    @inline(__always)
    package mutating func object(
        _ member: (inout JSONScanner, JSONText) throws(ResticFormatError) -> Void
    ) throws(ResticFormatError) {
        try enter(UInt8(ascii: "{"), "an object")
        if consume(UInt8(ascii: "}")) {
            depth -= 1
            return
        }
        repeat {
            let key = try string()
            guard consume(UInt8(ascii: ":")) else { throw failure("a colon") }
            try member(&self, key)
        } while consume(UInt8(ascii: ","))
        guard consume(UInt8(ascii: "}")) else { throw failure("a comma or the end of an object") }
        depth -= 1
    }

    /// Reads an array, calling `element` before each value; it must read or skip it. Null counts as an empty array.
    @inline(__always)
    package mutating func array(
        _ element: (inout JSONScanner) throws(ResticFormatError) -> Void
    ) throws(ResticFormatError) {
        if try null() { return }
        try enter(UInt8(ascii: "["), "an array")
        if consume(UInt8(ascii: "]")) {
            depth -= 1
            return
        }
        repeat { try element(&self) } while consume(UInt8(ascii: ","))
        guard consume(UInt8(ascii: "]")) else { throw failure("a comma or the end of an array") }
        depth -= 1
    }

    /// Makes sure that nothing but white space follows.
    package mutating func finish() throws(ResticFormatError) {
        skipWhitespace()
        guard position == bytes.count else { throw failure("the end") }
    }

    // MARK: Values

    /// Passes a null if one comes next; else stays, and returns `false`.
    package mutating func null() throws(ResticFormatError) -> Bool {
        skipWhitespace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    private mutating func literal(_ literal: StaticString) throws(ResticFormatError) {
        for index in 0..<literal.utf8CodeUnitCount {
            guard position < bytes.count, bytes[position] == literal.utf8Start[index] else {
                throw failure("\(literal)")
            }
            position &+= 1
        }
    }

    /// Reads true or false.
    package mutating func bool() throws(ResticFormatError) -> Bool {
        skipWhitespace()
        guard position < bytes.count else { throw failure("true or false") }
        let value = bytes[position] == UInt8(ascii: "t")
        try literal(value ? "true" : "false")
        return value
    }

    /// Reads a string, and leaves it as it stands.
    package mutating func string() throws(ResticFormatError) -> JSONText {
        guard consume(UInt8(ascii: "\"")) else { throw failure("a string") }
        let start = position
        var isPlain = true
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position &+= 1
                return JSONText(
                    raw: UnsafeRawBufferPointer(rebasing: bytes[start..<(position &- 1)]),
                    isPlain: isPlain
                )
            }
            guard byte >= 0x20 else { throw failure("no control character") }
            if byte == UInt8(ascii: "\\") {
                try escape()
                isPlain = false
            } else {
                if byte >= 0x80 { isPlain = false }
                position &+= 1
            }
        }
        throw failure("the end of a string")
    }

    /// Passes an escape after checking it.
    private mutating func escape() throws(ResticFormatError) {
        position &+= 1
        guard position < bytes.count else { throw failure("an escape") }
        switch bytes[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            position &+= 1
        case UInt8(ascii: "u"):
            position &+= 1
            for _ in 0..<4 {
                guard position < bytes.count, Hexadecimal.value(bytes[position]) < 16 else {
                    throw failure("four hexadecimal digits")
                }
                position &+= 1
            }
        default: throw failure("an escape")
        }
    }

    /// Reads a string in UTF-8; null is empty.
    package mutating func utf8() throws(ResticFormatError) -> [UInt8] {
        try null() ? [] : string().bytes
    }

    /// Reads a string; null is empty.
    package mutating func text() throws(ResticFormatError) -> String {
        try null() ? "" : string().string
    }

    /// Reads an array of strings; null is empty.
    package mutating func texts() throws(ResticFormatError) -> [String] {
        var texts: [String] = []
        try array { scanner throws(ResticFormatError) in texts.append(try scanner.text()) }
        return texts
    }

    /// Reads an identifier; `nil` for null.
    package mutating func optionalID() throws(ResticFormatError) -> ResticID? {
        try null() ? nil : id()
    }

    /// Reads a time; null is the zero time, as in Go.
    package mutating func time() throws(ResticFormatError) -> GoTime {
        if try null() { return .zero }
        let text = try string()
        guard let time = GoTime(rfc3339: text.raw) else { throw failure("a time of RFC 3339 before this") }
        return time
    }

    /// Reads an identifier: 64 lower-case hexadecimal digits.
    package mutating func id() throws(ResticFormatError) -> ResticID {
        let text = try string()
        guard let id = ResticID(hexDigits: text.raw) else { throw failure("64 hexadecimal digits before this") }
        return id
    }

    /// Reads a string in base 64; null is no bytes.
    package mutating func base64() throws(ResticFormatError) -> [UInt8] {
        if try null() { return [] }
        let text = try string()
        let bytes = text.isPlain ? Base64.decode(text.raw) : text.bytes.withUnsafeBytes { Base64.decode($0) }
        guard let bytes else { throw failure("base 64 before this") }
        return bytes
    }

    /// Reads an integer that is not negative; null is zero. A fraction or an exponent is refused, as Go refuses it.
    package mutating func unsigned<T: UnsignedInteger & FixedWidthInteger>(
        _ type: T.Type = T.self
    ) throws(ResticFormatError) -> T {
        if try null() { return 0 }  // passes white space as well
        let magnitude = try digits()
        guard let value = T(exactly: magnitude) else { throw outOfRange("\(type)") }
        return value
    }

    /// Reads an integer; null is zero. A fraction or an exponent is refused, as Go refuses it.
    package mutating func signed<T: SignedInteger & FixedWidthInteger>(
        _ type: T.Type = T.self
    ) throws(ResticFormatError) -> T {
        if try null() { return 0 }
        let isNegative = consume(UInt8(ascii: "-"))
        let magnitude = try digits()
        let value = isNegative ? T(exactly: -Int128(magnitude)) : T(exactly: magnitude)
        guard let value else { throw outOfRange("\(type)") }
        return value
    }

    private mutating func digits() throws(ResticFormatError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        var overflow = false
        while position < bytes.count, case let digit = bytes[position] &- 0x30, digit < 10 {
            let (product, first) = value.multipliedReportingOverflow(by: 10)
            let (sum, second) = product.addingReportingOverflow(UInt64(digit))
            overflow = overflow || first || second
            value = sum
            position &+= 1
        }
        guard position > start, !isNumberContinued else { throw failure("an integer") }
        try checkLeadingZero(from: start)
        guard !overflow else { throw outOfRange("64 bits") }
        return value
    }

    /// Refuses digits from `start` up to here that begin with a zero they do not need.
    private func checkLeadingZero(from start: Int) throws(ResticFormatError) {
        guard position == start + 1 || bytes[start] != UInt8(ascii: "0") else {
            throw ResticFormatError(.malformed, "a number with a leading zero at byte \(start) of a JSON document")
        }
    }

    private var isNumberContinued: Bool {
        guard position < bytes.count else { return false }
        return switch bytes[position] {
        case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "-"), UInt8(ascii: "+"): true
        default: false
        }
    }

    // MARK: Skipping

    /// Checks and passes any value, and returns the bytes it stands in.
    @discardableResult
    package mutating func skip() throws(ResticFormatError) -> UnsafeRawBufferPointer {
        skipWhitespace()
        let start = position
        guard position < bytes.count else { throw failure("a value") }
        switch bytes[position] {
        case UInt8(ascii: "{"): try object { scanner, _ throws(ResticFormatError) in try scanner.skip() }
        case UInt8(ascii: "["): try array { scanner throws(ResticFormatError) in try scanner.skip() }
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try bool()
        case UInt8(ascii: "n"): _ = try null()
        default: try skipNumber()
        }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
    }

    private mutating func skipNumber() throws(ResticFormatError) {
        _ = consume(UInt8(ascii: "-"))
        let start = position
        try skipDigits()
        try checkLeadingZero(from: start)
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position &+= 1
            try skipDigits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position &+= 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position &+= 1
            }
            try skipDigits()
        }
    }

    private mutating func skipDigits() throws(ResticFormatError) {
        let start = position
        while position < bytes.count, bytes[position] &- 0x30 < 10 { position &+= 1 }
        guard position > start else { throw failure("a digit") }
    }
}
