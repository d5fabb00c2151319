internal import NIOCore
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
        let writer = RestoreWriter(plan: plan, repository: repository, progress: progress)
        do {
            try await writer.writeContent()
            let (finished, restoresOwners) = (plan, restoresOwners)
            return try await blocking { try RestoreTarget.finish(finished, restoresOwners: restoresOwners) }
        } catch {
            await writer.removeTemporaries()
            throw error
        }
    }

    /// Compares what is on the disk with the tree, content included: the proof after a restore.
    ///
    /// - Returns: what differs, a line each; empty when every chosen file is there and equal.
    public func compare(_ tree: ResticID, with repository: IndexedRepository) async throws -> [String] {
        var differences: [String] = []
        try await repository.walk(tree) { entry in
            let isFolder = entry.node.type == .dir
            guard filter(entry.path.bytes, isFolder), entry.node.type != .socket else { return isFolder }
            let path = target.appending(entry.path.bytes)
            let blobs = entry.node.content ?? []
            let lengths = entry.node.type == .file ? try repository.contentLengths(of: blobs) : []
            if let difference = try await blocking({
                try RestoreTarget.difference(of: entry.node, blobs, lengths, at: path)
            }) {
                differences.append("\(entry.path) \(difference)")
            }
            return isFolder
        }
        return differences
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
        for index in plan.files.indices {
            let file = plan.files[index]
            guard file.linkedTo == nil else { continue }
            let lengths = try repository.contentLengths(of: file.blobs)
            let path = plan.path(of: file)
            if try await blocking({ try RestoreTarget.holds(file.node, blobs: file.blobs, lengths: lengths, at: path) })
            {
                plan.files[index].isPresent = true
                progress(Int64(file.node.size))
            }
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
}

extension IndexedRepository {
    func contentLengths(of blobs: [ResticID]) throws -> [Int] {
        try locations(of: blobs).map(\.location.contentLength)
    }
}
