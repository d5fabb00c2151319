internal import ObjectStorage
public import ResticFormat

/// Builds what is missing or wrong in the index from the headers of the packs.
///
/// The caller holds a lock: a shared one to plan, an exclusive one from the plan to the end of applying it.
public struct IndexRepair: Sendable {
    private let repository: Repository
    /// Called with (headers read, headers in all).
    public var onHeader: @Sendable (Int, Int) -> Void = { _, _ in }

    /// Makes a repair.
    public init(_ repository: Repository) {
        self.repository = repository
    }

    /// What a repair will do, and why.
    public struct Plan: Sendable {
        /// A file that will be set aside, or cannot be used.
        public struct File: Sendable, Hashable {
            /// The file.
            public let id: ResticID
            /// Why.
            public let reason: String
        }

        /// Index files that will be replaced: damaged, or saying what is not so.
        public let replaced: [File]
        /// Packs that the index names and that are not there; their blobs will be known as missing.
        public let missingPacks: [ResticID]
        /// Packs that the index will list as their headers say.
        public let rebuiltPacks: [ResticID]
        /// Blobs in these.
        public let rebuiltBlobs: Int
        /// Packs whose header cannot be read: left as they are; ``PackRepair`` salvages what the index knows of them.
        public let unreadablePacks: [File]
        let rewrite: IndexRewrite

        /// Whether there is nothing to do.
        public var isEmpty: Bool { rewrite.isEmpty }
    }

    /// Compares the index with the packs; reads the headers of those about which the index is silent or wrong.
    public func plan() async throws -> Plan {
        let catalog = try await repository.loadCatalog()
        let sizes = try await repository.listPacks()
        let setAside = Set(try await ReplacedFiles(repository).list().map(\.original))
        var missing: [ResticID: String] = [:]
        for pack in catalog.packIDs where sizes[pack] == nil {
            missing[pack] = "it names pack \(pack.short), which is not in the repository"
        }
        var doubtful: [(ResticID, Int64)] = []
        for (pack, size) in sizes.sorted(by: { $0.key < $1.key }) {
            if catalog.contains(pack) {
                let contents = catalog.contents(of: pack)
                if size != contents.packLength || contents.hasGaps || contents.hasOverlaps {
                    doubtful.append((pack, size))
                }
            } else if !setAside.contains(FileKind.pack.key(pack).path) {
                // One with a copy set aside is what a repair of packs that died has left: known to be damaged.
                doubtful.append((pack, size))
            }
        }
        let (headers, failures) = try await readHeaders(doubtful)
        let rewrite = IndexRewrite(of: catalog, dropping: missing, rebuilding: headers)
        return Plan(
            replaced: rewrite.replaced.map { Plan.File(id: $0.key, reason: $0.value) }.sorted { $0.id < $1.id },
            missingPacks: missing.keys.sorted(),
            rebuiltPacks: headers.keys.sorted(),
            rebuiltBlobs: headers.values.reduce(0) { $0 + $1.count },
            unreadablePacks: failures.sorted { $0.id < $1.id },
            rewrite: rewrite
        )
    }

    /// Carries a plan out. What dies half-way is completed by the next repair.
    public func apply(_ plan: Plan) async throws {
        try await plan.rewrite.apply(to: repository)
    }

    private func readHeaders(
        _ packs: [(ResticID, Int64)]
    ) async throws -> ([ResticID: [PackedBlob]], [Plan.File]) {
        var headers: [ResticID: [PackedBlob]] = [:]
        var failures: [Plan.File] = []
        var rest = packs.makeIterator()
        var done = 0
        try await withThrowingTaskGroup(of: (ResticID, Result<[PackedBlob], any Error>).self) { group in
            func start() {
                guard let (pack, size) = rest.next() else { return }
                group.addTask { [repository] in
                    let header = try await Repository.capturing {
                        try await repository.loadHeader(of: pack, packLength: size)
                    }
                    return (pack, header)
                }
            }
            for _ in 0..<max(1, repository.store.capabilities.usefulConcurrency) { start() }
            while let (pack, result) = try await group.next() {
                start()
                done += 1
                onHeader(done, packs.count)
                switch result {
                case .success(let blobs): headers[pack] = blobs
                case .failure(let error): failures.append(Plan.File(id: pack, reason: describeFailure(error)))
                }
            }
        }
        return (headers, failures)
    }
}
