extension GoTime {
    /// Reads a time of RFC 3339, as Go reads it from JSON.
    ///
    /// - Parameter text: for example `2026-03-02T10:15:00.25+01:00`; the fraction may be absent, and digits beyond the
    ///   ninth are cut off.
    /// - Returns: `nil` when it is none, or no such day or time of day exists.
    public init?(rfc3339 text: String) {
        let time = Array(text.utf8).withUnsafeBytes { Self(rfc3339: $0) }
        guard let time else { return nil }
        self = time
    }

    /// Reads a time of RFC 3339 in ASCII; see ``init(rfc3339:)-(String)``.
    init?(rfc3339 text: UnsafeRawBufferPointer) {
        // yyyy-mm-ddThh:mm:ss, then a fraction if there is one, then Z or ±hh:mm.
        guard text.count >= 20,
            let year = Self.number(text, at: 0, digits: 4, limit: 9999), text[4] == UInt8(ascii: "-"),
            let month = Self.number(text, at: 5, digits: 2, limit: 12), text[7] == UInt8(ascii: "-"),
            let day = Self.number(text, at: 8, digits: 2, limit: 31), text[10] == UInt8(ascii: "T"),
            let hour = Self.number(text, at: 11, digits: 2, limit: 23), text[13] == UInt8(ascii: ":"),
            let minute = Self.number(text, at: 14, digits: 2, limit: 59), text[16] == UInt8(ascii: ":"),
            let second = Self.number(text, at: 17, digits: 2, limit: 59)
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        guard month > 0, day > 0, date == CivilDate(daysSince1970: date.daysSince1970) else { return nil }
        var position = 19
        guard let nanoseconds = Self.fraction(text, at: &position), let offset = Self.offset(text, at: position) else {
            return nil
        }
        let local = date.daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second
        self.init(seconds: local - offset, nanoseconds: nanoseconds, utcOffsetSeconds: Int32(offset))
    }

    private static func number(_ text: UnsafeRawBufferPointer, at index: Int, digits: Int, limit: Int64) -> Int64? {
        var number: Int64 = 0
        for position in index..<(index + digits) {
            let digit = text[position] &- 0x30
            guard digit < 10 else { return nil }
            number = number * 10 + Int64(digit)
        }
        return number <= limit ? number : nil
    }

    /// The nanoseconds of the fraction at `position`, which is moved past it; zero if there is none.
    private static func fraction(_ text: UnsafeRawBufferPointer, at position: inout Int) -> Int64? {
        guard text[position] == UInt8(ascii: ".") else { return 0 }
        position += 1
        let start = position
        var nanoseconds: Int64 = 0
        var unit: Int64 = 100_000_000
        while position < text.count, case let digit = text[position] &- 0x30, digit < 10 {
            nanoseconds += Int64(digit) * unit
            unit /= 10
            position += 1
        }
        return position > start ? nanoseconds : nil
    }

    /// The offset in seconds that is all that stands from `position` on.
    private static func offset(_ text: UnsafeRawBufferPointer, at position: Int) -> Int64? {
        if text.count == position + 1, text[position] == UInt8(ascii: "Z") { return 0 }
        guard text.count == position + 6, text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-"),
            let hours = number(text, at: position + 1, digits: 2, limit: 23), text[position + 3] == UInt8(ascii: ":"),
            let minutes = number(text, at: position + 4, digits: 2, limit: 59)
        else { return nil }
        return (text[position] == UInt8(ascii: "-") ? -1 : 1) * (hours * 3_600 + minutes * 60)
    }

    /// The time as Go's `time.Time` writes itself to JSON: the fraction without trailing zeros, `Z` for no offset.
    public var rfc3339: String {
        var bytes: [UInt8] = []
        appendRFC3339(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the time in ASCII; see ``rfc3339``.
    func appendRFC3339(to bytes: inout [UInt8]) {
        let (days, clock) = Self.floorDivide(seconds + Int64(utcOffsetSeconds), by: 86_400)
        let date = CivilDate(daysSince1970: days)
        Self.append(date.year, digits: 4, to: &bytes)
        for (mark, number) in [
            ("-", date.month), ("-", date.day), ("T", clock / 3_600), (":", clock / 60 % 60), (":", clock % 60),
        ] as [(Unicode.Scalar, Int64)] {
            bytes.append(UInt8(ascii: mark))
            Self.append(number, digits: 2, to: &bytes)
        }
        if nanoseconds != 0 {
            bytes.append(UInt8(ascii: "."))
            Self.append(Int64(nanoseconds), digits: 9, to: &bytes)
            while bytes.last == UInt8(ascii: "0") { bytes.removeLast() }
        }
        guard utcOffsetSeconds != 0 else { return bytes.append(UInt8(ascii: "Z")) }
        bytes.append(utcOffsetSeconds < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        let minutes = Int64(abs(utcOffsetSeconds)) / 60
        Self.append(minutes / 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        Self.append(minutes % 60, digits: 2, to: &bytes)
    }

    private static func append(_ number: Int64, digits: Int, to bytes: inout [UInt8]) {
        var unit: Int64 = 1
        for _ in 1..<digits { unit *= 10 }
        while unit > 0 {
            bytes.append(0x30 + UInt8(number / unit % 10))
            unit /= 10
        }
    }
}

extension GoTime: CustomStringConvertible {
    /// The time of ``rfc3339``.
    public var description: String { rfc3339 }
}
