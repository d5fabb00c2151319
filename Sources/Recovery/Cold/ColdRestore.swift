internal import Foundation
internal import Glibc
internal import LocalStorage
public import Logging
internal import ObjectStorage
public import QdrantClient
internal import ResticFormat
public import ResticRepository

/// Restores the storage of a stopped server, beside the place it goes to first: until everything is there and compared, nothing that is
/// there changes, and the server may run.
public struct ColdRestore: Sendable {
    /// Where to.
    public enum Destination: Sendable, Hashable {
        /// Where the configuration says: only when nothing is there, unless `inPlace`. What is there is put aside then, not deleted.
        case configured(inPlace: Bool)
        /// A folder, which has to be missing or empty. Nothing is stopped for it.
        case folder(String)
    }

    /// What will be restored where.
    public struct Step: Sendable {
        /// The storage as it was captured.
        public let storage: RestorePointManifest.StorageSummary
        /// The folder it goes to.
        public let target: String
        /// The volume of it.
        public let volume: String?
        /// The container that is stopped while it is put into place.
        public let container: String?
        /// Whether something is there that is not what an interrupted restore of the same has left.
        public let replaces: Bool
        /// Whether what is there is what an interrupted restore of the same has left: it is completed.
        public let completes: Bool
        /// Whether the folder is a mount point, which cannot be exchanged: then it is restored into.
        public let isMountPoint: Bool
        /// Whether what is there may be put aside.
        public let allowsExisting: Bool
        /// Whether files are written into the folder itself, not beside it.
        let isWrittenInto: Bool
    }

    /// What a restore did.
    public struct Outcome: Sendable {
        /// The storage as it was captured.
        public let storage: RestorePointManifest.StorageSummary
        /// Where it went.
        public let target: String
        /// What was written.
        public let report: RestoreReport
        /// What a comparison of the restored folder with the repository found wrong; then it was not put into place.
        public let differences: [String]
        /// What the operator should know.
        public let warnings: [String]
        /// Where that is now which was there before.
        public let putAside: String?
        /// Why the server's container does not run although it should.
        public let failure: RecoveryError?
    }

    private let point: RestorePoint
    private let repository: IndexedRepository
    private let destination: Destination
    private let storage: ColdStorage?
    private let clock: any WallClock
    private let progress: any ProgressSink
    /// Whether a folder is a mount point; tests have no other way to make one.
    var isMountPoint: @Sendable (String) -> Bool = ColdRestore.isMountPoint

    /// - Parameters:
    ///   - qdrant: the configuration that names the storage; `nil` when none does.
    ///   - environment: where the socket of a container engine is looked for.
    ///   - stopped: where stopped containers are noted.
    public init(
        _ point: RestorePoint,
        from repository: IndexedRepository,
        to destination: Destination,
        configured qdrant: HoldfastConfiguration.Qdrant?,
        client: QdrantClient? = nil,
        environment: [String: String],
        stopped: StoppedContainers,
        clock: any WallClock = SystemWallClock(),
        logger: Logger,
        progress: any ProgressSink = SilentProgress()
    ) {
        self.point = point
        self.repository = repository
        self.destination = destination
        storage = qdrant.flatMap { qdrant in
            qdrant.cold.map {
                ColdStorage(
                    settings: $0,
                    url: qdrant.url,
                    client: client,
                    environment: environment,
                    notes: stopped,
                    clock: clock,
                    logger: logger
                )
            }
        }
        self.clock = clock
        self.progress = progress
    }

    // MARK: Planning

    /// What will be restored where. Looks at the target and the container, and changes nothing.
    ///
    /// - Returns: `nil` when the restore point holds no storage of a stopped server.
    /// - Throws: ``RecoveryError/Code/notConfigured`` when nothing says where it goes.
    public func plan() async throws -> Step? {
        guard let summary = point.manifest[.qdrant]?.storage else { return nil }
        switch destination {
        case .folder(let path):
            let completes = try await isLeftover(path)
            return Step(
                storage: summary,
                target: path,
                volume: nil,
                container: nil,
                replaces: completes ? false : try await Self.isOccupied(path),
                completes: completes,
                isMountPoint: self.isMountPoint(path),
                allowsExisting: false,
                isWrittenInto: true
            )
        case .configured(let inPlace):
            guard let storage else { throw notConfigured() }
            let site = try await storage.find()
            let isMountPoint = self.isMountPoint(site.path)
            let completes = isMountPoint ? try await isLeftover(site.path) : false
            return Step(
                storage: summary,
                target: site.path,
                volume: site.volume,
                container: site.container.flatMap { $0.isRunning || $0.isRestarting ? $0.name : nil },
                replaces: completes ? false : try await Self.isOccupied(site.path),
                completes: completes,
                isMountPoint: isMountPoint,
                allowsExisting: inPlace,
                isWrittenInto: isMountPoint
            )
        }
    }

    /// Refuses what can be refused before anything is changed.
    ///
    /// - Throws: ``RecoveryError/Code/targetNotEmpty``; ``RecoveryError/Code/refused`` for a mount point that would have to be
    ///   exchanged; ``RecoveryError/Code/sourceInUse`` when a server runs that nothing would stop.
    public func check(_ step: Step) async throws {
        if step.replaces {
            guard step.allowsExisting else { throw notEmpty(step) }
            guard !step.isMountPoint else {
                throw RecoveryError(
                    .refused,
                    "'\(step.target)' is a mount point, and cannot be exchanged for another folder",
                    hint: "Stop the server, move what is in it aside by hand, and restore without '--in-place'."
                )
            }
        }
        guard step.container == nil else { return }
        let site = ColdStorage.Site(path: step.target, volume: step.volume)
        if case .configured = destination, let storage {
            try await storage.ensureUnused(site)
        } else {
            // Which server might use it is not known: its locks and open files tell all the same.
            try await ColdStorage.ensureNotOpen(site)
        }
    }

    private func notEmpty(_ step: Step) -> RecoveryError {
        let other = "restore into another folder with '--target DIR'"
        let hint =
            switch destination {
            case .folder: "Name another folder."
            case .configured where step.isMountPoint:
                "It is a mount point: stop the server and move what is in it aside by hand, or \(other)."
            case .configured: "Put what is there aside with '--in-place', or \(other)."
            }
        return RecoveryError(.targetNotEmpty, "the storage folder '\(step.target)' is not empty", hint: hint)
    }

    // MARK: Restoring

    /// Restores, compares what is on the disk with the repository, and only then puts it into place, while the server is stopped.
    public func run(_ step: Step) async throws -> Outcome {
        let tree = try await tree()
        progress.begin("restore the storage", totalBytes: step.storage.bytes)
        defer { progress.end() }
        guard case .configured = destination, let storage else {
            return try await restore(into: step.target, tree, step)
        }
        guard !step.isWrittenInto else {
            // Nothing but the content of a mount point can be changed: it is written with the server stopped, and a server that
            // were started on half of it would take what is missing for lost.
            let ending = try await storage.withStopped("the restore", mark: mark.path(in: step.target)) { _ in
                try await restore(into: step.target, tree, step)
            }
            return ending.value.adding(ending)
        }
        let exchange = FolderSwitch(path: step.target, date: String("\(clock.now)".prefix(10)))
        let (staged, leftover) = try await stage(tree, exchange, step)
        guard staged.differences.isEmpty else { return staged.adding(leftover) }
        let ending = try await storage.withStopped("the restore") { _ in
            try mark.remove(from: exchange.next)
            return try await Self.translating { try await Self.putIntoPlace(exchange, isReplacing: step.replaces) }
        }
        return staged.adding(leftover).adding(ending, putAside: ending.value)
    }

    private func tree() async throws -> ResticID {
        let node = try await repository.node(
            at: RestorePointManifest.storagePath,
            in: point.tree(of: .qdrant)
        )
        guard let tree = node?.subtree else {
            throw RecoveryError(
                .damagedRestorePoint,
                "restore point \(point.manifest.id) lacks the tree of its storage"
            )
        }
        return tree
    }

    /// Restores beside the target. What an interrupted restore of the same has left is completed; anything else is put aside.
    ///
    /// - Returns: also a remark about what was put aside.
    private func stage(_ tree: ResticID, _ exchange: FolderSwitch, _ step: Step) async throws -> (Outcome, [String]) {
        try await Self.translating { try await exchange.check() }
        var remarks: [String] = []
        if try await Self.isOccupied(exchange.next), try await !isLeftover(exchange.next) {
            let place = try await Self.translating { try await exchange.retireNext() }
            remarks.append("what was in '\(exchange.next)' is now in '\(place)'")
        }
        try mark.set(in: exchange.next)
        return (try await restore(tree, into: exchange.next, step), remarks)
    }

    /// Restores into the place itself. The folder is marked from before the first file is written until all are compared.
    private func restore(into folder: String, _ tree: ResticID, _ step: Step) async throws -> Outcome {
        if try await Self.isOccupied(folder), try await !isLeftover(folder) { throw notEmpty(step) }
        try mark.set(in: folder)
        let outcome = try await restore(tree, into: folder, step)
        if outcome.differences.isEmpty { try mark.remove(from: folder) }
        return outcome
    }

    private func restore(_ tree: ResticID, into folder: String, _ step: Step) async throws -> Outcome {
        try await removeUnfinished(folder)
        var restorer = DirectoryRestorer(target: RawPath(folder))
        restorer.existing = .replaceDifferent
        restorer.progress = { [progress] in progress.advance($0) }
        let report = try await restorer.restore(tree, from: repository)
        var differences = try await restorer.compare(tree, with: repository)
        if let expected = step.storage.contentDigest,
            case let found = try await ContentDigest.of(tree, in: repository), found.hex != expected
        {
            differences.append("the stored content has the digest \(found.hex), the manifest says \(expected)")
        }
        let warnings = report.warnings + Self.giveOwner(of: step, to: folder)
        return Outcome(
            storage: step.storage,
            target: step.target,
            report: report,
            differences: differences,
            warnings: warnings,
            putAside: nil,
            failure: nil
        )
    }

    /// - Returns: where that is now which was there before.
    private static func putIntoPlace(_ exchange: FolderSwitch, isReplacing: Bool) async throws -> String? {
        guard isReplacing else {
            // Missing or empty: an empty folder is no loss.
            guard rmdir(exchange.current) == 0 || errno == ENOENT else {
                throw RecoveryError(
                    .targetNotEmpty,
                    "'\(exchange.current)' is not empty any more: what was restored is in '\(exchange.next)'",
                    hint: "Look at what has been written there, and restore again with '--in-place'."
                )
            }
            try await exchange.promoteNext()
            return nil
        }
        if try await exchange.exchange() { return try await exchange.retireNext() }
        let aside = try await exchange.retireCurrent()
        try await exchange.promoteNext()
        return aside
    }

    /// Compares a folder with the stored one, reading all of it. Changes nothing.
    func differences(at folder: String) async throws -> [String] {
        try await DirectoryRestorer(target: RawPath(folder)).compare(tree(), with: repository)
    }

    // MARK: Looking

    private static func isOccupied(_ path: String) async throws -> Bool {
        try await StorageInventory.take(path).items.keys.contains { !$0.isEmpty }
    }

    private var mark: RestoreMark { RestoreMark(point: point.manifest.id) }

    /// Whether what is in a folder is what an interrupted restore of the same has left: it bears the mark of one, and nothing is in
    /// it that the tree lacks. Names alone tell nothing: a server that goes on writes into files of the same names.
    private func isLeftover(_ folder: String) async throws -> Bool {
        guard mark.isSet(in: folder) else { return false }
        var others = Set(try await StorageInventory.take(folder).items.keys.filter { !Self.isUnfinished($0) })
        others.subtract(["", mark.name])
        try await repository.walk(tree()) { entry in
            others.remove(entry.path.description)
            return entry.node.type == .dir
        }
        return others.isEmpty
    }

    private static func isUnfinished(_ path: String) -> Bool {
        path.split(separator: "/").last?.hasPrefix(".holdfast-restore-") == true
    }

    /// Removes what a restore that was killed has left half-written.
    private func removeUnfinished(_ folder: String) async throws {
        for path in try await StorageInventory.take(folder).items.keys where Self.isUnfinished(path) {
            _ = unlink("\(folder)/\(path)")
        }
    }

    static func isMountPoint(_ path: String) -> Bool {
        var (folder, parent) = (stat(), stat())
        guard stat(path, &folder) == 0, stat(ConfigurationPath.parent(of: path), &parent) == 0 else { return false }
        return folder.st_dev != parent.st_dev || folder.st_ino == parent.st_ino
    }

    /// The folder itself is in no tree: it gets what it had, or what the one in its place has.
    private static func giveOwner(of step: Step, to folder: String) -> [String] {
        var (mode, owner, group) = (step.storage.mode, step.storage.uid, step.storage.gid)
        var status = stat()
        if folder != step.target, stat(step.target, &status) == 0 {
            (mode, owner, group) = (status.st_mode & 0o7777, status.st_uid, status.st_gid)
        }
        var warnings: [String] = []
        if geteuid() == 0 {
            if chown(folder, owner, group) != 0 {
                warnings.append("\(folder): chown: \(String(cString: strerror(errno)))")
            }
        } else if owner != geteuid() {
            warnings.append(
                "the files belong to user \(geteuid()) now, and to \(owner) when they were captured: only root can give them back"
            )
        }
        if chmod(folder, mode_t(mode & 0o7777)) != 0 {
            warnings.append("\(folder): chmod: \(String(cString: strerror(errno)))")
        }
        return warnings
    }

    /// What the exchange of folders says, in the words of this operation.
    private static func translating<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as ObjectStoreError {
            throw RecoveryError(
                .refused,
                "the storage folder cannot be exchanged: \(error.message)",
                cause: error.cause
            )
        }
    }

    private func notConfigured() -> RecoveryError {
        RecoveryError(
            .notConfigured,
            "restore point \(point.manifest.id) holds the storage of a stopped server, and nothing says where it goes",
            hint:
                "Name the folder or volume in 'qdrant.cold', or restore into a folder with '--only qdrant --target DIR'."
        )
    }
}

extension ColdRestore.Outcome {
    fileprivate func adding<Value>(_ ending: ContainerPause.Ending<Value>, putAside: String? = nil) -> Self {
        Self(
            storage: storage,
            target: target,
            report: report,
            differences: differences,
            warnings: warnings + ending.warnings,
            putAside: putAside,
            failure: ending.failure
        )
    }

    fileprivate func adding(_ remarks: [String]) -> Self {
        Self(
            storage: storage,
            target: target,
            report: report,
            differences: differences,
            warnings: warnings + remarks,
            putAside: putAside,
            failure: failure
        )
    }
}
