/// Reads `.env` files.
///
/// ```text
/// # a comment; empty lines are skipped
/// KEY=value                  # white space around the value is dropped; a comment needs white space before its '#'
/// export KEY=value           # 'export' is allowed and means nothing
/// KEY='as it stands $5 \n'   # single quotes: every character is meant as written
/// KEY="a\tb \"c\" \\ d"      # double quotes: \n \r \t \" \\ \$ are understood, any other backslash is an error
/// ```
///
/// Quoted values may go over several lines, which keys and certificates do. Nothing is expanded: `$HOME` is five
/// characters. The same key twice is an error, for nobody can tell which was meant. Errors name the line and the key and
/// never a value.
public enum DotEnv {
    /// The longest file that is read, in bytes.
    public static let byteLimit = 1024 * 1024

    /// Why a text is no `.env` file.
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        /// The line where it went wrong, from 1.
        public var line: Int
        /// What is wrong there; never a value.
        public var message: String

        /// Line and message.
        public var description: String { "line \(line): \(message)" }
    }

    /// The values by their keys.
    public static func parse(_ text: String) throws(Failure) -> [String: String] {
        var reader = Reader(text)
        var values: [String: String] = [:]
        var lines: [String: Int] = [:]
        while let entry = try reader.next() {
            if let earlier = lines[entry.key] {
                throw Failure(line: entry.line, message: "'\(entry.key)' was set in line \(earlier) already")
            }
            lines[entry.key] = entry.line
            values[entry.key] = entry.value
        }
        return values
    }

    private struct Reader {
        struct Entry {
            var key: String
            var value: String
            var line: Int
        }

        private var rest: ArraySlice<Unicode.Scalar>
        private var line = 1

        init(_ text: String) {
            rest = Array(text.unicodeScalars)[...]
            if rest.first == "\u{FEFF}" { rest.removeFirst() }
        }

        mutating func next() throws(Failure) -> Entry? {
            while true {
                skipBlanks()
                guard let scalar = rest.first else { return nil }
                if scalar == "\n" {
                    take()
                } else if scalar == "#" {
                    skipLine()
                } else {
                    return try entry()
                }
            }
        }

        private mutating func entry() throws(Failure) -> Entry {
            let line = line
            var key = name()
            if key == "export", rest.first == " " || rest.first == "\t" {
                skipBlanks()
                key = name()
            }
            guard !key.isEmpty else { throw Failure(line: line, message: "expected KEY=value") }
            skipBlanks()
            guard rest.first == "=" else { throw Failure(line: line, message: "expected '=' behind '\(key)'") }
            take()
            skipBlanks()
            let value: String
            if let quote = rest.first, quote == "\"" || quote == "'" {
                take()
                value = try quoted(quote, key, line)
                skipBlanks()
                guard rest.isEmpty || rest.first == "\n" || rest.first == "#" else {
                    throw Failure(line: self.line, message: "text behind the quoted value of '\(key)'")
                }
                skipLine()
            } else {
                value = plain()
            }
            return Entry(key: key, value: value, line: line)
        }

        /// Letters, digits and underscores, not beginning with a digit; empty when there is none.
        private mutating func name() -> String {
            var name = String.UnicodeScalarView()
            while let scalar = rest.first {
                switch scalar {
                case "a"..."z", "A"..."Z", "_": break
                case "0"..."9" where !name.isEmpty: break
                default: return String(name)
                }
                name.append(scalar)
                take()
            }
            return String(name)
        }

        private mutating func quoted(_ quote: Unicode.Scalar, _ key: String, _ line: Int) throws(Failure) -> String {
            var value = String.UnicodeScalarView()
            while let scalar = take() {
                if scalar == quote { return String(value) }
                guard scalar == "\\", quote == "\"" else {
                    value.append(scalar)
                    continue
                }
                switch take() {
                case "n": value.append("\n")
                case "r": value.append("\r")
                case "t": value.append("\t")
                case "\"": value.append("\"")
                case "\\": value.append("\\")
                case "$": value.append("$")
                default:
                    throw Failure(
                        line: self.line,
                        message: "a backslash in the value of '\(key)' that is none of \\n \\r \\t \\\" \\\\ \\$"
                    )
                }
            }
            throw Failure(line: line, message: "the quoted value of '\(key)' does not end")
        }

        private mutating func plain() -> String {
            var value = String.UnicodeScalarView()
            var isBehindBlank = true
            while let scalar = rest.first, scalar != "\n" {
                if scalar == "#", isBehindBlank { break }
                isBehindBlank = scalar == " " || scalar == "\t"
                value.append(scalar)
                take()
            }
            skipLine()
            while let last = value.last, last == " " || last == "\t" || last == "\r" { value.removeLast() }
            return String(value)
        }

        private mutating func skipBlanks() {
            while let scalar = rest.first, scalar == " " || scalar == "\t" || scalar == "\r" { take() }
        }

        private mutating func skipLine() {
            while let scalar = rest.first, scalar != "\n" { take() }
        }

        @discardableResult
        private mutating func take() -> Unicode.Scalar? {
            let scalar = rest.popFirst()
            if scalar == "\n" { line += 1 }
            return scalar
        }
    }
}
