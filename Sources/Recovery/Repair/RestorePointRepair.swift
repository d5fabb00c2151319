internal import Foundation
internal import QdrantCapture
internal import ResticFormat
internal import ResticRepository

/// The repaired copy of one restore point.
struct RestorePointRepair {
    /// What became of the manifest.
    enum Manifest {
        case found(RestorePointManifest, StoredSnapshot)
        case lost(ResticID, reason: String)
        /// The snapshots belong to a run that did not finish.
        case none
    }

    private let id: String
    private let group: [SnapshotDiagnosis]
    private let records: RecordRepair
    private let repository: IndexedRepository
    private let clock: any WallClock

    init(
        _ id: String,
        _ group: [SnapshotDiagnosis],
        _ records: RecordRepair,
        _ repository: IndexedRepository,
        clock: any WallClock
    ) {
        self.id = id
        self.group = group
        self.records = records
        self.repository = repository
        self.clock = clock
    }

    func manifest() async throws -> Manifest {
        let found = group.first { $0.snapshot.record.tags.contains(RestorePoint.Tag.manifest) }
        guard let found else { return .none }
        do {
            let bytes = try await repository.readFile(
                at: RestorePointManifest.path,
                in: found.snapshot.record.tree,
                limit: RestorePointManifest.maximumByteCount
            )
            guard let bytes else { return .lost(found.snapshot.id, reason: "it holds no manifest") }
            return .found(try JSONDecoder().decode(RestorePointManifest.self, from: Data(bytes)), found.snapshot)
        } catch let error as RepositoryError where error.code == .damaged || error.code == .missing {
            return .lost(found.snapshot.id, reason: "the restore point's manifest is lost: \(error.message)")
        } catch is DecodingError {
            return .lost(found.snapshot.id, reason: "the restore point's manifest cannot be read")
        }
    }

    private func diagnosis(of part: RestorePointManifest.Part) -> SnapshotDiagnosis? {
        // In a copy of the repository the snapshots have other ids than the manifest says; the tags bind them.
        group.first { $0.snapshot.id.hex == part.snapshot }
            ?? group.first { RestorePoint.component(fromTags: $0.snapshot.record.tags) == part.component }
    }

    /// What the copy will be. Parts whose snapshot or root tree is gone are not in it.
    func plan(_ manifest: RestorePointManifest, _ snapshot: StoredSnapshot) -> SnapshotRepairPlan.Item {
        let trees = manifest.parts.map { diagnosis(of: $0)?.tree }
        let missing = manifest.parts.flatMap { part -> [RestorePointManifest.MissingItem] in
            guard let diagnosis = diagnosis(of: part), diagnosis.tree != nil else {
                return [.init(component: part.component, path: "/", kind: .removed, lostBytes: part.bytes)]
            }
            return diagnosis.losses.map { .init(component: part.component, $0) }
        }
        return SnapshotRepairPlan.Item(
            restorePoint: id,
            copy: SnapshotRepair.name(of: snapshot.id, trees: trees).short,
            originals: [snapshot.id] + group.map(\.snapshot.id).filter { $0 != snapshot.id }.sorted()
                + records.snapshots,
            missing: (manifest.missing ?? []) + missing,
            isDone: false
        )
    }

    /// Whether the copy's manifest, which is written last, is there.
    func isDone(_ item: SnapshotRepairPlan.Item, among snapshots: [StoredSnapshot]) -> Bool {
        guard let copy = item.copy else { return false }
        return snapshots.contains {
            $0.record.tags.contains(RestorePoint.Tag.point(copy)) && $0.record.tags.contains(RestorePoint.Tag.manifest)
        }
    }

    /// Writes the copy: a snapshot a component, whole ones too, so that nothing of the original is needed; the manifest last.
    func write(
        _ item: SnapshotRepairPlan.Item,
        _ manifest: RestorePointManifest,
        _ snapshot: StoredSnapshot,
        among snapshots: [StoredSnapshot]
    ) async throws {
        guard let copyID = item.copy else { return }
        var copy = manifest
        copy.id = copyID
        copy.repairedFrom = manifest.repairedFrom ?? id
        copy.missing = item.missing
        copy.parts = []
        for part in manifest.parts {
            guard let diagnosis = diagnosis(of: part), let tree = diagnosis.tree else { continue }
            var newPart = try await recount(part, tree, diagnosis.losses)
            let record = diagnosis.snapshot.repaired(tree: tree, tags: tags(diagnosis.snapshot.record.tags, copyID))
            // Written already when an earlier run died after it.
            let known = snapshots.first { $0.record == record }
            let stored = if let known { known } else { try await repository.repository.save(record) }
            newPart.snapshot = stored.id.hex
            copy.parts.append(newPart)
        }
        for pin in records.pins() {
            let record = try await records.makeCopy(of: pin, tags: tags(pin.snapshot.record.tags, copyID))
            if !snapshots.contains(where: { $0.record == record }) { _ = try await repository.repository.save(record) }
        }
        let bytes = try copy.encode()
        let companions = await companions(of: snapshot)
        let (tree, _) = try await repository.write { [clock, repository] writer in
            let content = try await writer.store(bytes)
            var composer = TreeComposer(time: clock.now, host: repository.repository.host)
            composer.addFile(RestorePointManifest.path, size: Int64(bytes.count), blobs: try await content.blobs())
            for (path, node) in companions where node.content.map(writer.holds) == true {
                composer.addFile(path, size: Int64(clamping: node.size), blobs: node.content ?? [])
            }
            return try await composer.store(into: writer)
        }
        _ = try await repository.repository.save(
            snapshot.repaired(tree: tree, tags: tags(snapshot.record.tags, copyID))
        )
    }

    /// What lies beside the manifest (the configuration, lineage), as far as it can be read: it goes along into the copy.
    private func companions(of snapshot: StoredSnapshot) async -> [(String, Node)] {
        var found: [(String, Node)] = []
        do {
            try await repository.walk(snapshot.record.tree) { entry in
                let path = "\(entry.path)"
                if entry.node.type == .file, path != RestorePointManifest.path { found.append((path, entry.node)) }
                return true
            }
        } catch {
            return found
        }
        return found
    }

    private func tags(_ tags: [String], _ copyID: String) -> [String] {
        tags.map { $0 == RestorePoint.Tag.point(id) ? RestorePoint.Tag.point(copyID) : $0 }
    }

    // MARK: Counting again what the manifest says

    private struct Count {
        var files = 0
        var directories = 0
        var others = 0
        var bytes: Int64 = 0
    }

    private func recount(
        _ part: RestorePointManifest.Part,
        _ tree: ResticID,
        _ losses: [RepairLoss]
    ) async throws -> RestorePointManifest.Part {
        var part = part
        part.tree = tree.hex
        let all = try await count(tree)
        (part.files, part.bytes) = (all.files, all.bytes)
        var folders: [RestorePointManifest.FolderSummary] = []
        for var folder in part.folders {
            let path = RestorePointManifest.path(ofFolder: folder.name)
            guard let below = try await repository.node(at: path, in: tree)?.subtree else { continue }
            let count = try await count(below)
            (folder.files, folder.directories) = (count.files, count.directories + 1)
            (folder.otherItems, folder.bytes) = (count.others, count.bytes)
            if folder.contentDigest != nil {
                folder.contentDigest = try await ContentDigest.of(below, in: repository).hex
            }
            folders.append(folder)
        }
        part.folders = folders
        var collections: [RestorePointManifest.CollectionSummary] = []
        for var collection in part.collections {
            let prefix = "/qdrant/\(collection.name)/"
            // Without its description a collection cannot be restored as one.
            let description = "/" + CollectionManifest.path(of: collection.name)
            let isGone = losses.contains { loss in
                loss.path == description || (loss.kind == .emptied && (prefix.hasPrefix(loss.path + "/")))
            }
            guard !isGone else { continue }
            let lost = losses.count { $0.path.hasPrefix(prefix) }
            if lost > 0 {
                collection.warnings.append("damaged in the repository: \(lost) of its files or folders are not whole")
            }
            if let below = try await repository.node(at: "qdrant/\(collection.name)/shards", in: tree)?.subtree {
                let count = try await count(below)
                (collection.files, collection.bytes) = (count.files, count.bytes)
            }
            collections.append(collection)
        }
        part.collections = collections
        part.sets = try await recount(part.sets, tree)
        return part
    }

    /// Without its index a set cannot be restored as one.
    private func recount(_ sets: [SealedSetSummary]?, _ tree: ResticID) async throws -> [SealedSetSummary]? {
        guard let sets else { return nil }
        var left: [SealedSetSummary] = []
        for var set in sets where try await repository.node(at: SealedIndex.path(of: set.name), in: tree) != nil {
            let folder = SealedIndex.folder(of: set.name) + "/files"
            guard let below = try await repository.node(at: folder, in: tree)?.subtree else { continue }
            let count = try await count(below)
            (set.files, set.sealedBytes) = (count.files, count.bytes)
            left.append(set)
        }
        return left
    }

    private func count(_ tree: ResticID) async throws -> Count {
        var count = Count()
        try await repository.walk(tree) { entry in
            switch entry.node.type {
            case .file:
                count.files += 1
                count.bytes += Int64(clamping: entry.node.size)
            case .dir: count.directories += 1
            default: count.others += 1
            }
            return true
        }
        return count
    }
}
