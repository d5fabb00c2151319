internal import ResticFormat
public import ResticRepository

/// How a path differs between two restore points.
public struct PathDifference: Sendable, Hashable, Codable {
    /// What happened to it.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// It is only in the newer one.
        case added
        /// Its content differs.
        case changed
        /// Only its owner, permissions, times or attributes differ.
        case metadata
        /// It is only in the older one.
        case removed
    }

    /// What happened.
    public let kind: Kind
    /// The path in the snapshot.
    public let path: String
    /// Its length before, in bytes; `nil` when it was not there or is not a file.
    public let oldSize: UInt64?
    /// Its length after.
    public let newSize: UInt64?
}

/// Something about a collection that differs between two restore points.
public struct CollectionChange: Sendable, Hashable, Codable {
    /// Its name.
    public let collection: String
    /// What differs, as a sentence about it.
    public let change: String
}

/// What changed from one restore point to another.
public struct RestorePointComparison: Sendable {
    /// The older one.
    public let old: RestorePointManifest
    /// The newer one.
    public let new: RestorePointManifest
    /// The paths that differ, in the order of their names.
    public let differences: [PathDifference]

    /// What changed about collections beyond their files, one sentence each, in the order of their names.
    public var collectionChanges: [CollectionChange] {
        guard let oldPart = self.old[.qdrant], let newPart = self.new[.qdrant] else { return [] }
        guard oldPart.storage == nil, newPart.storage == nil else { return Self.storageChanges(oldPart, newPart) }
        let (old, new) = (oldPart.collections, newPart.collections)
        var changes: [CollectionChange] = []
        for name in Set(old.map(\.name)).union(new.map(\.name)).sorted() {
            let before = old.first { $0.name == name }
            let after = new.first { $0.name == name }
            switch (before, after) {
            case (let before?, let after?):
                changes += Self.changes(before, after).map { CollectionChange(collection: name, change: $0) }
            case (nil, _): changes.append(CollectionChange(collection: name, change: "is only in the newer one"))
            case (_, nil): changes.append(CollectionChange(collection: name, change: "is only in the older one"))
            }
        }
        return changes
    }

    /// When one of them holds files of a stopped server, only names can be compared, and points where both know them.
    private static func storageChanges(_ old: RestorePointManifest.Part, _ new: RestorePointManifest.Part)
        -> [CollectionChange]
    {
        let (before, after) = (old.knownPoints, new.knownPoints)
        return Set(before.keys).union(after.keys).sorted().compactMap { name in
            guard let then = before[name] else {
                return CollectionChange(collection: name, change: "is only in the newer one")
            }
            guard let now = after[name] else {
                return CollectionChange(collection: name, change: "is only in the older one")
            }
            guard let then, let now, then != now else { return nil }
            return CollectionChange(collection: name, change: "\(then) points before, \(now) after")
        }
    }

    private static func changes(
        _ old: RestorePointManifest.CollectionSummary,
        _ new: RestorePointManifest.CollectionSummary
    ) -> [String] {
        var changes: [String] = []
        if old.points != new.points { changes.append("\(old.points) points before, \(new.points) after") }
        if old.serverVersion != new.serverVersion {
            changes.append("the server's version changed from \(old.serverVersion) to \(new.serverVersion)")
        }
        changes += EmbeddingContract.changes(from: old.embedding?.contract, to: new.embedding?.contract)
        return changes
    }

    /// How many paths of a kind there are.
    public func count(_ kind: PathDifference.Kind) -> Int {
        differences.count { $0.kind == kind }
    }
}

/// Compares restore points by walking both trees at once; equal folders are not entered.
public struct ComparisonRun: Sendable {
    let repository: IndexedRepository

    /// Makes a run.
    public init(_ repository: IndexedRepository) {
        self.repository = repository
    }

    /// Compares two restore points, all components or one.
    public func compare(
        _ old: RestorePoint,
        _ new: RestorePoint,
        component: Component? = nil
    ) async throws -> RestorePointComparison {
        var differences: [PathDifference] = []
        for candidate in Component.allCases where component == nil || component == candidate {
            let before = old.manifest[candidate] == nil ? nil : try old.tree(of: candidate)
            let after = new.manifest[candidate] == nil ? nil : try new.tree(of: candidate)
            try await compare(before, after, path: "", into: &differences)
        }
        return RestorePointComparison(old: old.manifest, new: new.manifest, differences: differences)
    }

    private func compare(
        _ old: ResticID?,
        _ new: ResticID?,
        path: String,
        into differences: inout [PathDifference]
    ) async throws {
        guard old != new else { return }
        let before = try await nodes(old)
        let after = try await nodes(new)
        for name in Set(before.keys).union(after.keys).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let below = path + "/" + String(decoding: name, as: UTF8.self)
            let (old, new) = (before[name], after[name])
            if let difference = Self.difference(old, new, at: below) { differences.append(difference) }
            if old?.type == .dir || new?.type == .dir {
                try await compare(old?.subtree, new?.subtree, path: below, into: &differences)
            }
        }
    }

    private func nodes(_ tree: ResticID?) async throws -> [[UInt8]: Node] {
        guard let tree else { return [:] }
        return Dictionary(
            try await repository.loadTree(tree).nodes.map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    private static func difference(_ old: Node?, _ new: Node?, at path: String) -> PathDifference? {
        func make(_ kind: PathDifference.Kind) -> PathDifference {
            PathDifference(
                kind: kind,
                path: path,
                oldSize: old?.type == .file ? old?.size : nil,
                newSize: new?.type == .file ? new?.size : nil
            )
        }
        guard let old else { return make(.added) }
        guard let new else { return make(.removed) }
        if old.type != new.type || old.content != new.content || old.linkTarget != new.linkTarget {
            return make(.changed)
        }
        // The inode and change time of a file that was put back differ by nature; a folder's times change with its entries.
        var left = old
        left.inode = new.inode
        left.deviceID = new.deviceID
        left.ctime = new.ctime
        if new.type == .dir {
            left.subtree = new.subtree
            left.mtime = new.mtime
            left.atime = new.atime
        }
        return left == new ? nil : make(.metadata)
    }
}
