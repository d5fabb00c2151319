internal import NIOCore
internal import ResticFormat
internal import ResticRepository
internal import SystemPackage

/// Reads files of a set and says what may be known of each without opening it.
struct ConfigurationReader: Sendable {
    /// Files up to this length are read in one go, in bytes; longer ones twice, by pieces.
    static let smallLength: Int64 = 1 << 20
    private static let pieceLength = 256 << 10
    /// How often a file that changes while it is read is read again.
    private static let attempts = 3

    let set: String
    let root: String
    let key: DigestKey

    /// A file that was read.
    struct Reading: Sendable {
        /// What is known of it; nothing about its sealed form.
        let file: SealedIndex.File
        /// Its content; `nil` when it is too long to be kept.
        let content: [UInt8]?
        /// Whether it changed while it was read.
        let hasChanged: Bool
    }

    /// Reads a file.
    ///
    /// - Throws: `Errno`.
    func read(_ path: String) async throws -> Reading {
        var last: Reading?
        for _ in 0..<Self.attempts {
            let reading = try await readOnce(path)
            last = reading
            if !reading.hasChanged { break }
        }
        guard let last else { throw Errno.ioError }
        return last
    }

    private func readOnce(_ path: String) async throws -> Reading {
        let place = root + "/" + path
        let (source, before) = try await blocking {
            let source = try PlainFile(place)
            let status = try source.status()
            guard status.kind == .file else { throw Errno.invalidArgument }
            return (source, status)
        }
        var digest = key.contentDigest(set: set, path: path)
        var content: [UInt8]? = before.size <= Self.smallLength ? [] : nil
        var length: Int64 = 0
        while true {
            let offset = length
            let piece = try await blocking { try source.read(at: offset, count: Self.pieceLength) }
            guard !piece.isEmpty else { break }
            digest.update(piece)
            length += Int64(piece.count)
            if let kept = content { content = length <= 2 * Self.smallLength ? kept + piece : nil }
        }
        let after = try await blocking { try source.status() }
        let keys = content.flatMap { ConfigurationKeys(reading: $0, path: path) }
        let file = SealedIndex.File(
            path: path,
            sealed: "",
            sealedBytes: 0,
            size: length,
            mode: before.mode,
            uid: before.uid,
            gid: before.gid,
            mtime: before.modified.rfc3339,
            digest: digest.finish(),
            syntax: keys?.syntax,
            keys: (keys?.entries ?? []).map { entry in
                .init(name: entry.name, digest: key.digest(ofValue: entry.value, of: entry.name, set: set, path: path))
            }
        )
        return Reading(file: file, content: content, hasChanged: before.differsInContent(from: after))
    }

    /// The content of a long file once more, as a source for sealing; ``Streamed`` knows its digest at the end.
    func stream(_ path: String) async throws -> Streamed {
        let place = root + "/" + path
        let source = try await blocking { try PlainFile(place) }
        return Streamed(source, key.contentDigest(set: set, path: path), pieceLength: Self.pieceLength)
    }

    /// Unchecked: read by one task, one piece after the other.
    final class Streamed: @unchecked Sendable {
        private let source: PlainFile
        private var content: DigestKey.ContentDigest
        private let pieceLength: Int
        private(set) var length: Int64 = 0

        fileprivate init(_ source: PlainFile, _ content: DigestKey.ContentDigest, pieceLength: Int) {
            self.source = source
            self.content = content
            self.pieceLength = pieceLength
        }

        var digest: String { content.finish() }

        func next() async throws -> ByteBuffer? {
            let (source, offset, count) = (source, length, pieceLength)
            let piece = try await blocking { try source.read(at: offset, count: count) }
            guard !piece.isEmpty else { return nil }
            content.update(piece)
            length += Int64(piece.count)
            return ByteBuffer(bytes: piece)
        }
    }
}
