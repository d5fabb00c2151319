internal import Chunking
internal import ResticCrypto
internal import ResticFormat

/// Writes the content of a plan's files, pack by pack: each range of a pack is read once, whoever needs its blobs.
///
/// Several ranges are in work at once. A file whose blobs lie in one range is made, filled and given its metadata in one go;
/// one that is spread over several is made beforehand and finished by whoever writes the last of it.
struct RestoreWriter: Sendable {
    private let plan: RestorePlan
    private let repository: IndexedRepository
    private let restoresOwners: Bool
    private let proof: RestoreProof
    private let progress: @Sendable (Int64) -> Void

    init(
        plan: RestorePlan,
        repository: IndexedRepository,
        restoresOwners: Bool,
        proof: RestoreProof,
        progress: @escaping @Sendable (Int64) -> Void
    ) {
        self.plan = plan
        self.repository = repository
        self.restoresOwners = restoresOwners
        self.proof = proof
        self.progress = progress
    }

    /// Writes every file under its temporary name, complete but for the name.
    ///
    /// - Returns: metadata that could not be set, a line each.
    func writeContent() async throws -> [String] {
        let layout = try RestoreLayout(plan, in: repository)
        let warnings = try await makeFiles(layout)
        return try await warnings + writeBlobs(layout)
    }

    /// Makes the files that no single range fills: those of several ranges at their full length, and those without content.
    private func makeFiles(_ layout: RestoreLayout) async throws -> [String] {
        let files = SharedIterator(layout.madeBeforehand)
        return try await inParallel(layout.madeBeforehand.count / 16) {
            try await blocking {
                var warnings: [String] = []
                while let index = files.next() {
                    let node = plan.files[index].node
                    var file = try UnfinishedFile.create(at: plan.temporaryPath(of: index))
                    do {
                        try file.extend(to: node.size)
                    } catch {
                        file.abandon()
                        throw error
                    }
                    if layout.progress.isComplete(index) {
                        file.apply(node, restoresOwners: restoresOwners, warnings: &warnings)
                    }
                    try file.finish()
                }
                return warnings
            }
        }
    }

    private func writeBlobs(_ layout: RestoreLayout) async throws -> [String] {
        let ranges = SharedIterator(layout.ranges)
        return try await inParallel(layout.ranges.count) {
            let reader = RangeReader(repository)
            var warnings: [String] = []
            while let range = ranges.next() {
                repeat {
                    try await reader.fetch(range)
                    // Opening the blobs is work for a processor, but the writing waits for the disk: all of it is done here, so
                    // that no blob is kept for later.
                    warnings += try await blocking { try write(range, from: reader, to: layout) }
                } while reader.wantsAgain
            }
            return warnings
        }
    }

    /// Runs `work` in as many tasks as are useful, at most one for each of `count` pieces of work.
    private func inParallel(_ count: Int, _ work: @escaping @Sendable () async throws -> [String]) async throws
        -> [String]
    {
        try await withThrowingTaskGroup(of: [String].self) { group in
            // One more than processors: while those compute, one waits for the store or the disk.
            for _ in 0..<max(1, min(count, CPUCount.available + 1)) { group.addTask { try await work() } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func write(_ range: PackRange, from reader: RangeReader, to layout: RestoreLayout) throws -> [String] {
        var files = OpenFiles(plan: plan, layout: layout, restoresOwners: restoresOwners)
        let fingerprinter = proof.makeFingerprinter()
        var fingerprints: [(ResticID, ContentFingerprint)] = []
        do {
            try reader.forEachBlob(in: range) { id, content in
                if let fingerprinter {
                    try fingerprinter.update(content)
                    fingerprints.append((id, try fingerprinter.finalize()))
                }
                let isZero = ZeroScan.isZero(content)
                for place in layout.places(of: id) {
                    try files.write(isZero ? nil : content, to: place)
                    progress(Int64(content.count))
                }
            }
            try files.closeAll()
        } catch {
            files.abandon()
            throw error
        }
        proof.remember(fingerprints)
        return files.warnings
    }

    /// Removes what a failed restore left under temporary names; those that have their own name already stay.
    func removeTemporaries() async {
        await shielded {
            // A thread pool that is shut down is the end of the process.
            try? await blocking {
                for index in plan.files.indices where plan.files[index].isWritten {
                    RestoreTarget.remove(plan.temporaryPath(of: index))
                }
            }
        }
    }
}

/// The files that one range of a pack is being written to.
private struct OpenFiles {
    private let plan: RestorePlan
    private let layout: RestoreLayout
    private let restoresOwners: Bool
    private var files: [Int: UnfinishedFile] = [:]
    private(set) var warnings: [String] = []

    /// Descriptors are few (1 024 by default), and most files are closed as soon as their last blob is written.
    private static let limit = 32

    init(plan: RestorePlan, layout: RestoreLayout, restoresOwners: Bool) {
        self.plan = plan
        self.layout = layout
        self.restoresOwners = restoresOwners
    }

    /// Writes one blob.
    ///
    /// - Parameter content: `nil` for zeros, which become a hole.
    mutating func write(_ content: UnsafeRawBufferPointer?, to place: RestoreLayout.Place) throws {
        let index = place.file
        if let content {
            try openFile(index)
            try files[index]?.write(content, at: place.offset)
        }
        guard layout.progress.finishBlob(of: index) else { return }
        try openFile(index)
        guard var file = files.removeValue(forKey: index) else { return }
        do {
            try file.extend(to: plan.files[index].node.size)
        } catch {
            file.abandon()
            throw error
        }
        file.apply(plan.files[index].node, restoresOwners: restoresOwners, warnings: &warnings)
        try file.finish()
    }

    private mutating func openFile(_ index: Int) throws {
        guard files[index] == nil else { return }
        if files.count >= Self.limit { try closeAll() }
        let path = plan.temporaryPath(of: index)
        files[index] = layout.progress.isMade(index) ? try .reopen(path) : try .create(at: path)
    }

    mutating func closeAll() throws {
        while let (_, file) = files.popFirst() { try file.finish() }
    }

    mutating func abandon() {
        while let (_, file) = files.popFirst() { file.abandon() }
    }
}
