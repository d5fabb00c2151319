/// Go's `strconv.Quote` and `strconv.Unquote` between the quotation marks, which restic applies to the names of nodes
/// before JSON does its own escaping (restic internal/data/node.go, MarshalJSON): a name of any bytes becomes a string
/// of printable characters.
enum GoQuoting {
    /// The form of `name` that `strconv.Quote` writes, without the marks around it.
    static func quote(_ name: [UInt8]) -> [UInt8] {
        // Names that are plain are by far the most.
        if name.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            return name
        }
        var quoted: [UInt8] = []
        quoted.reserveCapacity(name.count + 16)
        name.withUnsafeBytes { bytes in
            var index = 0
            while index < bytes.count {
                if let (scalar, length) = UTF8Sequence.decode(bytes, at: index) {
                    append(scalar, to: &quoted)
                    index += length
                } else {
                    appendEscape("x", UInt32(bytes[index]), digits: 2, to: &quoted)
                    index += 1
                }
            }
        }
        return quoted
    }

    private static func append(_ scalar: Unicode.Scalar, to quoted: inout [UInt8]) {
        switch scalar {
        case "\"", "\\": quoted.append(contentsOf: [UInt8(ascii: "\\"), UInt8(truncatingIfNeeded: scalar.value)])
        case _ where isPrintable(scalar): UTF8Sequence.append(scalar, to: &quoted)
        case "\u{07}": quoted.append(contentsOf: "\\a".utf8)
        case "\u{08}": quoted.append(contentsOf: "\\b".utf8)
        case "\u{0C}": quoted.append(contentsOf: "\\f".utf8)
        case "\n": quoted.append(contentsOf: "\\n".utf8)
        case "\r": quoted.append(contentsOf: "\\r".utf8)
        case "\t": quoted.append(contentsOf: "\\t".utf8)
        case "\u{0B}": quoted.append(contentsOf: "\\v".utf8)
        case _ where scalar.value < 0x20 || scalar.value == 0x7F:
            appendEscape("x", scalar.value, digits: 2, to: &quoted)
        case _ where scalar.value < 0x10000: appendEscape("u", scalar.value, digits: 4, to: &quoted)
        default: appendEscape("U", scalar.value, digits: 8, to: &quoted)
        }
    }

    private static func appendEscape(_ letter: Character, _ value: UInt32, digits: Int, to quoted: inout [UInt8]) {
        quoted.append(contentsOf: "\\\(letter)".utf8)
        for position in (0..<digits).reversed() {
            quoted.append(Hexadecimal.digit(UInt8(truncatingIfNeeded: value >> UInt32(4 * position)) & 0x0F))
        }
    }

    /// Go's `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
    ///
    /// Go's tables are those of Unicode 15.0 (Go 1.21 to 1.25, which restic's current releases are built with), so
    /// characters that came later count as unassigned here too, whatever Swift's tables say. Either form reads back as
    /// the same name.
    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7F { return scalar.value >= 0x20 }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark,
            .enclosingMark, .decimalNumber, .letterNumber, .otherNumber, .connectorPunctuation, .dashPunctuation,
            .openPunctuation,
            .closePunctuation, .initialPunctuation, .finalPunctuation, .otherPunctuation, .mathSymbol, .currencySymbol,
            .modifierSymbol,
            .otherSymbol:
            guard let age = scalar.properties.age else { return false }
            return age.major < 15 || age.major == 15 && age.minor == 0
        default: return false
        }
    }

    /// The bytes that a quoted name stands for.
    ///
    /// - Returns: `nil` for an escape that Go does not know, a bare quotation mark or a bare line feed.
    static func unquote(_ quoted: UnsafeRawBufferPointer) -> [UInt8]? {
        var name: [UInt8] = []
        name.reserveCapacity(quoted.count)
        var index = 0
        while index < quoted.count {
            switch quoted[index] {
            case UInt8(ascii: "\\"):
                guard let length = unescape(quoted, at: index + 1, to: &name) else { return nil }
                index += 1 + length
            case UInt8(ascii: "\""), UInt8(ascii: "\n"): return nil
            case let byte:
                name.append(byte)
                index += 1
            }
        }
        return name
    }

    /// Appends what the escape after a backslash stands for; returns its length, or `nil` if there is none.
    private static func unescape(_ quoted: UnsafeRawBufferPointer, at index: Int, to name: inout [UInt8]) -> Int? {
        guard index < quoted.count else { return nil }
        switch quoted[index] {
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): name.append(quoted[index])
        case UInt8(ascii: "a"): name.append(0x07)
        case UInt8(ascii: "b"): name.append(0x08)
        case UInt8(ascii: "f"): name.append(0x0C)
        case UInt8(ascii: "n"): name.append(0x0A)
        case UInt8(ascii: "r"): name.append(0x0D)
        case UInt8(ascii: "t"): name.append(0x09)
        case UInt8(ascii: "v"): name.append(0x0B)
        case UInt8(ascii: "x"):
            guard let value = number(quoted, at: index + 1, digits: 2, base: 16) else { return nil }
            name.append(UInt8(value))
            return 3
        case UInt8(ascii: "u"): return unescapeScalar(quoted, at: index + 1, digits: 4, to: &name)
        case UInt8(ascii: "U"): return unescapeScalar(quoted, at: index + 1, digits: 8, to: &name)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            guard let value = number(quoted, at: index, digits: 3, base: 8), value < 256 else { return nil }
            name.append(UInt8(value))
            return 3
        default: return nil
        }
        return 1
    }

    private static func unescapeScalar(
        _ quoted: UnsafeRawBufferPointer,
        at index: Int,
        digits: Int,
        to name: inout [UInt8]
    ) -> Int? {
        guard let value = number(quoted, at: index, digits: digits, base: 16), let scalar = Unicode.Scalar(value) else {
            return nil
        }
        UTF8Sequence.append(scalar, to: &name)
        return 1 + digits
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, at index: Int, digits: Int, base: UInt32) -> UInt32? {
        guard bytes.count - index >= digits else { return nil }
        var number: UInt32 = 0
        for position in index..<(index + digits) {
            let value = UInt32(Hexadecimal.value(bytes[position]))
            guard value < base else { return nil }
            number = number &* base &+ value
        }
        return number
    }
}
