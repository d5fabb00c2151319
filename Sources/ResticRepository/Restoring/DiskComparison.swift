internal import Glibc
internal import ResticCrypto
internal import ResticFormat

/// Compares files and folders on the disk with their nodes, several at a time: what proves a restore, and what finds the
/// files that need none.
///
/// Content is read back from the disk, blob by blob, and compared by hash, or by fingerprint where the restore has left one. Long files are cut into parts, so that one file keeps every
/// processor busy.
struct DiskComparison {
    /// Something that is not as its node says.
    struct Finding: Sendable {
        /// How many nodes were added before it.
        let number: Int
        /// What ``DiskComparison/add(_:at:called:)`` was told to call it.
        let name: RawPath
        let difference: String
        /// It differs for all we know: this user may not read it.
        let isUnreadable: Bool
    }

    /// A node, or some of the blobs of its file.
    private struct Part: Sendable {
        let number: Int
        let name: RawPath
        let path: RawPath
        let node: Node
        let blobs: ArraySlice<PackRange.Part>
        let offset: Int64
        /// Kind and size are looked at once.
        let isFirst: Bool
    }

    private let repository: IndexedRepository
    private let proof: RestoreProof
    private var parts: [Part] = []
    private var blobCount = 0
    private var count = 0
    private var findings: [Finding] = []

    /// The content of one part, in bytes.
    private static let partLength: Int64 = 16 << 20
    /// How many parts one visit to the thread pool takes.
    private static let batchCount = 32
    /// How many blobs are collected before they are compared: bounds memory, and keeps all processors busy for long enough.
    private static let blobLimit = 1 << 14

    init(_ repository: IndexedRepository, _ proof: RestoreProof) {
        self.repository = repository
        self.proof = proof
    }

    /// Adds a node and where it should be; compares those that were added when they have become many.
    ///
    /// - Throws: ``RepositoryError/Code/missing`` for a blob that is in no index.
    mutating func add(_ node: Node, at path: RawPath, called name: RawPath) async throws {
        let blobs = node.type == .file ? try repository.locations(of: node.content ?? [])[...] : []
        var rest = blobs
        var offset: Int64 = 0
        repeat {
            var length: Int64 = 0
            let end = rest.firstIndex { blob in
                length += Int64(blob.location.contentLength)
                return length >= Self.partLength
            }
            let taken = end.map { rest[...$0] } ?? rest
            parts.append(
                Part(
                    number: count,
                    name: name,
                    path: path,
                    node: node,
                    blobs: taken,
                    offset: offset,
                    isFirst: rest.startIndex == blobs.startIndex
                )
            )
            offset += length
            rest = rest[taken.endIndex...]
        } while !rest.isEmpty
        count += 1
        blobCount += blobs.count + 1
        if blobCount >= Self.blobLimit { try await compareCollected() }
    }

    /// Compares the rest.
    ///
    /// - Returns: what differs of everything that was added, in that order, each node once.
    mutating func finish() async throws -> [Finding] {
        try await compareCollected()
        var seen: Set<Int> = []
        return findings.sorted { $0.number < $1.number }.filter { seen.insert($0.number).inserted }
    }

    private mutating func compareCollected() async throws {
        let parts = parts
        self.parts = []
        blobCount = 0
        let batches = SharedIterator(
            stride(from: 0, to: parts.count, by: Self.batchCount).map {
                parts[$0..<min($0 + Self.batchCount, parts.count)]
            }
        )
        findings += try await withThrowingTaskGroup(of: [Finding].self) { group in
            for _ in 0..<CPUCount.available {
                group.addTask { [proof] in
                    let reader = BlobComparer(proof)
                    var findings: [Finding] = []
                    while let batch = batches.next() {
                        findings += try await blocking { try batch.compactMap { try Self.compare($0, with: reader) } }
                    }
                    return findings
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private static func compare(_ part: Part, with reader: BlobComparer) throws -> Finding? {
        func finding(_ difference: String, isUnreadable: Bool = false) -> Finding {
            Finding(number: part.number, name: part.name, difference: difference, isUnreadable: isUnreadable)
        }
        if part.isFirst, let difference = outwardDifference(part) { return finding(difference) }
        guard !part.blobs.isEmpty else { return nil }
        do {
            let file = try SourceFile(part.path)
            return try reader.holds(part.blobs, at: part.offset, in: file) ? nil : finding("has other content")
        } catch let error as SystemCallError {
            return finding("cannot be read: \(error.reason)", isUnreadable: error.number == EACCES)
        }
    }

    private static func outwardDifference(_ part: Part) -> String? {
        guard let status = try? FileStatus.ofLink(at: part.path) else { return "is missing" }
        guard GoFileMode.nodeType(GoFileMode.fromPOSIX(status.mode)) == part.node.type else {
            return "is of another kind"
        }
        guard part.node.type == .file, status.size != part.node.size else { return nil }
        return "has \(status.size) bytes instead of \(part.node.size)"
    }
}

/// Reads back blobs from files and compares them with their ids, in memory of its own.
private final class BlobComparer: @unchecked Sendable {
    // Unchecked: belongs to one task, which uses it from one thread after the other, never from two.

    private let proof: RestoreProof
    private let hasher = ContentHasher()
    private let fingerprinter: ContentFingerprinter?
    /// Small enough to stay in the processor's cache between reading and hashing.
    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)

    init(_ proof: RestoreProof) {
        self.proof = proof
        fingerprinter = proof.makeFingerprinter()
    }

    deinit {
        memory.deallocate()
    }

    /// Whether the blobs lie one after the other in the file, from `start` on.
    func holds(_ blobs: ArraySlice<PackRange.Part>, at start: Int64, in file: SourceFile) throws -> Bool {
        var offset = start
        for blob in blobs {
            let length = blob.location.contentLength
            guard try holds(blob.id, length: length, at: offset, in: file) else { return false }
            offset += Int64(length)
        }
        return true
    }

    private func holds(_ id: ResticID, length: Int, at offset: Int64, in file: SourceFile) throws -> Bool {
        if let fingerprinter, let expected = proof.fingerprint(of: id) {
            fingerprinter.reset()
            guard try read(length, at: offset, of: file, { try fingerprinter.update($0) }) else { return false }
            return try fingerprinter.finalize() == expected
        }
        // Forgets what a comparison that ended early has left.
        _ = hasher.finalize()
        guard try read(length, at: offset, of: file, { hasher.update($0) }) else { return false }
        return hasher.finalize() == id
    }

    /// - Returns: whether the file has so many bytes there.
    private func read(
        _ length: Int,
        at start: Int64,
        of file: SourceFile,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        var done = 0
        while done < length {
            let room = UnsafeMutableRawBufferPointer(rebasing: memory[..<min(length - done, memory.count)])
            let count = try file.read(into: room, at: start + Int64(done))
            guard count > 0 else { return false }
            try body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
            done += count
        }
        return true
    }
}
