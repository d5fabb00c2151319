internal import AsyncHTTPClient
public import NIOCore
internal import NIOHTTP1

extension QdrantClient {
    /// How new each file of a shard is: per segment its id, its version and the versions of its files (Qdrant 1.15 and
    /// later).
    public func partialSnapshotManifest(ofShard shard: UInt32, of collection: String) async throws -> JSONObject {
        let request = partial(.GET, "manifest", shard, collection, "read the manifest of", .read)
        return try await call(request) { (scanner) throws(JSONError) in try scanner.objectValue() }
    }

    /// Streams what is newer on a shard than a manifest says, as an archive.
    ///
    /// - Parameter manifest: what the caller holds; an empty one asks for every segment whole. The server accepts about
    ///   2 MiB of it.
    /// - Returns: `nil` when nothing is newer.
    public func streamPartialSnapshot(
        ofShard shard: UInt32,
        of collection: String,
        since manifest: JSONObject
    ) async throws -> ArchiveDownload? {
        let request = try partial(
            .POST,
            "create",
            shard,
            collection,
            "stream a partial snapshot of",
            .write,
            patience: .stream
        ).with(body: manifest)
        let response = try await retrying(request) {
            try await send(request) { $0.isSuccess || $0 == .notModified }
        }
        return response.status == .notModified ? nil : try makeDownload(response, request, offset: 0)
    }

    /// Sends a partial snapshot and waits until the shard has taken it over; see
    /// ``uploadSnapshot(_:byteCount:fileName:to:priority:checksum:)``.
    ///
    /// Segments that the archive's manifest does not list are deleted from the shard.
    ///
    /// - Throws: also `alreadyInProgress`.
    public func uploadPartialSnapshot<Source: AsyncSequence & Sendable>(
        _ source: Source,
        byteCount: Int64?,
        fileName: String,
        toShard shard: UInt32,
        of collection: String,
        checksum: String? = nil
    ) async throws where Source.Element == ByteBuffer {
        let request = partial(.POST, "recover", shard, collection, "upload to", .never, patience: .long)
        try await upload(
            source,
            byteCount: byteCount,
            fileName: fileName,
            request.with(query: "wait", true).with(query: "checksum", checksum)
        )
    }

    /// Lets a shard fetch what is newer on another node and take it over.
    ///
    /// - Parameter peer: the other node's REST URL, and its key.
    /// - Returns: whether there was anything newer.
    public func recoverPartialSnapshot(
        ofShard shard: UInt32,
        of collection: String,
        fromPeer peer: SnapshotLocation
    ) async throws -> Bool {
        var body: JSONObject = ["peer_url": .string(peer.location)]
        body["api_key"] = peer.apiKey.map { .string($0.exposed) }
        let request = try partial(.POST, "recover_from", shard, collection, "recover", .never, patience: .long)
            .with(query: "wait", true).with(body: body)
        return try await call(request).boolValue ?? false
    }

    private func partial(
        _ method: HTTPMethod,
        _ name: String,
        _ shard: UInt32,
        _ collection: String,
        _ action: String,
        _ repeatability: Repeatability,
        patience: APIRequest.Patience = .ordinary
    ) -> APIRequest {
        APIRequest(
            method,
            SnapshotOwner.shard(shard, collection: collection).path + ["snapshot", "partial", name],
            .shard(shard, collection: collection),
            action,
            repeatability: repeatability,
            patience: patience
        )
    }
}
