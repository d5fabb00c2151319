internal import AsyncHTTPClient
internal import NIOHTTP1

extension QdrantClient {
    /// Begins to download a stored snapshot.
    ///
    /// The request runs until ``ArchiveDownload/body`` was read to its end or dropped. Compare the SHA-256 of all bytes with
    /// ``SnapshotDescription/checksum``.
    ///
    /// - Parameters:
    ///   - offset: where to resume an earlier download, in bytes. Works on a server's own disk, not on S3 storage.
    ///   - entityTag: the earlier download's ``ArchiveDownload/entityTag``.
    /// - Throws: `changedMeanwhile` when the snapshot is another one than before; `rangeNotHonoured` when the server cannot
    ///   resume.
    public func downloadSnapshot(
        _ name: String,
        of owner: SnapshotOwner,
        from offset: Int64 = 0,
        ifUnchanged entityTag: String? = nil
    ) async throws -> ArchiveDownload {
        var request = APIRequest(
            .GET,
            owner.path + ["snapshots", name],
            .snapshot(name, of: owner),
            "download",
            repeatability: .read,
            patience: .stream
        )
        if offset > 0 { request = request.with(header: "Range", "bytes=\(offset)-") }
        // Weak tags never match (RFC 9110, section 13.1.1).
        if let entityTag, !entityTag.hasPrefix("W/") { request = request.with(header: "If-Match", entityTag) }
        return try await download(request, offset: offset)
    }

    /// Makes a snapshot of a shard and streams it, without storing it on the server.
    ///
    /// There is no length and no checksum, and a failure on the server may look like an end: check the archive's end
    /// marker. The server gives up when nothing is taken for 5 minutes.
    public func streamShardSnapshot(_ shard: UInt32, of collection: String) async throws -> ArchiveDownload {
        try await download(
            APIRequest(
                .GET,
                SnapshotOwner.shard(shard, collection: collection).path + ["snapshot"],
                .shard(shard, collection: collection),
                "stream a snapshot of",
                repeatability: .write,
                patience: .stream
            )
        )
    }

    func download(_ request: APIRequest, offset: Int64 = 0) async throws -> ArchiveDownload {
        let response = try await retrying(request) { try await send(request) }
        return try makeDownload(response, request, offset: offset)
    }

    func makeDownload(_ response: HTTPClientResponse, _ request: APIRequest, offset: Int64) throws -> ArchiveDownload {
        let headers = response.headers
        if let coding = headers.first(name: "Content-Encoding"), coding.lowercased() != "identity" {
            throw unexpected(request, "an archive in the content coding '\(ErrorAnswer.shortened(coding) ?? "")'")
        }
        var byteCount = headers.first(name: "Content-Length").flatMap { Int64($0) }
        if offset > 0 {
            guard response.status == .partialContent,
                let range = ContentRange(headers.first(name: "Content-Range") ?? ""),
                range.first == offset
            else {
                throw QdrantError(
                    .rangeNotHonoured,
                    "cannot \(request.action) \(request.object): the server does not continue at byte \(offset)",
                    object: request.object,
                    status: Int(response.status.code)
                )
            }
            byteCount = range.total
        }
        return ArchiveDownload(
            byteCount: byteCount,
            offset: offset,
            fileName: headers.first(name: "Content-Disposition").flatMap(fileName),
            entityTag: headers.first(name: "ETag"),
            body: ArchiveBody(response, of: request.object, action: request.action, offset: offset)
        )
    }
}

/// `bytes 10-99/100`; the total may be `*`.
struct ContentRange: Equatable {
    var first: Int64
    var last: Int64
    var total: Int64?

    init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let parts = words[1].split(separator: "/")
        let bounds = parts.first?.split(separator: "-").compactMap { Int64($0) } ?? []
        guard parts.count == 2, bounds.count == 2, bounds[0] <= bounds[1] else { return nil }
        guard parts[1] == "*" || Int64(parts[1]) != nil else { return nil }
        first = bounds[0]
        last = bounds[1]
        total = Int64(parts[1])
    }
}

/// The plain `filename` of a Content-Disposition, without folders.
func fileName(ofDisposition disposition: String) -> String? {
    for field in disposition.split(separator: ";").dropFirst() {
        let parts = field.split(separator: "=", maxSplits: 1).map { String($0).trimmed(" ") }
        guard parts.count == 2, parts[0].lowercased() == "filename" else { continue }
        let name = parts[1].trimmed("\"").split(separator: "/").last.map(String.init) ?? ""
        return name.isEmpty ? nil : name
    }
    return nil
}

extension String {
    fileprivate func trimmed(_ character: Character) -> String {
        var rest = Substring(self)
        while rest.first == character { rest = rest.dropFirst() }
        while rest.last == character { rest = rest.dropLast() }
        return String(rest)
    }
}
