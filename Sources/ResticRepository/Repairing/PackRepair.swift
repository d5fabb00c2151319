internal import NIOCore
internal import ObjectStorage
public import ResticFormat

/// Salvages what is good in damaged packs into new ones, and takes the damaged ones out of use.
///
/// Blobs that are lost are then in no index: a backup whose source still holds them stores them again.
///
/// The caller holds a lock: a shared one to plan, an exclusive one from the plan to the end of applying it.
public struct PackRepair: Sendable {
    private let repository: Repository
    /// Called when a phase begins, with the bytes that will be read where that is known.
    public var onPhase: @Sendable (_ name: String, _ byteCount: Int64?) -> Void = { _, _ in }
    /// Called with bytes of packs as they are read.
    public var onRead: @Sendable (Int64) -> Void = { _ in }

    /// Makes a repair.
    public init(_ repository: Repository) {
        self.repository = repository
    }

    /// What a repair will do, and why.
    public struct Plan: Sendable {
        /// A pack that will be replaced.
        public struct Pack: Sendable {
            /// The pack.
            public let id: ResticID
            /// Its length in bytes.
            public let byteCount: Int64
            /// What is wrong with it as a whole.
            public let problems: [String]
            /// Blobs that will be stored anew.
            public let goodBlobs: Int
            /// Blobs that are lost with it: no other pack has them.
            public let lostBlobs: Int
            let blobs: [PackedBlob]
        }

        /// The damaged packs.
        public let packs: [Pack]
        /// Packs that were named and are sound.
        public let intact: [ResticID]
        /// Damaged packs that an earlier repair has taken out of use and had no time to remove from their place.
        public let leftovers: [ResticID]
        /// What the loss hits: one finding a pack, with the files and snapshots.
        public let findings: [CheckFinding]

        /// Whether there is nothing to do.
        public var isEmpty: Bool { packs.isEmpty && leftovers.isEmpty }
    }

    /// Reads packs and finds out which are damaged, what is still good in them, and what is lost.
    ///
    /// - Parameter names: beginnings of the ids of the packs in question; empty for all packs, which are all read then.
    /// - Throws: ``RepositoryError/Code/missing`` or ``RepositoryError/Code/ambiguous`` for a name.
    public func plan(_ names: [String]) async throws -> Plan {
        let catalog = try await repository.loadCatalog()
        let sizes = try await repository.listPacks()
        let kept = Set(try await ReplacedFiles(repository).list().map(\.original))
        let leftovers = sizes.keys.filter { !catalog.contains($0) && kept.contains(FileKind.pack.key($0).path) }
        let wanted =
            names.isEmpty
            ? catalog.packIDs.filter { sizes[$0] != nil }.sorted()
            : try names.map { try resolve($0, among: sizes) }.filter { !leftovers.contains($0) }
        let outcomes = try await read(wanted, sizes, catalog)
        let damaged = outcomes.filter { !$0.value.outcome.isIntact && !$0.value.outcome.isMissing }
        let index = catalog.makeIndex(without: Set(damaged.keys))
        var ledger = DamageLedger()
        var packs: [Plan.Pack] = []
        for (id, reading) in damaged.sorted(by: { $0.key < $1.key }) {
            let lost = try await note(reading.outcome, of: id, index, &ledger)
            packs.append(
                Plan.Pack(
                    id: id,
                    byteCount: sizes[id] ?? 0,
                    problems: reading.outcome.problems,
                    goodBlobs: reading.outcome.goodBlobs,
                    lostBlobs: lost,
                    blobs: reading.blobs
                )
            )
        }
        if !packs.isEmpty {
            onPhase("look for what the damage hits", nil)
            let preferred = IndexedRepository(
                repository: repository,
                index: catalog.makeIndex { damaged[$0] == nil && sizes[$0] != nil }
            )
            var search = DamageSearch(preferred)
            try await search.run(try await repository.readableSnapshots().snapshots.reversed(), &ledger)
        }
        return Plan(
            packs: packs,
            intact: names.isEmpty ? [] : outcomes.filter { $0.value.outcome.isIntact }.keys.sorted(),
            leftovers: leftovers.sorted(),
            findings: ledger.findings
        )
    }

    /// Carries a plan out: copies the damaged packs aside, stores their good blobs anew and indexes them, takes the damaged packs
    /// out of the index, and removes them last. What dies half-way is completed by the next repair.
    public func apply(_ plan: Plan) async throws {
        let files = ReplacedFiles(repository)
        for pack in plan.packs { try await files.keep(FileKind.pack.key(pack.id)) }
        let damaged = Set(plan.packs.map(\.id))
        if !plan.packs.isEmpty {
            try await salvage(plan.packs, without: damaged)
            // Read again: it lists the new packs now.
            let catalog = try await repository.loadCatalog()
            let reasons = Dictionary(
                uniqueKeysWithValues: damaged.map { ($0, "it names the damaged pack \($0.short)") }
            )
            var rewrite = IndexRewrite(of: catalog, dropping: reasons, rebuilding: [:])
            // Damaged index files are another repair's business.
            for file in catalog.failures.keys { rewrite.replaced[file] = nil }
            try await rewrite.apply(to: repository)
        }
        for pack in damaged.sorted() + plan.leftovers { try await repository.remove(.pack, pack) }
    }

    private func salvage(_ packs: [Plan.Pack], without damaged: Set<ResticID>) async throws {
        onPhase("salvage blobs", packs.reduce(0) { $0 + $1.byteCount })
        let catalog = try await repository.loadCatalog()
        let target = IndexedRepository(repository: repository, index: catalog.makeIndex(without: damaged))
        _ = try await target.write { writer in
            for pack in packs {
                var reader = PackReader(repository: repository, pack: pack.id, length: pack.byteCount)
                reader.onRead = onRead
                _ = try await reader.read(pack.blobs) { blob, content in
                    try await writer.store(Array(content.readableBytesView), as: blob.type, id: blob.id)
                }
            }
        }
    }

    private struct Reading: Sendable {
        let blobs: [PackedBlob]
        let outcome: PackReader.Outcome
    }

    private func read(
        _ packs: [ResticID],
        _ sizes: [ResticID: Int64],
        _ catalog: PackCatalog
    ) async throws -> [ResticID: Reading] {
        onPhase("read packs", packs.reduce(0) { $0 + (sizes[$1] ?? 0) })
        var readings: [ResticID: Reading] = [:]
        var rest = packs.makeIterator()
        try await withThrowingTaskGroup(of: (ResticID, Reading).self) { group in
            func start() {
                guard let id = rest.next(), let length = sizes[id] else { return }
                group.addTask { [repository, onRead] in
                    var reader = PackReader(repository: repository, pack: id, length: length)
                    reader.onRead = onRead
                    var blobs = catalog.contents(of: id).blobs
                    if !catalog.contains(id) {
                        let header = try await Repository.capturing {
                            try await repository.loadHeader(of: id, packLength: length)
                        }
                        blobs = (try? header.get()) ?? []
                    }
                    return (id, Reading(blobs: blobs, outcome: try await reader.read(blobs)))
                }
            }
            for _ in 0...CPUCount.available { start() }
            while let (id, reading) = try await group.next() {
                start()
                readings[id] = reading
            }
        }
        return readings
    }

    /// Notes what is lost with a pack.
    ///
    /// - Returns: how many blobs: those that can be read from another pack are not among them.
    private func note(
        _ outcome: PackReader.Outcome,
        of pack: ResticID,
        _ index: BlobIndex,
        _ ledger: inout DamageLedger
    ) async throws -> Int {
        let others = IndexedRepository(repository: repository, index: index)
        for problem in outcome.problems { ledger.add(problem, about: pack, hint: "") }
        if outcome.problems.isEmpty { ledger.add("it holds damaged blobs", about: pack, hint: "") }
        var lost = 0
        for (blob, reason) in outcome.bad {
            if index.contains(blob.id, blob.type),
                case .success = try await Repository.capturing({ try await others.load(blob.id, blob.type) })
            {
                continue
            }
            lost += 1
            ledger.addBad(BlobKey(blob.type, blob.id), in: pack, reason)
        }
        return lost
    }

    private func resolve(_ name: String, among sizes: [ResticID: Int64]) throws -> ResticID {
        let found = sizes.keys.filter { $0.hex.hasPrefix(name.lowercased()) }
        guard let first = found.first else {
            throw RepositoryError(
                .missing,
                "there is no pack '\(name)' in the repository",
                hint: "Run 'holdfast repo check --read-data' to find the damaged ones."
            )
        }
        guard found.count == 1 else {
            throw RepositoryError(
                .ambiguous,
                "'\(name)' is the beginning of \(found.count) packs",
                hint: "Give more of its digits."
            )
        }
        return first
    }
}

extension BlobWriter {
    /// Stores a blob whose id is known, unless it is stored already.
    func store(_ content: [UInt8], as type: BlobType, id: ResticID) async throws {
        try await jobs.send(Job(payload: .bytes(content), type: type, id: id, assembly: nil, place: 0))
    }
}
