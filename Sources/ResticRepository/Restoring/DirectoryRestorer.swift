public import ResticFormat

/// Writes a stored tree to a folder of the file system.
///
/// Files appear whole or not at all: each is written under a temporary name beside its place and renamed when its content
/// and metadata are complete. Nothing that is in the folder and not in the tree is touched.
public struct DirectoryRestorer: Sendable {
    /// What may already be in the folder.
    public enum Existing: Sendable, Hashable {
        /// Nothing: a folder that holds anything is refused.
        case refuse
        /// Files that differ are replaced; equal ones are left alone, their content untouched.
        case replaceDifferent
    }

    /// The folder; made when it is missing.
    public let target: RawPath
    /// What to do with files that are there.
    public var existing: Existing = .refuse
    /// Chooses entries by their path below the tree and whether they are folders; folders on the way are made as needed.
    public var filter: @Sendable ([UInt8], Bool) -> Bool = { _, _ in true }
    /// Gives files to their owners; needs privileges. Without it they belong to who restores.
    public var restoresOwners = true
    /// Called with bytes as they are written or found equal.
    public var progress: @Sendable (Int64) -> Void = { _ in }
    /// Shared by all copies of this restorer: what is restored with one is compared with another.
    private let proof = RestoreProof()

    /// Makes a restorer into a folder.
    public init(target: RawPath) {
        self.target = target
    }

    /// Restores a tree.
    ///
    /// - Throws: ``RepositoryError/Code/targetNotEmpty``; ``RepositoryError/Code/target`` when a file cannot be written;
    ///   ``RepositoryError/Code/missing`` and ``RepositoryError/Code/damaged`` for blobs. What was restored whole before
    ///   stays; nothing half-written does.
    public func restore(_ tree: ResticID, from repository: IndexedRepository) async throws -> RestoreReport {
        try await checkTarget()
        var plan = RestorePlan(target: target)
        try await collect(tree, from: repository, into: &plan)
        let folders = plan.folders
        let target = target
        try await blocking { try RestoreTarget.makeFolders(folders, below: target) }
        try await compareExisting(&plan, with: repository)
        let writer = RestoreWriter(
            plan: plan,
            repository: repository,
            restoresOwners: restoresOwners,
            proof: proof,
            progress: progress
        )
        do {
            let warnings = try await writer.writeContent()
            var report = try await nameFiles(of: plan)
            report.warnings = warnings + report.warnings
            let (finished, named, restoresOwners) = (plan, report, restoresOwners)
            return try await blocking {
                var report = named
                try RestoreTarget.finish(finished, restoresOwners: restoresOwners, report: &report)
                return report
            }
        } catch {
            await writer.removeTemporaries()
            throw error
        }
    }

    /// Only when the content of all is there: until then nothing that is in the folder has changed.
    private func nameFiles(of plan: RestorePlan) async throws -> RestoreReport {
        let parts = SharedIterator(
            stride(from: 0, to: plan.files.count, by: 256).map { $0..<min($0 + 256, plan.files.count) }
        )
        return try await withThrowingTaskGroup(of: RestoreReport.self) { [restoresOwners] group in
            for _ in 0..<CPUCount.available {
                group.addTask {
                    var report = RestoreReport()
                    while let part = parts.next() {
                        report += try await blocking {
                            try RestoreTarget.nameFiles(part, of: plan, restoresOwners: restoresOwners)
                        }
                    }
                    return report
                }
            }
            return try await group.reduce(into: RestoreReport()) { $0 += $1 }
        }
    }

    /// Compares what is on the disk with the tree, content included: the proof after a restore.
    ///
    /// Every byte is read back. Blobs that this restorer has restored are compared with what it read from the repository and
    /// hashed then, by a fingerprint; all others are hashed.
    ///
    /// - Returns: what differs, a line each; empty when every chosen file is there and equal.
    public func compare(_ tree: ResticID, with repository: IndexedRepository) async throws -> [String] {
        var comparison = DiskComparison(repository, proof)
        try await repository.walk(tree) { entry in
            let isFolder = entry.node.type == .dir
            guard filter(entry.path.bytes, isFolder), entry.node.type != .socket else { return isFolder }
            try await comparison.add(entry.node, at: target.appending(entry.path.bytes), called: entry.path)
            return isFolder
        }
        // A file without read permission for its owner can still be compared by root; for others its size has to do.
        return try await comparison.finish().filter { !$0.isUnreadable }.map { "\($0.name) \($0.difference)" }
    }

    /// Makes sure that the folder is as ``existing`` wants it, and changes nothing.
    ///
    /// - Throws: ``RepositoryError/Code/targetNotEmpty``; ``RepositoryError/Code/target`` when it cannot be looked into.
    public func checkTarget() async throws {
        guard existing == .refuse else { return }
        let target = target
        let isOccupied = try await blocking {
            do throws(SystemCallError) {
                return try !DirectoryListing.names(in: target).isEmpty
            } catch {
                if error.isNotFound { return false }
                throw RepositoryError(.target, "cannot restore to \(target): \(error.reason)", cause: error)
            }
        }
        if isOccupied {
            throw RepositoryError(
                .targetNotEmpty,
                "the folder \(target) is not empty",
                hint: "Choose another folder, or restore in place: only what differs is replaced then."
            )
        }
    }

    private func collect(_ tree: ResticID, from repository: IndexedRepository, into plan: inout RestorePlan)
        async throws
    {
        try await repository.walk(tree) { entry in
            let isFolder = entry.node.type == .dir
            guard filter(entry.path.bytes, isFolder) else { return isFolder }
            plan.add(entry)
            return isFolder
        }
    }

    /// Leaves out what is there and equal.
    private func compareExisting(_ plan: inout RestorePlan, with repository: IndexedRepository) async throws {
        guard existing == .replaceDifferent else { return }
        var comparison = DiskComparison(repository, proof)
        let indices = plan.files.indices.filter { plan.files[$0].linkedTo == nil }
        for index in indices {
            let file = plan.files[index]
            try await comparison.add(file.node, at: plan.path(of: file), called: file.path)
        }
        let different = Set(try await comparison.finish().map(\.number))
        for (number, index) in indices.enumerated() where !different.contains(number) {
            plan.files[index].isPresent = true
            progress(Int64(plan.files[index].node.size))
        }
    }
}

/// What a restore did.
public struct RestoreReport: Sendable, Hashable {
    /// Files written.
    public var restoredFiles = 0
    /// Files that were there and equal.
    public var unchangedFiles = 0
    /// Folders made or found.
    public var directories = 0
    /// Links, pipes and devices made.
    public var otherItems = 0
    /// The length of the files written, holes included.
    public var restoredBytes: Int64 = 0
    /// Metadata that could not be set, a line each.
    public var warnings: [String] = []

    /// Makes an empty report.
    public init() {}

    static func += (sum: inout RestoreReport, part: RestoreReport) {
        sum.restoredFiles += part.restoredFiles
        sum.unchangedFiles += part.unchangedFiles
        sum.directories += part.directories
        sum.otherItems += part.otherItems
        sum.restoredBytes += part.restoredBytes
        sum.warnings += part.warnings
    }
}
