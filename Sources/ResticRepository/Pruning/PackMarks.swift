internal import Logging
internal import ObjectStorage
internal import ResticFormat

/// All marks of a repository, as they were read at one moment.
struct PackMarks: Sendable {
    /// What is known about a marked pack.
    struct Entry: Sendable {
        /// When it was first marked.
        var time: GoTime
        var reason: PackMark.Reason
        var holders: [PackMark.Holder]
    }

    /// The marked packs.
    private(set) var packs: [ResticID: Entry] = [:]
    /// The files.
    private(set) var files: [ResticID: PackMark] = [:]

    /// Takes a file in.
    mutating func add(_ id: ResticID, _ mark: PackMark) {
        files[id] = mark
        for pack in mark.packs {
            // Named twice, after a crash: the older mark counts, and everybody who was there at either.
            var entry = packs[pack.id] ?? Entry(time: mark.time, reason: pack.reason, holders: [])
            if mark.time < entry.time { (entry.time, entry.reason) = (mark.time, pack.reason) }
            for holder in mark.holders where !entry.holders.contains(holder) { entry.holders.append(holder) }
            packs[pack.id] = entry
        }
    }

    /// Takes a file out again.
    mutating func remove(_ id: ResticID) {
        files[id] = nil
        let rest = files
        (files, packs) = ([:], [:])
        for (id, mark) in rest { add(id, mark) }
    }

    /// The newest time at which anything was marked.
    var newestTime: GoTime? { files.values.map(\.time).max() }
}

extension Repository {
    /// Reads all marks.
    ///
    /// - Throws: ``RepositoryError/Code/damaged`` or ``RepositoryError/Code/unsupportedVersion`` for one that cannot be read.
    func loadMarks() async throws -> PackMarks {
        var marks = PackMarks()
        for id in try await list(.mark) {
            do {
                let bytes = try await load(.mark, id)
                marks.add(id, try bytes.withUnsafeBytes { try PackMark.decode($0) })
            } catch let error as RepositoryError where error.code == .missing {
                continue  // Removed between the listing and now.
            } catch let error as ResticFormatError {
                throw RepositoryError(
                    error.code == .unsupportedVersion ? .unsupportedVersion : .damaged,
                    "mark \(id.short) of packs to be removed cannot be read",
                    hint: error.hint
                        ?? "Remove the file '\(FileKind.mark.key(id))': the next prune marks its packs again.",
                    cause: error
                )
            }
        }
        return marks
    }

    /// The packs that nothing new may rely on.
    ///
    /// A mark that cannot be read stops no backup and no restore: it only keeps writers from relying on packs that are about to go,
    /// and before they go, an exclusive lock makes sure that nobody does (decision 0010).
    func condemnedPacks() async -> [ResticID] {
        do {
            return Array(try await loadMarks().packs.keys)
        } catch {
            logger.warning("the marks of packs to be removed cannot be read", metadata: ["error": "\(error)"])
            return []
        }
    }

    /// Marks packs.
    func saveMarks(_ packs: [PackMark.Pack], time: GoTime, holders: [PackMark.Holder]) async throws -> PackMarks {
        var saved = PackMarks()
        for start in stride(from: 0, to: packs.count, by: PackMark.maximumPacks) {
            let some = Array(packs[start..<min(start + PackMark.maximumPacks, packs.count)])
            let mark = PackMark(time: time, holders: holders, packs: some)
            saved.add(try await save(.mark, mark.encode()), mark)
        }
        return saved
    }

    /// Takes packs out of all marks, each file replaced after the new one is stored: a crash leaves a pack marked, never less.
    ///
    /// When the store has no room for the new file, the old one stays: a mark too many costs nothing but a look at its pack.
    func unmark(_ ids: Set<ResticID>, in marks: inout PackMarks) async throws {
        for (file, mark) in marks.files where mark.packs.contains(where: { ids.contains($0.id) }) {
            // Another prune may have been here; what it took out must not come back.
            guard try await store.byteCount(of: FileKind.mark.key(file)) != nil else {
                marks.remove(file)
                continue
            }
            var rest = mark
            rest.packs.removeAll { ids.contains($0.id) }
            if !rest.packs.isEmpty {
                do {
                    marks.add(try await save(.mark, rest.encode()), rest)
                } catch let error as ObjectStoreError where error.code == .insufficientSpace {
                    continue
                }
            }
            try await remove(.mark, file)
            marks.remove(file)
        }
    }
}
