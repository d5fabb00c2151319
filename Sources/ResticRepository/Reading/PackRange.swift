internal import NIOCore
internal import ResticFormat

/// Blobs that lie next to each other in one pack and are fetched with one request.
struct PackRange: Sendable {
    struct Part: Sendable {
        let id: ResticID
        let location: BlobLocation
    }
    let pack: ResticID
    private(set) var bytes: Range<Int64>
    private(set) var parts: [Part]

    /// The most that is fetched at once, in bytes. Bounds memory together with the number of requests under way.
    static let maximumLength: Int64 = 4 << 20
    /// Unneeded bytes between two blobs that are fetched rather than skipped: less than what a request costs.
    static let maximumGap: Int64 = 64 << 10

    init(_ id: ResticID, _ location: BlobLocation) {
        pack = location.pack
        bytes = Int64(location.offset)..<Int64(location.offset) + Int64(location.length)
        parts = [Part(id: id, location: location)]
    }

    /// Where one of the parts lies in the bytes of the range.
    func place(of part: Part) -> Range<Int> {
        let start = Int(Int64(part.location.offset) - bytes.lowerBound)
        return start..<(start + Int(part.location.length))
    }

    /// Takes a blob in when it follows closely enough.
    ///
    /// - Returns: whether it did.
    mutating func extend(_ id: ResticID, _ location: BlobLocation) -> Bool {
        let start = Int64(location.offset)
        let end = start + Int64(location.length)
        guard location.pack == pack, start >= bytes.upperBound, start - bytes.upperBound <= Self.maximumGap,
            end - bytes.lowerBound <= Self.maximumLength
        else { return false }
        bytes = bytes.lowerBound..<end
        parts.append(Part(id: id, location: location))
        return true
    }
}

extension PackRange {
    /// Plans the reading of blobs: pack by pack, in the order in which they lie there, neighbours together.
    static func plan(_ blobs: some Sequence<Part>) -> [PackRange] {
        let sorted = blobs.sorted { ($0.location.pack, $0.location.offset) < ($1.location.pack, $1.location.offset) }
        var ranges: [PackRange] = []
        for blob in sorted where ranges.isEmpty || !ranges[ranges.count - 1].extend(blob.id, blob.location) {
            ranges.append(PackRange(blob.id, blob.location))
        }
        return ranges
    }
}

extension IndexedRepository {
    /// Where data blobs lie.
    ///
    /// - Throws: ``RepositoryError/Code/missing`` for one that is in no index.
    func locations(of blobs: some Sequence<ResticID>) throws -> [PackRange.Part] {
        try blobs.map { id in
            guard let location = location(of: id, .data) else { throw missing(id, .data) }
            return PackRange.Part(id: id, location: location)
        }
    }

    /// Fetches a range and hands out its blobs in order, opened and checked, each in memory of its own. What came damaged is fetched
    /// once more.
    func forEachBlob(in range: PackRange, _ body: (ResticID, ByteBuffer) throws -> Void) async throws {
        var position = 0
        try await againIfDamaged {
            var sealed = try await loadRange(range.bytes, of: range.pack)
            try repository.codecs.withCodec { codec in
                try sealed.withUnsafeMutableReadableBytes { bytes in
                    for part in range.parts[position...] {
                        let blob = UnsafeMutableRawBufferPointer(rebasing: bytes[range.place(of: part)])
                        let content = try codec.open(
                            blob,
                            id: part.id,
                            uncompressedLength: part.location.uncompressedLength
                        )
                        try body(part.id, content)
                        position += 1
                    }
                }
            }
        }
    }
}
