internal import Chunking
internal import Locks
internal import NIOCore
internal import ResticFormat

/// Knows which blobs hold nothing but zeros, so that restores make holes of them without reading them again and again.
///
/// A blob is a candidate when zstd made almost nothing of it; it is then read once to be sure.
final class ZeroBlobs: Sendable {
    private let known = Mutex<[ResticID: Bool]>([:])

    /// - Returns: whether the blob's content is all zeros. Reads it at most once.
    func contains(_ id: ResticID, at location: BlobLocation, in repository: IndexedRepository) async throws -> Bool {
        guard Self.mayBeZero(location) else { return false }
        if let answer = known.withLock({ $0[id] }) { return answer }
        let content = try await repository.load(id, .data)
        let answer = content.withUnsafeReadableBytes { ZeroScan.isZero($0) }
        known.withLock { $0[id] = answer }
        return answer
    }

    /// zstd turns zeros into a few dozen bytes a MiB; nothing else that long comes out that short by accident often.
    private static func mayBeZero(_ location: BlobLocation) -> Bool {
        guard let length = location.uncompressedLength, length >= 4096 else { return false }
        return UInt64(location.length) * 256 < UInt64(length) + 65_536
    }
}
