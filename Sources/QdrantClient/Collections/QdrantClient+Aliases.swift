internal import NIOHTTP1

/// A second name of a collection.
public struct AliasDescription: Sendable, Hashable {
    /// The second name.
    public var alias: String
    /// The collection it leads to.
    public var collection: String

    /// Makes a description.
    public init(alias: String, collection: String) {
        self.alias = alias
        self.collection = collection
    }
}

/// One step of a change of aliases.
public enum AliasAction: Sendable, Hashable {
    /// Lets `alias` lead to `collection`; one that exists is moved there.
    case create(alias: String, collection: String)
    /// Removes an alias.
    case delete(alias: String)
    /// Gives an alias another name.
    case rename(alias: String, to: String)

    var json: JSONValue {
        switch self {
        case .create(let alias, let collection):
            ["create_alias": ["collection_name": .string(collection), "alias_name": .string(alias)]]
        case .delete(let alias):
            ["delete_alias": ["alias_name": .string(alias)]]
        case .rename(let alias, let name):
            ["rename_alias": ["old_alias_name": .string(alias), "new_alias_name": .string(name)]]
        }
    }
}

extension QdrantClient {
    /// All aliases that the key may see. A key for one collection sees those that it names only.
    public func aliases() async throws -> [AliasDescription] {
        try await aliases(APIRequest(.GET, ["aliases"], .aliases, "list", repeatability: .read))
    }

    /// The aliases of one collection.
    public func aliases(of collection: String) async throws -> [AliasDescription] {
        try await aliases(
            APIRequest(
                .GET,
                ["collections", collection, "aliases"],
                .collection(collection),
                "list the aliases of",
                repeatability: .read
            )
        )
    }

    private func aliases(_ request: APIRequest) async throws -> [AliasDescription] {
        try await call(request) { (scanner) throws(JSONError) in
            try scanner.objectValue().list("aliases") { (entry) throws(JSONError) in
                AliasDescription(
                    alias: try entry.required("alias_name", \.stringValue),
                    collection: try entry.required("collection_name", \.stringValue)
                )
            }
        }
    }

    /// Changes aliases in one atomic step: nobody sees some of the actions done and others not.
    ///
    /// Deleting an alias and creating it for another collection in one call is the safe switch to a restored copy.
    public func updateAliases(_ actions: [AliasAction], timeoutSeconds: Int? = nil) async throws {
        let request = try APIRequest(.POST, ["collections", "aliases"], .aliases, "update", repeatability: .write)
            .with(query: "timeout", timeoutSeconds).with(body: ["actions": .array(actions.map(\.json))])
        _ = try await call(request)
    }
}
