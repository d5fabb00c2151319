internal import NIOCore
internal import ResticFormat

/// Copies snapshots from one repository into another: only what is missing there, snapshots last.
///
/// Every blob is compared with its id on the way, trees are copied byte for byte, and what is compressed stays so. A copy that
/// dies is continued by the next one: what is stored and indexed is found there.
public struct RepositoryCopy: Sendable {
    private let source: IndexedRepository
    private let target: IndexedRepository?
    /// Called with bytes of the source as they are dealt with.
    public var onCopy: @Sendable (Int64) -> Void = { _ in }
    /// How much of the machine is used for writing.
    public var options = IndexedRepository.WriteOptions()

    /// - Parameter target: `nil` stands for an empty repository, of which there can only be a plan.
    public init(from source: IndexedRepository, to target: IndexedRepository?) {
        self.source = source
        self.target = target
    }

    // MARK: The plan

    /// Finds out what is missing.
    ///
    /// - Parameter groups: what is to be copied; list the snapshots before the source's index is read, so that it has all that they
    ///   refer to.
    public func plan(_ groups: [CopyGroup]) async throws -> CopyPlan {
        var plan = CopyPlan(needed: source.makeMarks())
        let present = CopyRecognition(try await target?.repository.snapshots() ?? [])
        for group in groups {
            let missing = group.snapshots.filter { present.copy(of: $0) == nil }
            plan.presentSnapshots += group.snapshots.count - missing.count
            if !missing.isEmpty { plan.groups.append(CopyGroup(name: group.name, snapshots: missing)) }
        }
        var visited = source.makeMarks()
        func need(_ id: ResticID, _ type: BlobType) {
            guard !isStored(id, type), plan.needed.insert(id, type) == nil else { return }
            plan.problems.append(source.missing(id, type).message)
        }
        let roots = plan.groups.flatMap { $0.snapshots.map(\.record.tree) }
        try await TreeSweep(source).run(from: roots, marks: &visited) { id, finding in
            switch finding {
            case .failure(let error): plan.problems.append(describeFailure(error))
            case .tree(let tree):
                need(id, .tree)
                for node in tree.nodes { node.content?.forEach { need($0, .data) } }
            }
        }
        let order = PackOrder(plan.needed, in: source)
        (plan.blobs, plan.storedBytes) = (order.blobCount, order.storedByteCount)
        return plan
    }

    private func isStored(_ id: ResticID, _ type: BlobType) -> Bool {
        target?.index.isSettled(id, type) ?? false
    }

    // MARK: The copy

    /// Executes a plan.
    ///
    /// - Returns: what was copied, and what not: a snapshot that lacks anything in the source is not stored in the target, nor are
    ///   those after it in its group.
    public func run(_ plan: CopyPlan) async throws -> CopyReport {
        guard let target else { preconditionFailure("a copy needs a target") }
        var report = CopyReport()
        var isComplete = plan.problems.isEmpty
        if plan.blobs > 0 {
            let (unreadable, written) = try await target.write(options) { try await transfer(plan, $0, target) }
            isComplete = isComplete && unreadable == 0
            report.written = written
        }
        for group in plan.groups {
            for snapshot in group.snapshots {
                // Only when something is missing is it worth asking for whom.
                if !isComplete, let reason = try await flaw(of: snapshot) {
                    report.failures.append(CopyReport.Failure(group: group.name, reason: reason))
                    break
                }
                let copy = try await target.repository.save(snapshot.recordOfCopy)
                report.copied.append(.init(group: group.name, source: snapshot.id, target: copy.id))
            }
        }
        return report
    }

    /// - Returns: how many blobs could not be read.
    private func transfer(_ plan: CopyPlan, _ writer: BlobWriter, _ target: IndexedRepository) async throws -> Int {
        var order = PackOrder(plan.needed, in: source)
        let version = target.repository.config.version
        var unreadable = 0
        try await withThrowingTaskGroup(of: Int.self) { group in
            func start() {
                guard let (type, range) = order.next() else { return }
                group.addTask { try await self.transfer(range, type, version, writer) }
            }
            for _ in 0...CPUCount.available { start() }
            while let count = try await group.next() {
                unreadable += count
                start()
            }
        }
        return unreadable
    }

    private func transfer(_ range: PackRange, _ type: BlobType, _ version: Int, _ writer: BlobWriter) async throws
        -> Int
    {
        do {
            for blob in try await source.readForTransfer(range, type, to: version) { try await writer.store(blob) }
            onCopy(Int64(range.bytes.count))
            return 0
        } catch let error as RepositoryError where [.damaged, .missing].contains(error.code) {
            guard range.parts.count > 1 else {
                onCopy(Int64(range.bytes.count))
                return 1
            }
        }
        // Each alone: one bad blob does not take its neighbours with it.
        var unreadable = 0
        for part in range.parts {
            unreadable += try await transfer(PackRange(part.id, part.location), type, version, writer)
        }
        return unreadable
    }

    /// Looks for what the target lacks of a snapshot.
    ///
    /// - Returns: `nil` when it lacks nothing.
    private func flaw(of snapshot: StoredSnapshot) async throws -> String? {
        var visited = source.makeMarks()
        var reason: String?
        try await TreeSweep(source).run(from: [snapshot.record.tree], marks: &visited) { id, finding in
            guard reason == nil else { return }
            switch finding {
            case .failure(let error): reason = describeFailure(error)
            case .tree(let tree):
                if !isStored(id, .tree) { reason = "tree blob \(id.short) cannot be read from the source" }
                for node in tree.nodes {
                    guard let lost = node.content?.first(where: { !isStored($0, .data) }) else { continue }
                    let name = String(decoding: node.name, as: UTF8.self)
                    reason = "data blob \(lost.short) of '\(name)' cannot be read from the source"
                    return
                }
            }
        }
        return reason.map { "snapshot \(snapshot.id.short): \($0)" }
    }
}
