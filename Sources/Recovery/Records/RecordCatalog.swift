public import ResticFormat
public import ResticRepository

/// Reads the records about restore points.
public struct RecordCatalog: Sendable {
    private let repository: IndexedRepository

    /// Makes a catalog.
    public init(_ repository: IndexedRepository) {
        self.repository = repository
    }

    /// A record of which only the tags can be read.
    public struct Unreadable: Sendable {
        /// Its snapshot.
        public let snapshot: ResticID
        /// What it told; `nil` for a kind that this program does not know.
        public let kind: RestorePointRecord.Kind?
        /// When it was made.
        public let time: GoTime
        /// Why.
        public let error: RecoveryError
    }

    /// The standings of all restore points: proven, failed, pinned. Reads the snapshots and nothing else.
    public func standings() async throws -> PointStandings {
        PointStandings(try await repository.repository.readableSnapshots().snapshots)
    }

    /// What is known of a restore point that is pinned.
    ///
    /// - Throws: ``RecoveryError/Code/nothingToDo`` when it is not.
    @discardableResult
    public func checkIsPinned(_ point: RestorePoint) async throws -> PointStanding {
        let standing = try await standings()[point.manifest.id]
        guard standing.isPinned else {
            throw RecoveryError(
                .nothingToDo,
                "restore point \(point.manifest.id) is not pinned",
                hint: "Run 'holdfast points' to see those that are."
            )
        }
        return standing
    }

    /// The records about a restore point, oldest first, and those of which only the tags can be read.
    ///
    /// - Parameter id: the restore point's whole id.
    public func records(of id: String) async throws -> (records: [RestorePointRecord], unreadable: [Unreadable]) {
        var records: [RestorePointRecord] = []
        var unreadable: [Unreadable] = []
        var seen: Set<String> = []
        let marked = try await repository.repository.readableSnapshots().snapshots.compactMap { snapshot in
            RecordMark(snapshot).flatMap { $0.point == id ? (mark: $0, snapshot: snapshot) : nil }
        }
        // By their own ids where times are equal: a copy of the repository says the same in the same order.
        for (mark, snapshot) in marked.sorted(by: { ($0.mark.time, $0.mark.id) < ($1.mark.time, $1.mark.id) })
        where seen.insert(mark.id).inserted {
            do {
                records.append(try await load(snapshot))
            } catch let error as RecoveryError {
                unreadable.append(
                    Unreadable(snapshot: snapshot.id, kind: mark.kind, time: snapshot.record.time, error: error)
                )
            }
        }
        return (records, unreadable)
    }

    private func load(_ snapshot: StoredSnapshot) async throws -> RestorePointRecord {
        do {
            let bytes = try await repository.readFile(
                at: RestorePointRecord.path,
                in: snapshot.record.tree,
                limit: RestorePointRecord.maximumByteCount
            )
            guard let bytes else { throw damaged(snapshot, "it holds no \(RestorePointRecord.path)", nil) }
            return try RestorePointRecord.decode(bytes)
        } catch let error as RestorePointRecord.Unreadable {
            throw damaged(snapshot, error.reason, error.cause)
        } catch let error as RepositoryError where error.code == .damaged || error.code == .missing {
            throw damaged(snapshot, error.message, error)
        }
    }

    private func damaged(_ snapshot: StoredSnapshot, _ reason: String, _ cause: (any Error)?) -> RecoveryError {
        RecoveryError(
            .damagedRestorePoint,
            "the record in snapshot \(snapshot.id.short) cannot be read: \(reason)",
            hint: "Run 'holdfast repo check' to see what is damaged; what its tags say still counts.",
            cause: cause
        )
    }
}
