internal import QdrantClient

/// The keys of a configuration file and what stands under each: names may be shown, values only digested.
///
/// What is not understood to its last line has no keys: a line that was taken for one could be a secret.
struct ConfigurationKeys: Sendable {
    /// How the file is written.
    enum Syntax: String, Sendable, Hashable, Codable {
        case dotenv, yaml, json

        /// By the file's name.
        init?(path: String) {
            let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
            if name == ".env" || name.hasPrefix(".env.") || name.hasSuffix(".env") {
                self = .dotenv
            } else if name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
                self = .yaml
            } else if name.hasSuffix(".json") {
                self = .json
            } else {
                return nil
            }
        }
    }

    /// A key and its value.
    struct Entry: Sendable, Hashable {
        /// `DATABASE_URL`; nested ones joined by dots, `database.password`.
        let name: String
        /// The value in a form of its own: equal when the values are.
        let value: [UInt8]
    }

    /// The longest file whose keys are looked for, in bytes.
    static let maximumByteCount = 1 << 20
    /// Most keys of one file.
    static let maximumCount = 2000
    /// How deep keys are looked for; what lies deeper is one value.
    static let maximumDepth = 8

    let syntax: Syntax
    /// In the order of their names, each once.
    let entries: [Entry]

    /// Reads a file.
    ///
    /// - Returns: `nil` when it is of none of the kinds, or not understood.
    init?(reading bytes: [UInt8], path: String) {
        guard let syntax = Syntax(path: path), bytes.count <= Self.maximumByteCount else { return nil }
        let found: [Entry]?
        switch syntax {
        case .dotenv: found = DotenvReader.read(bytes)
        case .yaml: found = Self.readYAML(bytes)
        case .json: found = (try? JSONValue(reading: bytes)).flatMap { Self.flatten(ConfigurationValue($0)) }
        }
        guard let found, found.count <= Self.maximumCount else { return nil }
        self.syntax = syntax
        var entries: [String: Entry] = [:]
        for entry in found { entries[entry.name] = entry }
        self.entries = entries.values.sorted { $0.name < $1.name }
    }

    private static func readYAML(_ bytes: [UInt8]) -> [Entry]? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let source = ConfigurationSource(file: "", text: text)
        guard !ConfigurationPreflight.check(source).hasErrors else { return nil }
        var tree = ConfigurationTree(source)
        guard let root = tree.read(), !tree.report.hasErrors else { return nil }
        return flatten(ConfigurationValue(root))
    }

    /// - Returns: `nil` when the whole is not a mapping of names.
    private static func flatten(_ root: ConfigurationValue) -> [Entry]? {
        guard case .mapping(let members) = root, root.hasPlausibleNames else { return nil }
        var entries: [Entry] = []
        for (key, value) in members { flatten(value, key, depth: 1, into: &entries) }
        return entries
    }

    private static func flatten(_ value: ConfigurationValue, _ name: String, depth: Int, into entries: inout [Entry]) {
        guard entries.count <= maximumCount else { return }
        if case .mapping(let members) = value, !members.isEmpty, depth < maximumDepth, value.hasPlausibleNames {
            for (key, value) in members { flatten(value, "\(name).\(key)", depth: depth + 1, into: &entries) }
        } else {
            var bytes: [UInt8] = []
            value.append(to: &bytes)
            entries.append(Entry(name: name, value: bytes))
        }
    }
}

/// A value of YAML or JSON without its notation.
private enum ConfigurationValue {
    case text(kind: UInt8, [UInt8])
    case list([ConfigurationValue])
    case mapping([(key: String, value: ConfigurationValue)])

    init(_ node: ConfigurationNode) {
        switch node.content {
        case .nothing: self = .text(kind: 0, [])
        case .text(let text, let isPlain): self = .text(kind: isPlain ? 1 : 2, Array(text.utf8))
        case .list(let items): self = .list(items.map { Self($0) })
        case .mapping(let entries): self = .mapping(entries.map { ($0.key, Self($0.value)) })
        }
    }

    init(_ value: JSONValue) {
        switch value {
        case .null: self = .text(kind: 0, [])
        case .bool(let value): self = .text(kind: 1, Array("\(value)".utf8))
        case .integer(let value): self = .text(kind: 1, Array("\(value)".utf8))
        case .unsigned(let value): self = .text(kind: 1, Array("\(value)".utf8))
        case .double(let value): self = .text(kind: 3, Array("\(value.bitPattern)".utf8))
        case .string(let text): self = .text(kind: 2, Array(text.utf8))
        case .array(let items): self = .list(items.map { Self($0) })
        case .object(let object): self = .mapping(object.members.map { ($0.key, Self($0.value)) })
        }
    }

    var hasPlausibleNames: Bool {
        guard case .mapping(let members) = self else { return false }
        return members.allSatisfy { KeyName.isPlausible($0.key) }
    }

    /// A form in which different values never look the same: kind, length, content.
    func append(to bytes: inout [UInt8]) {
        func frame(_ kind: UInt8, _ count: Int) {
            bytes.append(kind)
            withUnsafeBytes(of: UInt64(count).littleEndian) { bytes.append(contentsOf: $0) }
        }
        switch self {
        case .text(let kind, let text):
            frame(kind, text.count)
            bytes += text
        case .list(let items):
            frame(8, items.count)
            for item in items { item.append(to: &bytes) }
        case .mapping(let members):
            frame(9, members.count)
            for (key, value) in members {
                frame(2, key.utf8.count)
                bytes += key.utf8
                value.append(to: &bytes)
            }
        }
    }
}
