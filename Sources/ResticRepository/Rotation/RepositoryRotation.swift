internal import Logging
internal import NIOCore
internal import ObjectStorage
public import ResticCrypto
internal import ResticFormat

/// Replaces a repository by a new one with another master key and password, after a leak: everything is copied, the new one is proven
/// to need nothing of the old one, and takes its place. See decision 0012.
///
/// Dead between any two steps, it leaves the old or the new repository whole at the configured location (or, where the file
/// system cannot exchange two folders in one step, the new one whole beside it for a moment), and the next run goes on.
public struct RepositoryRotation: Sendable {
    /// What is passed in.
    public struct Options: Sendable {
        /// Opens the repository that is to be replaced.
        public var oldPassword: [UInt8]
        /// Opens the new one.
        public var newPassword: [UInt8]
        /// Whether the new repository cuts content as the old one does.
        public var keepsChunking = false
        /// The cost of deriving a key from the new password.
        public var scrypt: ScryptParameters = .standard
        /// Compression, host, log.
        public var repository = Repository.Options()
        /// The time of day.
        public var clock: any WallClock = SystemWallClock()
        /// How long to wait for backups and restores to end before the switch.
        public var timing: LockTiming
        /// Called with the bytes that are going to be copied; throws where there is no room for them.
        public var checkRoom: @Sendable (Int64) async throws -> Void = { _ in }
        /// Called when a phase begins, with its bytes.
        public var onPhase: @Sendable (String, Int64) -> Void = { _, _ in }
        /// Called with bytes as they are dealt with.
        public var onProgress: @Sendable (Int64) -> Void = { _ in }

        /// Makes options; see the properties.
        public init(oldPassword: [UInt8], newPassword: [UInt8]) {
            self.oldPassword = oldPassword
            self.newPassword = newPassword
            timing = LockTiming()
            // Longer than most backups take: giving up here means proving the new repository again.
            timing.patience = .seconds(30 * 60)
        }
    }

    /// What a rotation did.
    public struct Report: Sendable {
        /// How far it had come before.
        public var found: RotationState
        /// The id of the repository that was replaced; `nil` when an earlier run had come past the point of knowing it.
        public var oldID: String?
        /// The id of the new repository.
        public var newID: String
        /// Where the old repository is now.
        public var retired: String?
        /// Snapshots copied by this run.
        public var copiedSnapshots = 0
        /// Snapshots of the new repository that were removed, since the old one has them no more.
        public var removedSnapshots = 0
        /// Blobs that were read and hashed.
        public var provenBlobs = 0
        /// What was written.
        public var written = WriteStatistics()
    }

    private let place: any RotationPlace
    private let options: Options

    /// Makes a rotation; touches nothing.
    public init(at place: any RotationPlace, _ options: Options) {
        self.place = place
        self.options = options
    }

    // MARK: Where it stands

    /// How far a rotation has come.
    ///
    /// - Throws: ``RepositoryError/Code/alreadyExists`` when something that is no part of a rotation is in the way.
    public func state() async throws -> RotationState {
        let journal = try await RotationJournal.read(from: place.current)
        let nextJournal = try await RotationJournal.read(from: place.next)
        guard try await exists(place.current) else {
            if nextJournal != nil, try await exists(place.next) { return .halfSwitched }
            throw RepositoryError(
                .noRepository,
                "there is no repository at \(place.current.location)",
                hint: "Check the location and that its disk is mounted."
            )
        }
        if try await isEmpty(place.next) { return journal == nil ? .idle : .retired }
        switch (journal, nextJournal) {
        case (nil, .some): return .filling
        case (.some, nil): return .exchanged
        default: break
        }
        throw RepositoryError(
            .alreadyExists,
            "\(place.next.location) holds something that is no part of a rotation",
            hint: "Move it away: the new repository is made there."
        )
    }

    private func exists(_ store: any ObjectStore) async throws -> Bool {
        do {
            return try await store.byteCount(of: FileKind.config) != nil
        } catch let error as ObjectStoreError where error.code == .locationMissing {
            return false
        }
    }

    private func isEmpty(_ store: any ObjectStore) async throws -> Bool {
        do {
            return try await store.list(under: nil).isEmpty
        } catch let error as ObjectStoreError where error.code == .locationMissing {
            return true
        }
    }

    // MARK: The run

    /// What a rotation would copy now.
    ///
    /// - Returns: `nil` when only steps after the copying are left.
    public func plan() async throws -> (RotationState, CopyPlan?) {
        let state = try await state()
        guard state == .idle || state == .filling else { return (state, nil) }
        let old = try await Repository.open(
            in: place.current,
            password: options.oldPassword,
            options: options.repository
        )
        return try await old.withLock(.shared, clock: options.clock) {
            let snapshots = try await old.snapshots()
            let source = try await old.loadIndex()
            let isBegun = try await exists(place.next)
            let target = isBegun ? try await openNext(old).loadIndex() : nil
            return (state, try await RepositoryCopy(from: source, to: target).plan(Self.groups(snapshots)))
        }
    }

    /// Begins a rotation, or goes on with one, to its end.
    public func run() async throws -> Report {
        let state = try await state()
        switch state {
        case .idle, .filling: return try await fillAndSwitch(state)
        case .halfSwitched:
            try await place.promoteNext()
            return try await finish(Report(found: state, newID: ""))
        case .exchanged:
            var report = Report(found: state, newID: "")
            report.retired = try await place.retireNext().location
            return try await finish(report)
        case .retired: return try await finish(Report(found: state, newID: ""))
        }
    }

    private func fillAndSwitch(_ state: RotationState) async throws -> Report {
        let (oldStore, newStore) = (RelocatableStore(place.current), RelocatableStore(place.next))
        let old = try await Repository.open(in: oldStore, password: options.oldPassword, options: options.repository)
        let new = try await makeNext(in: newStore, for: old)
        let report = try await new.withLock(.exclusive, clock: options.clock, timing: options.timing) {
            var report = Report(found: state, oldID: old.id, newID: new.id)
            // Backups go on meanwhile.
            var proven = CopyProof.Proven()
            let target = try await new.loadIndex()
            (proven, report) = try await old.withLock(.shared, clock: options.clock, timing: options.timing) {
                [report] in try await bring(old, into: target, after: CopyProof.Proven(), report)
            }
            // What they stored since is brought while nobody can.
            return try await old.withLock(.exclusive, clock: options.clock, timing: options.timing) {
                [proven, report] in
                var (_, report) = try await bring(old, into: target, after: proven, report)
                report.retired = try await switchOver(oldStore, newStore)
                return report
            }
        }
        return try await finish(report)
    }

    /// Copies what is missing, removes what the old repository has no more, and proves the rest.
    private func bring(
        _ old: Repository,
        into target: IndexedRepository,
        after proven: CopyProof.Proven,
        _ report: Report
    ) async throws -> (CopyProof.Proven, Report) {
        var report = report
        let snapshots = try await old.snapshots()
        let source = try await old.loadIndex()
        var copy = RepositoryCopy(from: source, to: target)
        copy.onCopy = options.onProgress
        let plan = try await copy.plan(Self.groups(snapshots))
        try check(plan.problems)
        try await options.checkRoom(plan.storedBytes)
        options.onPhase("copy", plan.storedBytes)
        let copied = try await copy.run(plan)
        try check(copied.failures.map(\.reason))
        report.copiedSnapshots += copied.copied.count
        report.written = report.written + copied.written
        // Forgotten in the old repository between two runs: the new one must not bring it back.
        let originals = CopyRecognition(snapshots)
        for extra in try await target.repository.snapshots() where originals.copy(of: extra) == nil {
            try await target.repository.remove(.snapshot, extra.id)
            report.removedSnapshots += 1
        }
        let before = proven.counts
        var proof = CopyProof(source: source, target: target)
        proof.onRead = options.onProgress
        options.onPhase("prove", PackOrder(since: before, in: target).storedByteCount)
        let result = try await proof.run(after: proven)
        report.provenBlobs += result.counts.data + result.counts.trees - before.data - before.trees
        return (result, report)
    }

    private func check(_ problems: [String]) throws {
        guard let first = problems.first else { return }
        let more = problems.count == 1 ? "" : " (and \(problems.count - 1) more)"
        throw RepositoryError(
            .damaged,
            "the repository cannot be copied whole: \(first)\(more)",
            hint:
                "Repair it or forget the snapshots that are damaged, then run this again: it goes on where it stopped."
        )
    }

    private static func groups(_ snapshots: [StoredSnapshot]) -> [CopyGroup] {
        snapshots.isEmpty ? [] : [CopyGroup(name: "all snapshots", snapshots: snapshots)]
    }

    // MARK: The new repository

    private func makeNext(in store: RelocatableStore, for old: Repository) async throws -> Repository {
        if try await exists(store) { return try await openNext(old, in: store) }
        // An interrupted making left at most the journal and a key that opens nothing yet.
        try await store.prepare()
        try await store.put(
            ByteBuffer(bytes: RotationJournal(predecessor: old.id).bytes),
            at: RotationJournal.key,
            policy: .replaceExisting
        )
        for key in try await store.list(under: FileKind.key.folder) { _ = try await store.delete(key.key) }
        return try await Repository.create(
            in: store,
            password: options.newPassword,
            createdAt: options.clock.now,
            scrypt: options.scrypt,
            chunkerPolynomial: options.keepsChunking ? old.config.chunkerPolynomial : nil,
            options: options.repository
        )
    }

    private func openNext(_ old: Repository, in store: RelocatableStore? = nil) async throws -> Repository {
        let store: any ObjectStore = store ?? place.next
        guard try await RotationJournal.read(from: store)?.predecessor == old.id else {
            throw RepositoryError(
                .alreadyExists,
                "the repository at \(store.location) is meant to take the place of another",
                hint: "Move it away: the new repository is made there."
            )
        }
        do {
            return try await Repository.open(in: store, password: options.newPassword, options: options.repository)
        } catch let error as RepositoryError where error.code == .wrongPassword {
            throw RepositoryError(
                .wrongPassword,
                "the rotation that is under way was begun with another new password",
                hint: "Give that one, or remove \(store.location) to begin anew.",
                cause: error
            )
        }
    }

    // MARK: The switch

    /// - Returns: where the old repository is now.
    private func switchOver(_ old: RelocatableStore, _ new: RelocatableStore) async throws -> String {
        if try await place.exchange() {
            old.move(to: place.next)
            new.move(to: place.current)
            let retired = try await place.retireNext()
            old.move(to: retired)
            return retired.location
        }
        let retired = try await place.retireCurrent()
        old.move(to: retired)
        try await place.promoteNext()
        new.move(to: place.current)
        return retired.location
    }

    /// The last step: with the journal gone, the rotation is over.
    private func finish(_ report: Report) async throws -> Report {
        var report = report
        let new = try await Repository.open(
            in: place.current,
            password: options.newPassword,
            options: options.repository
        )
        report.newID = new.id
        _ = try await place.current.delete(RotationJournal.key)
        return report
    }
}

extension WriteStatistics {
    static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.contentBytes += right.contentBytes
        sum.zeroBytes += right.zeroBytes
        sum.newDataBlobs += right.newDataBlobs
        sum.newTreeBlobs += right.newTreeBlobs
        sum.newBytes += right.newBytes
        sum.newStoredBytes += right.newStoredBytes
        sum.packs += right.packs
        return sum
    }
}
