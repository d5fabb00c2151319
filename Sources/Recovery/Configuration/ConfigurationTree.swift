internal import Yams

/// Reads YAML into ``ConfigurationNode``s, by way of Yams' nodes.
struct ConfigurationTree {
    /// Most values a file may hold. One of 1 MiB cannot hold more than half a million, and no configuration a tenth of these.
    static let maximumNodes = 50_000
    /// Most keys given twice that are looked for; each costs one more pass over the file.
    static let maximumDuplicates = 16
    /// Most text that all of these passes may read, in characters: a file of ordinary size has room for all of them.
    static let maximumReparsed = 4_000_000

    private(set) var report: ConfigurationReport
    private let source: ConfigurationSource
    private var nodeCount = 0
    /// Keys that were disguised so that the parser goes on, by place.
    private var disguised: [ConfigurationPosition: Unicode.Scalar] = [:]

    init(_ source: ConfigurationSource) {
        self.source = source
        report = ConfigurationReport(source)
    }

    /// The only document of the file; `nil` when it is empty, or when the report says why there is none.
    mutating func read() -> ConfigurationNode? {
        guard let root = compose() else { return nil }
        return node(root)
    }

    /// Parses, again for every key that is given twice: Yams stops at the first of them, and this reports all.
    ///
    /// The first occurrence is disguised by a character from a private-use plane of the same width, so that all other
    /// places stay where they are; `key(_:at:)` takes the disguise off.
    private mutating func compose() -> Yams.Node? {
        var scalars = source.scalars
        while true {
            do {
                let parser = try Parser(
                    yaml: ConfigurationSource.text(scalars[...]),
                    resolver: .basic,
                    constructor: .default,
                    encoding: .utf8
                )
                return try parser.singleRoot()
            } catch YamlError.duplicatedKeysInMapping(_, let context) {
                let position = ConfigurationPosition(line: context.mark.line, column: context.mark.column)
                guard let index = disguisableIndex(at: position, in: scalars), disguised.count < Self.maximumDuplicates,
                    scalars.count * (disguised.count + 1) <= Self.maximumReparsed
                else {
                    report.error(
                        .duplicateKey,
                        at: position,
                        "a key is given more than once in the same mapping",
                        suggestion: "Keep one of them.",
                        revealing: .key
                    )
                    return nil
                }
                disguised[position] = scalars[index]
                scalars[index] = Unicode.Scalar(0xF_0000 + UInt32(disguised.count)) ?? "\u{F0000}"
            } catch {
                report.syntax(error)
                return nil
            }
        }
    }

    private func disguisableIndex(at position: ConfigurationPosition, in scalars: [Unicode.Scalar]) -> Int? {
        guard disguised[position] == nil, var index = source.index(of: position) else { return nil }
        let quote = scalars[index]
        if quote == "\"" || quote == "'" { index += 1 }
        // An escape, or an empty key, cannot be replaced by one character.
        guard index < scalars.count, scalars[index] != "\\",
            scalars[index] != quote || index == source.index(of: position)
        else { return nil }
        return index
    }

    private mutating func node(_ node: Yams.Node) -> ConfigurationNode {
        let position = Self.position(node)
        nodeCount += 1
        guard nodeCount <= Self.maximumNodes else {
            if nodeCount == Self.maximumNodes + 1 {
                report.error(
                    .tooDeep,
                    at: position,
                    "the file holds more than \(Self.maximumNodes) values",
                    suggestion: "Use patterns instead of lists of files."
                )
            }
            return .init(position: position, content: .nothing)
        }
        switch node {
        case .scalar(let scalar): return .init(position: position, content: Self.content(scalar))
        case .sequence(let sequence):
            return .init(position: position, content: .list(sequence.map { self.node($0) }))
        case .mapping(let mapping): return .init(position: position, content: .mapping(entries(mapping)))
        case .alias: return .init(position: position, content: .nothing)
        }
    }

    private mutating func entries(_ mapping: Yams.Node.Mapping) -> [ConfigurationEntry] {
        var entries: [ConfigurationEntry] = []
        var firstLines: [String: Int] = [:]
        for (key, value) in mapping {
            let position = Self.position(key)
            guard let name = self.key(key, at: position) else {
                report.error(
                    .unsupportedSyntax,
                    at: position,
                    "a key is not a name",
                    suggestion: "Write `name: value`; a value with brackets or a `?` in front cannot be a key."
                )
                continue
            }
            if let first = firstLines[name] {
                let shown = ConfigurationSource.isPlausibleKey(name.unicodeScalars) ? "'\(name)'" : "a key"
                report.error(
                    .duplicateKey,
                    at: position,
                    "\(shown) is given twice, first on line \(first)",
                    suggestion: "Keep one of them.",
                    revealing: .key
                )
                continue
            }
            firstLines[name] = position.line
            entries.append(.init(key: name, keyPosition: position, value: node(value)))
        }
        return entries
    }

    private func key(_ node: Yams.Node, at position: ConfigurationPosition) -> String? {
        guard case .scalar(let scalar) = node, !scalar.string.isEmpty else { return nil }
        guard let first = disguised[position] else { return scalar.string }
        return String(first) + String(String.UnicodeScalarView(scalar.string.unicodeScalars.dropFirst()))
    }

    private static func position(_ node: Yams.Node) -> ConfigurationPosition {
        .init(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    }

    private static func content(_ scalar: Yams.Node.Scalar) -> ConfigurationNode.Content {
        let isPlain = scalar.style == .plain
        if isPlain, ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return .nothing }
        return .text(scalar.string, isPlain: isPlain)
    }
}

extension ConfigurationReport {
    /// What libyaml found wrong. Its texts are constants of its own and hold nothing from the file.
    fileprivate mutating func syntax(_ error: any Error) {
        guard let error = error as? YamlError else {
            return self.error(.syntax, at: .init(line: 1, column: 1), "the file is not valid YAML")
        }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let position = Self.place(of: problem, mark: mark, context: context)
            let explanation = Self.explanations[problem]
            self.error(
                .syntax,
                at: position,
                explanation?.message ?? "the file is not valid YAML: \(problem)",
                suggestion: explanation?.suggestion,
                revealing: .knownValue
            )
        case .reader(let problem, _, _, _):
            self.error(.syntax, at: .init(line: 1, column: 1), "the file is not valid YAML: \(problem)")
        default: self.error(.syntax, at: .init(line: 1, column: 1), "the file is not valid YAML")
        }
    }

    /// What was never closed is shown where it was opened, not at the end of the file.
    private static func place(of problem: String, mark: Mark, context: YamlError.Context?) -> ConfigurationPosition {
        let isUnclosed = [
            "found unexpected end of stream", "did not find expected ',' or ']'", "did not find expected ',' or '}'",
        ]
        .contains(problem)
        let mark = isUnclosed ? context?.mark ?? mark : mark
        return .init(line: mark.line, column: mark.column)
    }

    private static let explanations: [String: (message: String, suggestion: String)] = [
        "mapping values are not allowed in this context": (
            "a second ': ' in one value, or a line that is indented too far",
            "Put a value that holds ': ' in quotes, and begin all keys of one level in the same column."
        ),
        "did not find expected key": (
            "a line does not fit the lines above it", "Begin all keys of one level in the same column."
        ),
        "did not find expected '-' indicator": (
            "a line does not fit the list above it", "Begin every entry of a list with '- ' in the same column."
        ),
        "could not find expected ':'": ("a key has no value", "Write a colon and a space after the key."),
        "found character that cannot start any token": (
            "a value cannot begin with this character", "Put the value in quotes."
        ),
        "found unexpected end of stream": ("a quotation mark is never closed", "Close it on the same line."),
        "did not find expected ',' or ']'": ("a list in brackets is never closed", "Close it with ]."),
        "did not find expected ',' or '}'": ("a mapping in brackets is never closed", "Close it with }."),
        "but found another document": (
            "the file holds more than one document", "Remove the line with --- and what follows it."
        ),
    ]
}
