internal import NIOCore
internal import ObjectStorage
internal import ResticCrypto
internal import ResticFormat

/// All that the index files say, duplicates and contradictions included: what checking and repairing need, where
/// ``BlobIndex`` keeps one place a blob.
///
/// Memory: about 56 bytes an entry.
struct PackCatalog: Sendable {
    /// The entries of one pack, from one or several index files.
    private struct Pack {
        var listings: [(file: ResticID, range: Range<Int>)] = []
    }

    private var entries: ContiguousArray<PackedBlob> = []
    private var packs: [ResticID: Pack] = [:]
    /// Index files that could be read, with the packs each names.
    private(set) var files: [ResticID: [ResticID]] = [:]
    /// Index files that could not, and why.
    private(set) var failures: [ResticID: any Error] = [:]

    /// What the index says about one pack.
    struct Contents: Sendable {
        /// Its blobs by offset, each once.
        var blobs: [PackedBlob]
        /// Whether two entries claim the same bytes.
        var hasOverlaps: Bool
        /// Whether there are bytes before the last blob that no entry claims.
        var hasGaps: Bool
        /// Whether the same blobs are listed more than once.
        var isListedTwice: Bool

        /// Where the last blob ends.
        var end: Int64 { blobs.map { Int64($0.offset) + Int64($0.length) }.max() ?? 0 }
        /// The length of a pack that holds these blobs and nothing else.
        var packLength: Int64 { end + Int64(PackHeader.sealedLengthWithTrailer(of: blobs)) }
    }

    mutating func add(_ file: IndexFile, _ id: ResticID) {
        files[id] = file.packs.map(\.id)
        for pack in file.packs {
            let start = entries.count
            entries.append(contentsOf: pack.blobs)
            packs[pack.id, default: Pack()].listings.append((id, start..<entries.count))
        }
    }

    mutating func addFailure(_ error: any Error, _ id: ResticID) {
        failures[id] = error
    }

    /// All index files that were there.
    var fileIDs: Set<ResticID> { Set(files.keys).union(failures.keys) }
    /// The packs that are named.
    var packIDs: Set<ResticID> { Set(packs.keys) }
    var packCount: Int { packs.count }
    func contains(_ pack: ResticID) -> Bool { packs[pack] != nil }

    func contents(of pack: ResticID) -> Contents {
        let listed = (packs[pack]?.listings ?? []).flatMap { entries[$0.range] }
        var blobs = listed.sorted { ($0.offset, $0.length, $0.id) < ($1.offset, $1.length, $1.id) }
        var last: PackedBlob?
        blobs.removeAll { blob in
            defer { last = blob }
            return blob == last
        }
        var (end, overlaps, gaps) = (Int64(0), false, false)
        for blob in blobs {
            if Int64(blob.offset) < end { overlaps = true }
            if Int64(blob.offset) > end { gaps = true }
            end = max(end, Int64(blob.offset) + Int64(blob.length))
        }
        return Contents(
            blobs: blobs,
            hasOverlaps: overlaps,
            hasGaps: gaps,
            isListedTwice: blobs.count < listed.count
        )
    }

    /// What some of the index files say about a pack.
    func blobs(of pack: ResticID, in isWanted: (ResticID) -> Bool) -> [PackedBlob] {
        (packs[pack]?.listings ?? []).filter { isWanted($0.file) }.flatMap { entries[$0.range] }
    }

    /// The index files that list a pack.
    func files(listing pack: ResticID) -> [ResticID] {
        (packs[pack]?.listings ?? []).map(\.file)
    }

    /// An index for reading: blobs of the packs in `sound` come first, so that of two places the better one wins.
    func makeIndex(preferring sound: (ResticID) -> Bool) -> BlobIndex {
        let index = BlobIndex()
        for wanted in [true, false] {
            for (id, pack) in packs where sound(id) == wanted {
                for listing in pack.listings { index.insert(entries[listing.range], pack: id) }
            }
        }
        return index
    }

    /// An index without some packs.
    func makeIndex(without dropped: Set<ResticID>) -> BlobIndex {
        let index = BlobIndex()
        for (id, pack) in packs where !dropped.contains(id) {
            for listing in pack.listings { index.insert(entries[listing.range], pack: id) }
        }
        return index
    }

    /// Calls `body` with every entry.
    func forEach(_ body: (ResticID, PackedBlob) -> Void) {
        for (id, pack) in packs {
            for listing in pack.listings {
                for entry in entries[listing.range] { body(id, entry) }
            }
        }
    }
}

extension Repository {
    /// Reads all index files, going on after those that cannot be read.
    func loadCatalog(progress: @Sendable (Int, Int) -> Void = { _, _ in }) async throws -> PackCatalog {
        let ids = try await list(.index).sorted()
        var catalog = PackCatalog()
        var read = 0
        try await forEachConcurrently(ids, width: indexReaders) { id in
            (id, try await Self.capturing { try await self.loadIndexFile(id) })
        } collect: { (id: ResticID, result: Result<IndexFile, any Error>) in
            switch result {
            case .success(let file): catalog.add(file, id)
            // Removed between the listing and now; what replaces it shows in the next listing.
            case .failure(let error as RepositoryError) where error.code == .missing: break
            case .failure(let error): catalog.addFailure(error, id)
            }
            read += 1
            progress(read, ids.count)
        }
        return catalog
    }

    /// Makes a value of a failure of the object; a failure to reach the store at all is still thrown.
    static func capturing<Value: Sendable>(_ body: () async throws -> Value) async throws -> Result<Value, any Error> {
        do {
            return .success(try await body())
        } catch let error as CancellationError {
            throw error
        } catch let error as ObjectStoreError where error.concernsWholeStore {
            throw error
        } catch {
            return .failure(error)
        }
    }
}

extension ObjectStoreError {
    /// Whether the failure says nothing about the object that was asked for: no answer, or no store.
    var concernsWholeStore: Bool { code.isRetryable || code == .locationMissing || code == .locationInvalid }
}

/// Puts a failure into one line for a report.
func describeFailure(_ error: any Error) -> String {
    func line(_ message: String, _ cause: (any Error)?) -> String {
        guard let cause else { return message }
        return "\(message): \(describeFailure(cause))"
    }
    return switch error {
    case let error as RepositoryError: line(error.message, error.cause)
    case let error as ObjectStoreError: error.message
    case let error as ResticFormatError: error.message
    default: "\(error)"
    }
}

extension Repository {
    /// Reads a key file and checks everything about it that needs no password.
    func checkKey(_ id: ResticID) async throws {
        let bytes = try await store.get(FileKind.key.key(id), range: nil)
        try bytes.withUnsafeReadableBytes { bytes in
            guard ContentHash.id(of: bytes) == id else {
                throw RepositoryError(.damaged, "its content does not have the hash that is its name")
            }
            let file = try KeyFile.decode(bytes)
            _ = try ScryptParameters(n: file.n, r: file.r, p: file.p)
        }
    }

    /// The packs that are there, with their lengths in bytes.
    func listPacks() async throws -> [ResticID: Int64] {
        var sizes: [ResticID: Int64] = [:]
        try await store.list(under: FileKind.pack.folder) { page in
            for entry in page {
                if let id = FileKind.pack.id(in: entry.key), FileKind.pack.key(id) == entry.key {
                    sizes[id] = entry.byteCount
                }
            }
        }
        return sizes
    }
}
