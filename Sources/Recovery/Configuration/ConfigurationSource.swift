/// A place in a configuration file; line and column from 1, the column in Unicode scalars.
struct ConfigurationPosition: Sendable, Hashable, Comparable {
    var line: Int
    var column: Int

    static func < (left: Self, right: Self) -> Bool { (left.line, left.column) < (right.line, right.column) }
}

/// The text of a configuration file, by lines, and what of a line may be shown.
struct ConfigurationSource: Sendable {
    /// The file as whoever asked for it named it.
    let file: String
    let scalars: [Unicode.Scalar]
    /// Each line's scalars, without the line break.
    let lines: [Range<Int>]

    init(file: String, text: String) {
        self.file = file
        let scalars = Array(text.unicodeScalars)
        self.scalars = scalars
        lines = Self.lines(of: scalars)
    }

    /// The breaks are those of libyaml (CR, LF, CR LF, NEL, LS, PS), so that its line numbers are ours.
    private static func lines(of scalars: [Unicode.Scalar]) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = 0
        var index = 0
        while index < scalars.count {
            defer { index += 1 }
            guard isBreak(scalars[index]) else { continue }
            lines.append(start..<index)
            if scalars[index] == "\r", index + 1 < scalars.count, scalars[index + 1] == "\n" { index += 1 }
            start = index + 1
        }
        lines.append(start..<scalars.count)
        return lines
    }

    static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\r", "\n", "\u{85}", "\u{2028}", "\u{2029}": true
        default: false
        }
    }

    /// Index of a place in `scalars`, or `nil` when there is nothing.
    func index(of position: ConfigurationPosition) -> Int? {
        guard lines.indices.contains(position.line - 1) else { return nil }
        let index = lines[position.line - 1].lowerBound + position.column - 1
        return scalars.indices.contains(index) ? index : nil
    }

    func line(_ number: Int) -> [Unicode.Scalar] {
        lines.indices.contains(number - 1) ? Array(scalars[lines[number - 1]]) : []
    }
}

extension ConfigurationSource {
    /// How much of the line of a finding may be shown.
    enum Revealing {
        /// The key only.
        case key
        /// Key and value: the value is one that is no secret.
        case value
        /// Key and value, if the key is one of the schema: the file is not understood, so its other lines may be anything.
        case knownValue
        /// The key, if it is one of the schema; nothing else.
        case nothing
    }

    /// Longest piece of a line that is shown, in characters.
    private static let maximumWidth = 120
    private static let mask = Array("********".unicodeScalars)

    /// The line of a finding, with everything hidden that may be a secret.
    func quotation(at position: ConfigurationPosition, revealing: Revealing) -> ConfigurationDiagnostic.Quotation? {
        let line = line(position.line)
        guard !line.allSatisfy(\.properties.isWhitespace) else { return nil }
        let column = min(position.column - 1, line.count)
        switch revealing {
        case .value where Self.isHarmless(line):
            return Self.fit(Self.withoutComment(line, after: column), caret: column)
        case .knownValue where Self.isHarmless(line) && Self.hasKnownKey(line):
            return Self.fit(Self.withoutComment(line, after: column), caret: column)
        case .key where Self.isStructure(line[..<column]):
            let end = line[column...].firstIndex(of: ":").map { $0 + 1 } ?? line.count
            guard Self.isPlausibleKey(line[column..<end]) else { return Self.hidden(line, column) }
            let hasValue = !line[end...].allSatisfy(\.properties.isWhitespace)
            return Self.fit(Array(line[..<end]) + (hasValue ? [" "] + Self.mask : []), caret: column)
        case .key, .value, .knownValue, .nothing: return Self.hidden(line, column)
        }
    }

    private static func hidden(_ line: [Unicode.Scalar], _ column: Int) -> ConfigurationDiagnostic.Quotation {
        let known = knownPrefix(of: line)
        return fit(Array(line[..<known]) + mask, caret: column <= known ? column : nil)
    }

    /// Length of the indentation and dashes, and of a key of the schema with its colon and blanks if one follows.
    private static func knownPrefix(of line: [Unicode.Scalar]) -> Int {
        let start = line.firstIndex { $0 != " " && $0 != "-" } ?? line.count
        guard let colon = line[start...].firstIndex(of: ":"),
            ConfigurationSchema.allKeys.contains(text(line[start..<colon]))
        else { return start }
        return line[(colon + 1)...].firstIndex { $0 != " " } ?? line.count
    }

    private static func hasKnownKey(_ line: [Unicode.Scalar]) -> Bool {
        line[..<knownPrefix(of: line)].contains(":")
    }

    private static func isStructure(_ prefix: ArraySlice<Unicode.Scalar>) -> Bool {
        prefix.allSatisfy { $0 == " " || $0 == "-" }
    }

    /// A key is shown only when it looks like one: a secret in the wrong place usually does not.
    static func isPlausibleKey(_ key: some Collection<Unicode.Scalar>) -> Bool {
        key.count <= 41
            && key.allSatisfy { scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".", ":", "\"", "'": true
                default: false
                }
            }
    }

    /// Whether a line with a value that is no secret itself holds nothing else that may be one.
    private static func isHarmless(_ line: [Unicode.Scalar]) -> Bool {
        let text = text(line[...]).lowercased()
        return !["{", "@", "password", "api_key", "apikey", "secret", "token", "passphrase"].contains(
            where: text.contains
        )
    }

    private static func withoutComment(_ line: [Unicode.Scalar], after column: Int) -> [Unicode.Scalar] {
        var end =
            line.indices.dropFirst(column + 1).first { line[$0] == "#" && line[$0 - 1].properties.isWhitespace }
            ?? line.count
        while end > 0, line[end - 1].properties.isWhitespace { end -= 1 }
        return Array(line[..<end])
    }

    private static func fit(_ line: [Unicode.Scalar], caret: Int?) -> ConfigurationDiagnostic.Quotation {
        var shown = line
        var caret = caret
        if shown.count > maximumWidth {
            let start = max(0, min((caret ?? 0) - maximumWidth / 2, shown.count - maximumWidth))
            shown = (start > 0 ? ["…"] : []) + shown[start..<(start + maximumWidth)] + ["…"]
            caret = caret.map { $0 - start + (start > 0 ? 1 : 0) }
        }
        // Nothing from the file may steer the terminal.
        let printable = shown.map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .privateUse, .surrogate, .unassigned:
                scalar == "\t" ? " " : "\u{FFFD}" as Unicode.Scalar
            default: scalar
            }
        }
        return .init(text: text(printable[...]), caret: caret)
    }

    static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }
}
