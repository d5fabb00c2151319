/// Values that several sections have.
extension ConfigurationDecoder {
    /// A mapping; `nil` when the node is something else.
    mutating func section(_ schema: ConfigurationSchema, _ node: ConfigurationNode) -> ConfigurationSection? {
        guard case .mapping(let entries) = node.content else {
            let name = schema == .root ? "the file" : schema.title
            report.error(
                node.isNothing ? .emptyValue : .wrongType,
                at: node.position,
                "\(name) must be a mapping of keys, found \(node.kind)",
                suggestion: "Its keys are \(schema.keys.joined(separator: ", "))."
            )
            return nil
        }
        return ConfigurationSection(schema, at: node.position, entries)
    }

    /// Reports the keys that should not be there, and those that should and are not.
    mutating func close(_ section: ConfigurationSection, required: [String]) {
        for entry in section.unknown {
            let isShown = ConfigurationSource.isPlausibleKey(entry.key.unicodeScalars)
            report.error(
                .unknownKey,
                at: entry.keyPosition,
                "unknown key\(isShown ? " '\(entry.key)'" : "") in \(section.schema.title)",
                suggestion: section.schema.suggestion(for: entry.key),
                revealing: .key
            )
        }
        for key in required where !section.has(key) && !section.hasLookalike(of: [key]) {
            report.error(
                .missingKey,
                at: section.position,
                "\(section.schema.title) lacks the key '\(key)'",
                suggestion: Self.examples[key].map { "Add '\(key): \($0)'." },
                revealing: .key
            )
        }
    }

    private static let examples = [
        "location": "./backup", "password": "env:HOLDFAST_PASSWORD", "system": "textbook",
        "url": "http://127.0.0.1:6333",
        "name": "NAME", "model": "NAME", "path": "./docs",
        "files": "[.env.production]",
    ]

    /// The entries of a list that may not be empty; `nil` when it is something else.
    ///
    /// - Parameters:
    ///   - empty: what is said when nothing is there, and `remedy` what is suggested then, if it is something else.
    ///   - content: what the list is of.
    mutating func entries(
        _ node: ConfigurationNode,
        of key: String,
        _ content: String = "",
        empty: String,
        remedy: String? = nil,
        suggestion: String,
        revealing: ConfigurationSource.Revealing = .nothing
    ) -> [ConfigurationNode]? {
        if case .list(let items) = node.content, !items.isEmpty { return items }
        let isEmpty = node.isNothing || node.kind == "a list"
        report.error(
            isEmpty ? .emptyValue : .wrongType,
            at: node.position,
            isEmpty ? empty : "'\(key)' must be a list\(content), found \(found(node))",
            suggestion: isEmpty ? remedy ?? suggestion : suggestion,
            revealing: revealing
        )
        return nil
    }

    /// What stands where something else should, without repeating it.
    func found(_ node: ConfigurationNode) -> String {
        switch node.content {
        case .text(let text, isPlain: false) where Double(text) != nil: "text in quotes"
        case .text(let text, isPlain: true) where Double(text) != nil: "a number"
        default: node.kind
        }
    }

    /// Text that is not empty.
    mutating func text(_ node: ConfigurationNode, of key: String, example: String) -> String? {
        switch node.content {
        case .text(let text, _) where !text.isEmpty: return text
        case .text, .nothing:
            report.error(
                .emptyValue,
                at: node.position,
                "'\(key)' has no value",
                suggestion: "Write for example '\(example)'."
            )
        case .list, .mapping:
            report.error(
                .wrongType,
                at: node.position,
                "'\(key)' must be text, found \(node.kind)",
                suggestion: "Write for example '\(example)'."
            )
        }
        return nil
    }

    mutating func integer(_ node: ConfigurationNode, of key: String, in range: ClosedRange<Int>, example: String)
        -> Int?
    {
        guard case .text(let text, isPlain: true) = node.content, text.utf8.count < 20,
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let value = Int(text)
        else {
            report.error(
                node.isNothing ? .emptyValue : .wrongType,
                at: node.position,
                "'\(key)' must be a whole number, found \(found(node))",
                suggestion: "Write for example '\(example)'.",
                revealing: .value
            )
            return nil
        }
        guard range.contains(value) else {
            report.error(
                .invalidValue,
                at: node.position,
                "'\(key)' must be from \(range.lowerBound) to \(range.upperBound)",
                suggestion: "Write for example '\(example)'.",
                revealing: .value
            )
            return nil
        }
        return value
    }

    mutating func duration(_ node: ConfigurationNode, of key: String, example: String) -> Duration? {
        guard let text = text(node, of: key, example: "\(key): \(example)") else { return nil }
        guard let duration = ConfigurationDuration.parse(text) else {
            let isBare = text.allSatisfy(\.isNumber)
            report.error(
                .invalidValue,
                at: node.position,
                isBare ? "'\(key)' has no unit" : "'\(key)' must be a span of time",
                suggestion: "Write a whole number and ms, s, m or h, for example '\(key): \(example)'.",
                revealing: .value
            )
            return nil
        }
        guard duration > .zero else {
            report.error(
                .invalidValue,
                at: node.position,
                "'\(key)' must be longer than nothing",
                suggestion: "Write for example '\(key): \(example)'.",
                revealing: .value
            )
            return nil
        }
        return duration
    }

    /// One of a few words.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ node: ConfigurationNode,
        of key: String,
        _: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        let words = Choice.allCases.map(\.rawValue)
        guard let text = text(node, of: key, example: "\(key): \(words[0])") else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        report.error(
            .invalidValue,
            at: node.position,
            "'\(key)' must be \(words.dropLast().joined(separator: ", ")) or \(words.last ?? "")",
            suggestion: EditDistance.nearest(to: text, among: words).map { "Did you mean '\($0)'?" },
            revealing: .value
        )
        return nil
    }

    /// A name that can stand in a path, a tag and a host name.
    mutating func name(_ node: ConfigurationNode, of key: String) -> String? {
        guard let text = text(node, of: key, example: "\(key): textbook") else { return nil }
        guard Self.isName(text) else {
            report.error(
                .invalidValue,
                at: node.position,
                "'\(key)' is not a valid name",
                suggestion:
                    "Use up to 64 letters (a-z, A-Z), digits, '.', '_' and '-', beginning with a letter or a digit.",
                revealing: .value
            )
            return nil
        }
        return text
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 64, first != UInt8(ascii: "."),
            first != UInt8(ascii: "_"),
            first != UInt8(ascii: "-")
        else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": true
            default: false
            }
        }
    }

    mutating func path(_ text: String, at position: ConfigurationPosition, of key: String) -> String? {
        if text.hasPrefix("~") || text.contains("${") || text.hasPrefix("$") {
            report.error(
                .invalidValue,
                at: position,
                "'\(key)' holds ~ or a variable, which are not replaced here",
                suggestion: "Write the whole path, or one relative to this file.",
                revealing: .value
            )
            return nil
        }
        if text.hasPrefix("file:") {
            report.error(
                .invalidValue,
                at: position,
                "'\(key)' must be a path, found a URL",
                suggestion: "Leave 'file:' out.",
                revealing: .value
            )
            return nil
        }
        guard !text.utf8.contains(0) else {
            report.error(.invalidValue, at: position, "'\(key)' holds a zero byte, which no path can")
            return nil
        }
        return ConfigurationPath.absolute(text, in: folder)
    }

    /// A reference to a secret. Nothing of its line is shown beyond the key.
    mutating func secret(_ node: ConfigurationNode, of key: String, example: String) -> SecretReference? {
        let suggestion =
            "Write '\(key): env:NAME', 'file:PATH' or 'command:PROGRAM ARGUMENTS', for example '\(key): \(example)'."
        guard case .text(let text, _) = node.content, !text.isEmpty else {
            let isEmpty = node.isNothing || node.kind == "text"
            report.error(
                isEmpty ? .emptyValue : .wrongType,
                at: node.position,
                isEmpty ? "'\(key)' has no value" : "'\(key)' must be a reference to a secret, found \(node.kind)",
                suggestion: suggestion
            )
            return nil
        }
        do {
            return try SecretReference(text, relativeTo: folder)
        } catch  where error.code == .literal {
            report.error(
                .literalSecret,
                at: node.position,
                "'\(key)' must say where the secret is kept, not be the secret itself",
                suggestion: suggestion
            )
        } catch {
            report.error(.invalidReference, at: node.position, "'\(key)': \(error.message)", suggestion: error.hint)
        }
        return nil
    }
}

extension ConfigurationNode {
    var isNothing: Bool { if case .nothing = content { true } else { false } }
}
