public import QdrantCapture
public import QdrantClient

/// Which collections of a server are backed up, as somebody chose them: names, aliases and patterns.
public struct CollectionSelection: Sendable, Hashable {
    /// The entries of the configuration; empty for all collections.
    public var entries: [HoldfastConfiguration.Collection]
    /// Patterns of collections that are left out, unless they are named.
    public var exclude: [PathPattern]
    /// Names, aliases or patterns of those that this run is about; empty for all that the entries choose.
    public var only: [String]
    /// How they are read, whatever the entries say.
    public var method: CaptureMethod?

    /// Makes a selection; see the properties.
    public init(
        entries: [HoldfastConfiguration.Collection] = [],
        exclude: [PathPattern] = [],
        only: [String] = [],
        method: CaptureMethod? = nil
    ) {
        self.entries = entries
        self.exclude = exclude
        self.only = only
        self.method = method
    }

    /// Finds the collections on a server.
    public func resolve(_ client: QdrantClient) async throws -> ResolvedCollections {
        try resolve(names: try await client.collections(), aliases: try await client.aliases())
    }

    /// Finds the collections among those that a server has.
    ///
    /// - Throws: ``/QdrantCapture/CaptureError/Code/collectionMissing`` when one is named that is not there.
    public func resolve(names: [String], aliases: [AliasDescription]) throws -> ResolvedCollections {
        var search = CollectionSearch(self, names: names, aliases: aliases)
        return try search.run()
    }
}

/// The collections of a server that a selection chooses.
public struct ResolvedCollections: Sendable, Hashable {
    /// One that is taken.
    public struct Item: Sendable, Hashable {
        /// The collection's own name.
        public var name: String
        /// The alias by which it was named; `nil` for its own name.
        public var alias: String?
        /// The entry of the configuration that applies to it, under its own name.
        public var entry: HoldfastConfiguration.Collection
    }

    /// One that is there and not taken.
    public struct LeftOut: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Why, as the end of a sentence about it.
        public var reason: String
    }

    /// Those that are taken, in the order of capture: the ones named first, then the others by name.
    public var items: [Item] = []
    /// Those that are not, by name.
    public var leftOut: [LeftOut] = []
    /// What the server has.
    public var known: Set<String> = []
    /// Remarks, for example that a pattern matches nothing.
    public var warnings: [String] = []

    /// Nothing.
    public init() {}
}

/// The names of collections that restores make beside a live one (`<name>__rp_<id>`).
enum RestoredCopy {
    static let mark = "__rp_"
    private static let digits = Array("0123456789abcdef".utf8)

    static func isName(_ name: String) -> Bool {
        let id = name.utf8.suffix(8)
        return id.count == 8 && id.allSatisfy { digits.contains($0) } && name.dropLast(8).hasSuffix(mark)
    }
}

extension HoldfastConfiguration.Qdrant {
    /// What the configuration chooses.
    public var selection: CollectionSelection { CollectionSelection(entries: collections, exclude: exclude) }

    /// The entry that applies to a collection: one that names it or an alias of it, else the first pattern that matches.
    public func entry(for name: String, aliases: [String]) -> HoldfastConfiguration.Collection? {
        let names = [name] + aliases
        return collections.first { names.contains($0.name) }
            ?? collections.first { entry in names.contains { entry.pattern?.matches($0) ?? false } }
    }
}
