/// Why a call to Qdrant failed.
///
/// Match on ``code``. The texts never hold the api key, and hold of the server's answer only its error text, shortened.
public struct QdrantError: Error, Sendable {
    /// The kind of failure.
    public var code: Code
    /// What failed, on which object, and what the server said: lower case, no full stop.
    public var message: String
    /// What the operator can do now, a full sentence.
    public var hint: String?
    /// The failure below, as it came.
    public var cause: (any Error)?
    /// What the call was about.
    public var object: QdrantObject
    /// The HTTP status, when the server answered.
    public var status: Int?
    /// What the server said, shortened to one line; `nil` when it said nothing.
    public var serverText: String?
    /// How long the server asked to wait before trying again.
    public var retryAfter: Duration?
    /// The offset of the first byte of the object that did not arrive, for a body that ended too early.
    public var byteOffset: Int64?

    /// Makes an error. `message` is prefixed with nothing: name the object in it.
    public init(
        _ code: Code,
        _ message: String,
        object: QdrantObject,
        hint: String? = nil,
        status: Int? = nil,
        serverText: String? = nil,
        retryAfter: Duration? = nil,
        byteOffset: Int64? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint ?? code.hint
        self.cause = cause
        self.object = object
        self.status = status
        self.serverText = serverText
        self.retryAfter = retryAfter
        self.byteOffset = byteOffset
    }
}

extension QdrantError: CustomStringConvertible {
    /// The message, the code and the status.
    public var description: String {
        let status = status.map { ", HTTP \($0)" } ?? ""
        return "\(message) (\(code)\(status))"
    }
}

/// What a call was about, for messages and for callers that work on many objects.
public enum QdrantObject: Sendable, Hashable, CustomStringConvertible {
    /// The server as a whole.
    case service
    /// A collection (or the alias that was given in its place).
    case collection(String)
    /// A shard of a collection.
    case shard(UInt32, collection: String)
    /// A payload index of a collection.
    case payloadIndex(String, collection: String)
    /// All aliases.
    case aliases
    /// A stored snapshot.
    case snapshot(String, of: SnapshotOwner)
    /// The snapshots of a collection, a shard or the whole storage.
    case snapshots(of: SnapshotOwner)

    /// What is meant, as part of a sentence.
    public var description: String {
        switch self {
        case .service: "the server"
        case .collection(let name): "collection '\(name)'"
        case .shard(let id, let collection): "shard \(id) of collection '\(collection)'"
        case .payloadIndex(let field, let collection): "payload index '\(field)' of collection '\(collection)'"
        case .aliases: "the aliases"
        case .snapshot(let name, let owner): "snapshot '\(name)' of \(owner)"
        case .snapshots(let owner): "the snapshots of \(owner)"
        }
    }
}
