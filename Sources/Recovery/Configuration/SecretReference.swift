/// Where a secret is to be had; never the secret itself.
///
/// Written `env:NAME`, `file:PATH` or `command:PROGRAM ARGUMENTS`.
public enum SecretReference: Sendable, Hashable, CustomStringConvertible {
    /// The value of an environment variable.
    case environment(name: String)
    /// The content of a file: its absolute path.
    case file(path: String)
    /// What a program writes to its standard output.
    case command(SecretCommand)

    /// The reference as a user would write it, without the arguments of a command: these may hold what is no one's business.
    public var description: String {
        switch self {
        case .environment(let name): "env:\(name)"
        case .file(let path): "file:\(path)"
        case .command(let command): "command:\(command.program)\(command.arguments.isEmpty ? "" : " …")"
        }
    }

    /// Reads a reference.
    ///
    /// - Parameters:
    ///   - text: `env:NAME`, `file:PATH` or `command:PROGRAM ARGUMENTS`.
    ///   - folder: The absolute path that a relative path or program, and the program's working directory, start from.
    /// - Throws: ``SecretError`` with code `literal` when the text is no reference, `malformed` when it is an incomplete
    ///   one. Neither repeats the text.
    public init(_ text: String, relativeTo folder: String) throws(SecretError) {
        if let name = Self.text(after: "env:", in: text) {
            self = .environment(name: try Self.variable(name))
        } else if let path = Self.text(after: "file:", in: text) {
            guard !path.isEmpty else {
                throw .init(
                    .malformed,
                    "'file:' names no file",
                    hint: "Write file: and a path, for example file:/run/secrets/holdfast."
                )
            }
            guard !path.hasPrefix("~") else {
                throw .init(
                    .malformed,
                    "the path after 'file:' begins with ~",
                    hint: "Write the whole path: ~ is not replaced here."
                )
            }
            self = .file(path: ConfigurationPath.absolute(path, in: folder))
        } else if let line = Self.text(after: "command:", in: text) {
            self = .command(try SecretCommand(line, folder: folder))
        } else {
            throw .init(
                .literal,
                "the text is not a reference to a secret",
                hint: "Write env:NAME, file:PATH or command:PROGRAM ARGUMENTS: secrets themselves are kept elsewhere."
            )
        }
    }

    private static func text(after prefix: String, in text: String) -> String? {
        guard text.hasPrefix(prefix) else { return nil }
        return String(text.dropFirst(prefix.count).drop { $0 == " " })
    }

    private static func variable(_ name: String) throws(SecretError) -> String {
        let scalars = name.unicodeScalars
        let isName = scalars.allSatisfy { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_": true
            default: false
            }
        }
        guard isName, let first = scalars.first, !("0"..."9").contains(first) else {
            throw .init(
                .malformed,
                "what follows 'env:' is not the name of an environment variable",
                hint: name.hasPrefix("$")
                    ? "Leave the $ out: env:NAME." : "Use letters, digits and _, as in env:HOLDFAST_PASSWORD."
            )
        }
        return name
    }
}

/// A program that prints a secret, to be run without a shell.
public struct SecretCommand: Sendable, Hashable {
    /// The program: a name to be searched in `PATH`, or a path when it holds a slash.
    public var program: String
    /// Its arguments, exactly as it gets them.
    public var arguments: [String]
    /// The absolute path of the folder it runs in.
    public var folder: String

    /// Cuts a line into words.
    ///
    /// Blanks separate words; quotation marks (both kinds) and `\` keep blanks in them, as in a shell. Nothing is
    /// replaced, so what a shell would act upon is refused instead of being taken literally.
    ///
    /// - Throws: ``SecretError`` with code `malformed`.
    public init(_ line: String, folder: String) throws(SecretError) {
        var words = try Self.words(line)
        guard let program = words.first, !program.isEmpty else {
            throw .init(
                .malformed,
                "'command:' names no program",
                hint: "Write command: and a program, for example command:pass show holdfast."
            )
        }
        words.removeFirst()
        self.program = program.contains("/") ? ConfigurationPath.absolute(program, in: folder) : program
        arguments = words
        self.folder = folder
    }

    private static func words(_ line: String) throws(SecretError) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var characters = line.makeIterator()
        while let character = characters.next() {
            if let open = quote, character == open {
                quote = nil
            } else if character == "\\", quote != "'" {
                guard let escaped = characters.next() else { throw unfinished("a \\ at its end") }
                word = (word ?? "") + String(escaped)
            } else if quote != nil {
                word = (word ?? "") + String(character)
            } else if character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if character.isWhitespace {
                if let finished = word { words.append(finished) }
                word = nil
            } else if "|&;<>()$`".contains(character) {
                throw .init(
                    .malformed,
                    "the command holds '\(character)', which only a shell understands",
                    hint: "Put the character in single quotes, or let a shell do it: command:sh -c '…'."
                )
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { throw unfinished("a quotation mark that is never closed") }
        if let word { words.append(word) }
        return words
    }

    private static func unfinished(_ what: String) -> SecretError {
        .init(.malformed, "the command has \(what)", hint: "Check its quotation marks.")
    }
}
