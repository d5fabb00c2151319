internal import QdrantCapture
internal import QdrantClient

/// Applies a selection to what a server has: names before patterns, each collection once.
struct CollectionSearch {
    private let selection: CollectionSelection
    private let names: [String]
    private let known: Set<String>
    private let target: [String: String]
    private let aliases: [String: [String]]
    private var found = ResolvedCollections()
    private var taken: Set<String> = []
    private var reasons: [String: String] = [:]

    init(_ selection: CollectionSelection, names: [String], aliases: [AliasDescription]) {
        self.selection = selection
        self.names = names.sorted()
        known = Set(names)
        target = Dictionary(aliases.map { ($0.alias, $0.collection) }, uniquingKeysWith: { first, _ in first })
        self.aliases = Dictionary(grouping: aliases, by: \.collection).mapValues { $0.map(\.alias) }
    }

    mutating func run() throws -> ResolvedCollections {
        found.known = known
        let wanted =
            selection.only.isEmpty ? selection.entries : selection.only.map { HoldfastConfiguration.Collection($0) }
        for entry in wanted {
            if let name = exactName(entry) {
                take(name, alias: name == entry.name ? nil : entry.name)
            } else if entry.pattern == nil {
                throw missing(entry.name)
            }
        }
        for entry in wanted where entry.pattern != nil && exactName(entry) == nil { search(entry) }
        if wanted.isEmpty {
            for name in names { consider(name, patternText: "") }
        }
        for name in names where !taken.contains(name) {
            found.leftOut.append(
                ResolvedCollections.LeftOut(name: name, reason: reasons[name] ?? "not among those chosen")
            )
        }
        return found
    }

    /// The collection that an entry names, by its own name or an alias.
    private func exactName(_ entry: HoldfastConfiguration.Collection) -> String? {
        known.contains(entry.name) ? entry.name : target[entry.name]
    }

    private func matches(_ pattern: PathPattern, _ name: String) -> Bool {
        pattern.matches(name) || (aliases[name] ?? []).contains { pattern.matches($0) }
    }

    private mutating func search(_ entry: HoldfastConfiguration.Collection) {
        guard let pattern = entry.pattern else { return }
        let matching = names.filter { matches(pattern, $0) }
        for name in matching { consider(name, patternText: entry.name) }
        if matching.isEmpty {
            found.warnings.append("the pattern '\(entry.name)' matches no collection of the server")
        } else if !matching.contains(where: taken.contains) {
            found.warnings.append("the pattern '\(entry.name)' matches only collections that are left out")
        }
    }

    /// Takes a collection that was not named, unless it is to be left out.
    private mutating func consider(_ name: String, patternText: String) {
        guard !taken.contains(name) else { return }
        if let pattern = selection.exclude.first(where: { $0.matches(name) }) {
            reasons[name] = "'\(pattern)' in 'exclude' matches it"
        } else if RestoredCopy.isName(name), aliases[name] == nil, !patternText.contains(RestoredCopy.mark) {
            // With an alias it is what the application uses now: after a restore with '--switch-alias'.
            reasons[name] = "a copy made by a restore, and no alias points to it"
        } else {
            take(name, alias: nil)
        }
    }

    private mutating func take(_ name: String, alias: String?) {
        guard taken.insert(name).inserted else { return }
        var entry = options(for: name)
        entry.name = name
        entry.pattern = nil
        if let method = selection.method { entry.method = method }
        found.items.append(ResolvedCollections.Item(name: name, alias: alias, entry: entry))
    }

    /// The entry that applies: one that names it, else the first pattern that matches.
    private func options(for name: String) -> HoldfastConfiguration.Collection {
        selection.entries.first { exactName($0) == name }
            ?? selection.entries.first { entry in entry.pattern.map { matches($0, name) } ?? false }
            ?? HoldfastConfiguration.Collection(name)
    }

    private func missing(_ name: String) -> CaptureError {
        let held = names.isEmpty ? "The server has no collections" : "The server has: \(names.joined(separator: ", "))"
        return CaptureError(
            .collectionMissing,
            "the server has no collection '\(name)'",
            hint:
                "\(held). Check 'qdrant.collections' in the configuration, and that the URL is that of the right server."
        )
    }
}
