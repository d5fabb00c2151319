internal import ObjectStorage
internal import ResticCrypto
internal import ResticFormat

/// One look at everything in a repository.
struct CheckPass: Sendable {
    let repository: Repository
    let onPhase: @Sendable (String, Int64?) -> Void
    let onRead: @Sendable (Int64) -> Void
    var ledger = DamageLedger()
    var report = RepositoryCheckReport()
    var catalog = PackCatalog()
    /// The packs that are there and that an index names, with their lengths.
    var sizes: [ResticID: Int64] = [:]
    var snapshots: [StoredSnapshot] = []
    /// Whether something was missing that a prune may have removed rightly.
    var sawMissing = false

    init(
        _ repository: Repository,
        onPhase: @escaping @Sendable (String, Int64?) -> Void,
        onRead: @escaping @Sendable (Int64) -> Void
    ) {
        self.repository = repository
        self.onPhase = onPhase
        self.onRead = onRead
    }

    mutating func checkStructure() async throws {
        onPhase("check keys, locks, index", nil)
        try await checkKeys()
        try await checkLocks()
        try await checkIndexes()
        onPhase("check packs", nil)
        try await checkPacks()
        onPhase("check snapshots and trees", nil)
        try await checkSnapshots()
        let ledger = ledger
        let indexed = IndexedRepository(
            repository: repository,
            index: catalog.makeIndex { !ledger.isDamaged($0) }
        )
        report.blobs = indexed.blobCount
        remarkDuplicates()
        forgiveCopies()
        try await checkTrees(indexed)
        try await checkReplaced()
    }

    // MARK: Small files

    private mutating func checkKeys() async throws {
        for entry in try await repository.store.list(under: FileKind.key.folder).sorted(by: { $0.key < $1.key }) {
            guard let id = FileKind.key.id(in: entry.key), FileKind.key.key(id) == entry.key else {
                addForeign(entry)
                continue
            }
            report.keys += 1
            let result = try await Repository.capturing { try await repository.checkKey(id) }
            guard case .failure(let error) = result else { continue }
            if let error = error as? ObjectStoreError, error.code == .notFound { continue }
            ledger.add(
                CheckFinding(
                    .key,
                    entry.key.path,
                    "key \(id.short): \(describeFailure(error))",
                    hint: "Make a new key with the same password ('holdfast key add'), then remove this one."
                )
            )
        }
    }

    private mutating func checkLocks() async throws {
        for id in try await repository.list(.lock).sorted() {
            let result = try await Repository.capturing {
                let bytes = try await repository.load(.lock, id)
                _ = try bytes.withUnsafeBytes { try LockRecord.decode($0) }
            }
            guard case .failure(let error) = result else { continue }
            // Released between the listing and now.
            if let error = error as? RepositoryError, error.code == .missing { continue }
            ledger.add(
                CheckFinding(
                    .lock,
                    FileKind.lock.key(id).path,
                    "lock \(id.short): \(describeFailure(error))",
                    hint: "When no other process uses the repository, remove the lock with 'holdfast repo unlock'."
                )
            )
        }
    }

    private mutating func checkIndexes() async throws {
        catalog = try await repository.loadCatalog()
        report.indexes = catalog.fileIDs.count
        for (id, error) in catalog.failures.sorted(by: { $0.key < $1.key }) {
            ledger.add(
                CheckFinding(
                    .index,
                    FileKind.index.key(id).path,
                    "index \(id.short): \(describeFailure(error))",
                    hint: "Run 'holdfast repo repair index'."
                )
            )
        }
    }

    private mutating func checkSnapshots() async throws {
        let found = try await repository.readableSnapshots()
        snapshots = found.snapshots.reversed()
        report.snapshots = found.snapshots.count + found.unreadable.count
        for (id, error) in found.unreadable {
            ledger.add(
                CheckFinding(
                    .snapshot,
                    FileKind.snapshot.key(id).path,
                    "snapshot \(id.short): \(describeFailure(error))",
                    hint: "Restore the file from a copy of the repository; its content cannot be found without it."
                )
            )
        }
    }

    private mutating func addForeign(_ entry: ObjectEntry) {
        addRemark(.foreignFile, "files that belong to no repository", [(entry.key.path, entry.byteCount)])
    }

    /// Adds to the remark of that kind, or makes it.
    mutating func addRemark(_ kind: CheckRemark.Kind, _ message: String, _ objects: [(name: String, byteCount: Int64)])
    {
        guard !objects.isEmpty else { return }
        let number = report.remarks.firstIndex { $0.kind == kind }
        let known = number.map { report.remarks[$0] }
        let remark = CheckRemark(
            kind: kind,
            message: message,
            count: (known?.count ?? 0) + objects.count,
            byteCount: (known?.byteCount ?? 0) + objects.reduce(0) { $0 + $1.byteCount },
            examples: Array(((known?.examples ?? []) + objects.map(\.name)).prefix(10))
        )
        if let number { report.remarks[number] = remark } else { report.remarks.append(remark) }
    }

    private mutating func checkReplaced() async throws {
        let kept = try await repository.store.list(under: ReplacedFiles.folder)
        addRemark(
            .replacedFile,
            "files set aside by repairs; 'holdfast repo repair confirm' removes them",
            kept.map { ($0.key.path, $0.byteCount) }
        )
    }

    // MARK: Packs

    private mutating func checkPacks() async throws {
        var unindexed: [(String, Int64)] = []
        var foreign: [ObjectEntry] = []
        try await repository.store.list(under: FileKind.pack.folder) { page in
            for entry in page {
                guard let id = FileKind.pack.id(in: entry.key), FileKind.pack.key(id) == entry.key else {
                    foreign.append(entry)
                    continue
                }
                if catalog.contains(id) {
                    sizes[id] = entry.byteCount
                } else {
                    unindexed.append((entry.key.path, entry.byteCount))
                }
            }
        }
        for entry in foreign { addForeign(entry) }
        addRemark(
            .unindexedPack,
            "files in 'data' that no index names; an interrupted backup leaves such",
            unindexed.sorted { $0.0 < $1.0 }
        )
        report.packs = catalog.packCount
        report.packBytes = sizes.values.reduce(0, +)
        var (twice, partly): ([(String, Int64)], [(String, Int64)]) = ([], [])
        for id in catalog.packIDs.sorted() {
            let contents = catalog.contents(of: id)
            if contents.isListedTwice { twice.append((id.hex, 0)) }
            if try await check(id, contents) { partly.append((id.hex, 0)) }
        }
        addRemark(.packIndexedTwice, "packs that more than one index file lists", twice)
        addRemark(
            .partlyIndexedPack,
            "packs that hold more blobs than the index says; 'holdfast repo repair index' adds them",
            partly
        )
    }

    /// Checks that a pack is there and has the length that the index implies; where they disagree, the header decides.
    ///
    /// - Returns: whether the index lists only a part of the pack.
    private mutating func check(_ id: ResticID, _ contents: PackCatalog.Contents) async throws -> Bool {
        guard let size = sizes[id] else {
            sawMissing = true
            ledger.add(
                "it is not in the repository; the index places \(contents.blobs.count) blob(s) in it",
                about: id,
                hint: Self.missingPackHint
            )
            for blob in contents.blobs { ledger.addBad(BlobKey(blob.type, blob.id), in: id, "lost with its pack") }
            return false
        }
        guard size != contents.packLength || contents.hasGaps || contents.hasOverlaps else { return false }
        switch try await Repository.capturing({ try await repository.loadHeader(of: id, packLength: size) }) {
        case .success(let header):
            let listed = Set(header)
            let wrong = contents.blobs.filter { !listed.contains($0) }
            guard !wrong.isEmpty else { return true }
            ledger.add(
                "the index places \(wrong.count) blob(s) in it that its header does not list so",
                about: id,
                hint: "Run 'holdfast repo repair index'."
            )
            for blob in wrong { ledger.addBad(BlobKey(blob.type, blob.id), in: id, "the index places it wrongly") }
        case .failure(let error as ObjectStoreError) where error.code == .notFound:
            sawMissing = true
            ledger.add("it vanished while it was checked", about: id, hint: Self.missingPackHint)
            for blob in contents.blobs { ledger.addBad(BlobKey(blob.type, blob.id), in: id, "lost with its pack") }
        case .failure(let error):
            ledger.add(
                "it has \(size) bytes, the index implies \(contents.packLength); \(describeFailure(error))",
                about: id,
                hint: Self.packHint(id)
            )
            for blob in contents.blobs where Int64(blob.offset) + Int64(blob.length) > size {
                ledger.addBad(BlobKey(blob.type, blob.id), in: id, "it lies behind the end of the pack")
            }
        }
        return false
    }

    static let missingPackHint =
        "Restore the file from a copy of the repository; else run 'holdfast repo repair index', then a backup, which stores again what its sources still hold."

    static func packHint(_ id: ResticID) -> String {
        "Restore the file from a copy of the repository; else 'holdfast repo repair packs \(id.short)' salvages what is still good in it."
    }

    /// Blobs of bad packs that a good pack holds too can be had after all.
    mutating func forgiveCopies() {
        var saved: Set<BlobKey> = []
        catalog.forEach { pack, blob in
            let key = BlobKey(blob.type, blob.id)
            if ledger.bad[key] != nil, !ledger.isDamaged(pack) { saved.insert(key) }
        }
        ledger.forgive(saved)
    }

    private mutating func remarkDuplicates() {
        var surplus = -report.blobs
        catalog.forEach { _, _ in surplus += 1 }
        guard surplus > 0 else { return }
        report.remarks.append(
            CheckRemark(
                kind: .duplicateBlob,
                message: "blobs that are stored or listed more than once; a prune removes the surplus",
                count: surplus,
                byteCount: 0,
                examples: []
            )
        )
    }

    // MARK: Trees

    private mutating func checkTrees(_ indexed: IndexedRepository) async throws {
        var marks = indexed.makeMarks()
        var failures: [(ResticID, any Error)] = []
        var missing: Set<ResticID> = []
        var trees = 0
        var hasBadNode = false
        try await TreeSweep(indexed).run(from: snapshots.map(\.record.tree), marks: &marks) { id, finding in
            switch finding {
            case .failure(let error): failures.append((id, error))
            case .tree(let tree):
                trees += 1
                for node in tree.nodes {
                    for blob in node.content ?? [] where !indexed.index.contains(blob, .data) { missing.insert(blob) }
                    if node.contradicts(indexed.index) { hasBadNode = true }
                }
            }
        }
        report.trees = trees
        for (id, error) in failures.sorted(by: { $0.0 < $1.0 }) { addBadTree(id, error, indexed) }
        for id in missing.sorted() { ledger.addMissing(BlobKey(.data, id)) }
        if !missing.isEmpty { sawMissing = true }
        if hasBadNode { ledger.addBadNode() }
    }

    private mutating func addBadTree(_ id: ResticID, _ error: any Error, _ indexed: IndexedRepository) {
        let key = BlobKey(.tree, id)
        guard ledger.bad[key] == nil else { return }
        guard let location = indexed.location(of: id, .tree) else {
            sawMissing = true
            return ledger.addMissing(key)
        }
        if let error = error as? RepositoryError, error.code == .missing { sawMissing = true }
        ledger.add("it holds trees that cannot be read", about: location.pack, hint: Self.packHint(location.pack))
        ledger.addBad(key, in: location.pack, describeFailure(error))
    }
}
