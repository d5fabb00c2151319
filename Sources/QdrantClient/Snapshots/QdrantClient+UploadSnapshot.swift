public import NIOCore
internal import NIOHTTP1

extension QdrantClient {
    /// Sends an archive and waits until it is restored.
    ///
    /// The bytes are passed on as they come. The restore happens inside the request, so the answer may take up to
    /// ``QdrantTimeouts/longOperation`` after the last byte. Never repeated. HTTP 200 proves nothing: count, compare and
    /// query afterwards.
    ///
    /// - Parameters:
    ///   - source: the archive's bytes, in parts of any size. It is not read any more once this returns.
    ///   - byteCount: the length of all of them together, when known; a proxy may insist on it.
    ///   - fileName: what the server calls it. A collection's archive stays in its snapshots folder under this name after
    ///     the restore, replacing one that is there: choose a unique one and delete it.
    ///   - checksum: SHA-256 of the archive in hexadecimal, which the server compares before it changes anything.
    /// - Throws: ``QdrantError``, also one that the server answers in the middle of the upload; `sourceLengthMismatch` when
    ///   the source does not hold `byteCount` bytes; what the source throws, unchanged.
    public func uploadSnapshot<Source: AsyncSequence & Sendable>(
        _ source: Source,
        byteCount: Int64?,
        fileName: String,
        to target: RestoreTarget,
        priority: SnapshotPriority = .snapshot,
        checksum: String? = nil
    ) async throws where Source.Element == ByteBuffer {
        let request = APIRequest(
            .POST,
            target.owner.path + ["snapshots", "upload"],
            target.object,
            "upload to",
            repeatability: .never,
            patience: .long
        ).with(query: "wait", true).with(query: "priority", priority.rawValue).with(query: "checksum", checksum)
        try await upload(source, byteCount: byteCount, fileName: fileName, request)
    }
}
