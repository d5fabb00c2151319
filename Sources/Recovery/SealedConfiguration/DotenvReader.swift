/// Reads the keys of a file of variables: `NAME=value` on a line, `export` before it, `#` comments, quotes that may go over
/// several lines. There is no standard; this is what docker, compose and the dotenv libraries have in common.
enum DotenvReader {
    /// - Returns: `nil` unless every line is understood: a line of a private key must not be taken for a name.
    static func read(_ bytes: [UInt8]) -> [ConfigurationKeys.Entry]? {
        guard String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(0) else { return nil }
        var reader = Lines(bytes: bytes)
        var entries: [ConfigurationKeys.Entry] = []
        while let line = reader.next() {
            let text = trimmed(line)
            if text.isEmpty || text.first == UInt8(ascii: "#") { continue }
            guard entries.count <= ConfigurationKeys.maximumCount, let entry = entry(text, &reader) else { return nil }
            entries.append(entry)
        }
        return entries
    }

    private static func entry(_ line: ArraySlice<UInt8>, _ reader: inout Lines) -> ConfigurationKeys.Entry? {
        let export = Array("export ".utf8)
        let line = line.starts(with: export) ? trimmed(line.dropFirst(export.count)) : line
        guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let name = String(decoding: trimmedEnd(line[..<equals]), as: UTF8.self)
        let rest = trimmed(line[(equals + 1)...])
        guard KeyName.isPlausible(name), !looksEncoded(line) else { return nil }
        guard let value = value(rest, &reader) else { return nil }
        return .init(name: name, value: value)
    }

    private static func value(_ rest: ArraySlice<UInt8>, _ reader: inout Lines) -> [UInt8]? {
        guard let quote = rest.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            return Array(withoutComment(rest))
        }
        var value: [UInt8] = []
        var current = rest.dropFirst()
        while true {
            if let end = closing(quote, in: current) {
                value += current[..<end]
                let after = trimmed(current[(end + 1)...])
                return after.isEmpty || after.first == UInt8(ascii: "#") ? value : nil
            }
            value += current + [UInt8(ascii: "\n")]
            guard let next = reader.next() else { return nil }
            current = next
        }
    }

    private static func closing(_ quote: UInt8, in text: ArraySlice<UInt8>) -> Int? {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                index += 2
                continue
            }
            if text[index] == quote { return index }
            index += 1
        }
        return nil
    }

    /// A `#` after a blank begins a comment.
    private static func withoutComment(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var previous: UInt8 = 0
        for index in text.indices {
            if text[index] == UInt8(ascii: "#"), isBlank(previous) { return trimmedEnd(text[..<index]) }
            previous = text[index]
        }
        return text
    }

    /// Whether a line is more likely the end of something in base 64 than a name with nothing after the `=`.
    private static func looksEncoded(_ line: ArraySlice<UInt8>) -> Bool {
        let padding = line.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        let body = line.dropLast(padding)
        guard padding > 0, !body.contains(UInt8(ascii: "=")) else { return false }
        guard padding == 1 else { return true }
        return line.count >= 8 && line.count % 4 == 0
            && body.contains { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func trimmedEnd(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while let last = text.last, isBlank(last) || last == UInt8(ascii: "\r") { text.removeLast() }
        return text
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        trimmedEnd(text.drop(while: isBlank))
    }

    private struct Lines {
        let bytes: [UInt8]
        var index = 0

        mutating func next() -> ArraySlice<UInt8>? {
            guard index < bytes.count else { return nil }
            let end = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            defer { index = end + 1 }
            return bytes[index..<end]
        }
    }
}
