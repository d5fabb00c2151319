public import ResticFormat

/// Reads chosen packs from end to end, and proves each: its hash, its header, every blob that the index places in it.
public struct PackSample: Sendable {
    /// What one pack turned out to be.
    public struct Reading: Sendable {
        /// Bytes that were read.
        public let bytesRead: Int64
        /// Blobs that are good.
        public let blobsRead: Int
        /// What is wrong with the pack as a whole.
        public let problems: [String]
        /// Blobs that cannot be had, and why.
        public let badBlobs: [ResticID: String]

        /// Whether every byte is as it was written.
        public var isIntact: Bool { problems.isEmpty && badBlobs.isEmpty }
    }

    private let repository: IndexedRepository
    /// Called with bytes as they are read.
    public var onRead: @Sendable (Int64) -> Void = { _ in }

    /// Makes a sample.
    public init(_ repository: IndexedRepository) {
        self.repository = repository
    }

    /// All packs that the index places blobs in.
    public func knownPacks() -> Set<ResticID> {
        let counts = repository.index.counts
        var packs: Set<ResticID> = []
        for number in 0..<counts.data { packs.insert(repository.index.part(number, .data).location.pack) }
        for number in 0..<counts.trees { packs.insert(repository.index.part(number, .tree).location.pack) }
        return packs
    }

    /// Reads packs, every core busy. Damage is in the result, not thrown.
    ///
    /// - Parameter packs: their lengths in bytes, the first to be read first.
    /// - Throws: `CancellationError`, and failures of the whole store.
    public func read(_ packs: [(id: ResticID, length: Int64)]) async throws -> [ResticID: Reading] {
        let blobs = blobs(of: Set(packs.map(\.id)))
        var readings: [ResticID: Reading] = [:]
        var rest = packs.makeIterator()
        let (repository, onRead) = (repository.repository, onRead)
        try await withThrowingTaskGroup(of: (ResticID, PackReader.Outcome).self) { group in
            func start() {
                guard let (id, length) = rest.next() else { return }
                let expected = blobs[id] ?? []
                group.addTask {
                    var reader = PackReader(repository: repository, pack: id, length: length)
                    reader.onRead = onRead
                    return (id, try await reader.read(expected))
                }
            }
            for _ in 0...CPUCount.available { start() }
            while let (id, outcome) = try await group.next() {
                start()
                readings[id] = Self.reading(outcome, of: id, blobs[id] ?? [])
            }
        }
        return readings
    }

    private static func reading(_ outcome: PackReader.Outcome, of id: ResticID, _ blobs: [PackedBlob]) -> Reading {
        var bad = Dictionary(
            outcome.bad.map { ($0.blob.id, "pack \(id.short): blob \($0.blob.id.short): \($0.reason)") },
            uniquingKeysWith: { first, _ in first }
        )
        if outcome.isMissing { for blob in blobs { bad[blob.id] = "pack \(id.short) is missing" } }
        return Reading(
            bytesRead: outcome.bytesRead,
            blobsRead: outcome.goodBlobs,
            problems: outcome.problems.map { "pack \(id.short): \($0)" },
            badBlobs: bad
        )
    }

    private func blobs(of packs: Set<ResticID>) -> [ResticID: [PackedBlob]] {
        var found: [ResticID: [PackedBlob]] = [:]
        let (index, counts) = (repository.index, repository.index.counts)
        for (type, count) in [(BlobType.data, counts.data), (.tree, counts.trees)] {
            for number in 0..<count {
                let part = index.part(number, type)
                guard packs.contains(part.location.pack) else { continue }
                found[part.location.pack, default: []].append(
                    PackedBlob(
                        id: part.id,
                        type: type,
                        offset: part.location.offset,
                        length: part.location.length,
                        uncompressedLength: part.location.uncompressedLength
                    )
                )
            }
        }
        return found.mapValues { $0.sorted { $0.offset < $1.offset } }
    }
}
