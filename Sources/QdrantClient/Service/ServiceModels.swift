/// What a server says about itself.
public struct ServerInfo: Sendable, Hashable {
    /// `qdrant - vector search engine` for a server; others name themselves.
    public var title: String
    /// Its version, `1.19.0`.
    public var version: String
    /// The commit it was built from, where it says so.
    public var commit: String?

    /// Makes an answer.
    public init(title: String, version: String, commit: String?) {
        self.title = title
        self.version = version
        self.commit = commit
    }

    init(_ json: JSONObject) throws(JSONError) {
        self.init(
            title: try json.required("title", \.stringValue),
            version: try json.required("version", \.stringValue),
            commit: try json.optional("commit", \.stringValue)
        )
    }
}

/// A cluster as one of its nodes sees it.
public struct ClusterInfo: Sendable, Hashable {
    /// A node.
    public struct Peer: Sendable, Hashable {
        /// Its id; larger than 2^53.
        public var id: UInt64
        /// Its address for other nodes (`http://host:6335/`): not that of its REST API.
        public var uri: String

        /// Makes a node.
        public init(id: UInt64, uri: String) {
            self.id = id
            self.uri = uri
        }
    }

    /// Whether the server runs in cluster mode.
    public var isEnabled: Bool
    /// The id of the node asked; `nil` when standalone.
    public var peerID: UInt64?
    /// All nodes, by rising id; empty when standalone.
    public var peers: [Peer]
    /// The whole answer.
    public var json: JSONObject

    init(_ json: JSONObject) throws(JSONError) {
        isEnabled = try json.required("status", \.stringValue) == "enabled"
        peerID = try json.optional("peer_id", \.uint64Value)
        peers = []
        for member in try json.optional("peers", \.objectValue)?.members ?? [] {
            guard let id = UInt64(member.key) else { throw JSONError(.unexpectedKind, "a peer id that is no number") }
            peers.append(Peer(id: id, uri: try member.value.asObject().required("uri", \.stringValue)))
        }
        peers.sort { $0.id < $1.id }
        self.json = json
    }
}
