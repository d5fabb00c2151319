public import ResticFormat

/// Compares a folder of the file system with a stored tree, and changes nothing: what is missing, what differs, what is there
/// besides.
public struct DirectoryComparison: Sendable {
    /// How far is looked.
    public enum Depth: Sendable, Hashable {
        /// A file of the same length and time of change counts as equal; only the others are read.
        case metadata
        /// Every file is read.
        case content
    }

    /// A file or link that is not as it was stored.
    public struct Item: Sendable, Hashable {
        /// Its path below the folder.
        public var path: RawPath
        /// The end of a sentence that begins with the path: `has 12 bytes instead of 14`.
        public var difference: String
        /// When it was changed last, as the file system says; `nil` when it is not there.
        public var modified: GoTime?
        /// How long the stored file is, in bytes; 0 for what is not stored.
        public var storedSize: UInt64 = 0
    }

    /// What was found. Lists are in the order of the tree.
    public struct Report: Sendable, Hashable {
        /// Whether the folder itself is not there.
        public var lacksFolder = false
        /// Files and links that are as they were stored.
        public var same = 0
        /// Those that are not there.
        public var missing: [Item] = []
        /// Those that have another kind, length, target or content.
        public var different: [Item] = []
        /// Those that cannot be read, so that nobody knows.
        public var unreadable: [Item] = []
        /// Those that are only in the folder.
        public var extra: [Item] = []
    }

    /// The folder.
    public let root: RawPath
    /// How far is looked.
    public var depth: Depth = .metadata
    /// Which files besides the stored ones count as extra, and which folders are looked into for them.
    public var filter: @Sendable ([UInt8], Bool) -> DirectoryArchiver.Decision = { _, _ in .include }

    /// Makes a comparison with a folder.
    public init(root: RawPath) {
        self.root = root
    }

    /// Compares.
    ///
    /// - Throws: ``RepositoryError/Code/missing`` and ``RepositoryError/Code/damaged`` for trees and blobs;
    ///   ``RepositoryError/Code/source`` when a folder cannot be listed.
    public func compare(_ tree: ResticID, with repository: IndexedRepository) async throws -> Report {
        var report = Report()
        var candidates: [Item] = []
        var contents = DiskComparison(repository, RestoreProof())
        func descend(_ tree: ResticID?, _ path: RawPath, _ level: Int) async throws {
            guard level < IndexedRepository.maximumTreeDepth else {
                throw RepositoryError(.damaged, "folders are nested more than \(level) deep at \(path)")
            }
            try Task.checkCancellation()
            let nodes = try await tree.asyncMap { try await repository.loadTree($0).nodes } ?? []
            let found = try await listing(path)
            if level == 0, found == nil { report.lacksFolder = true }
            var entries = Dictionary(
                (found ?? []).map { ($0.name, $0) },
                uniquingKeysWith: { first, _ in first }
            )
            for node in nodes {
                let place = path.appending(node.name)
                let entry = entries.removeValue(forKey: node.name)
                if node.type == .dir {
                    if let entry, !entry.isFolder {
                        report.different.append(entry.item(place, "is not a folder any more"))
                    }
                    try await descend(node.subtree, place, level + 1)
                    continue
                }
                guard node.type == .file || node.type == .symlink else { continue }
                switch verdict(node, entry) {
                case .same: report.same += 1
                case .missing: report.missing.append(stored(node, place, "is missing", nil))
                case .different(let how):
                    report.different.append(stored(node, place, how, entry))
                case .unreadable(let why):
                    report.unreadable.append(stored(node, place, why, entry))
                case .open:
                    candidates.append(stored(node, place, "", entry))
                    try await contents.add(node, at: root.appending(place.bytes), called: place)
                }
            }
            // What is only here, in the order of names.
            for entry in (found ?? []) where entries[entry.name] != nil {
                let place = path.appending(entry.name)
                guard filter(place.bytes, entry.isFolder) == .include else { continue }
                if entry.isFolder {
                    try await descend(nil, place, level + 1)
                } else if entry.isFileOrLink {
                    report.extra.append(entry.item(place, "is only here"))
                }
            }
        }
        try await descend(tree, RawPath([]), 0)
        let findings = try await contents.finish()
        let byNumber = Dictionary(findings.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        for (number, candidate) in candidates.enumerated() {
            guard let finding = byNumber[number] else {
                report.same += 1
                continue
            }
            var item = candidate
            item.difference = finding.difference
            if finding.isUnreadable { report.unreadable.append(item) } else { report.different.append(item) }
        }
        return report
    }

    private func stored(_ node: Node, _ path: RawPath, _ difference: String, _ entry: Entry?) -> Item {
        Item(path: path, difference: difference, modified: entry?.modified, storedSize: node.size)
    }

    private enum Verdict {
        case same, missing, open
        case different(String)
        case unreadable(String)
    }

    private func verdict(_ node: Node, _ entry: Entry?) -> Verdict {
        guard let entry else { return .missing }
        guard let status = entry.status else { return .unreadable("cannot be looked at") }
        guard GoFileMode.nodeType(GoFileMode.fromPOSIX(status.mode)) == node.type else {
            return .different("is of another kind")
        }
        if node.type == .symlink {
            return entry.linkTarget == node.linkTarget ? .same : .different("points elsewhere")
        }
        guard status.size == node.size else { return .different("has \(status.size) bytes instead of \(node.size)") }
        return depth == .metadata && status.modified == node.mtime ? .same : .open
    }

    /// What `lstat` says of one name.
    private struct Entry: Sendable {
        let name: [UInt8]
        /// `nil` when it cannot be had.
        let status: FileStatus?
        let linkTarget: [UInt8]?

        var isFolder: Bool { status?.isDirectory ?? false }
        var isFileOrLink: Bool { status.map { $0.isRegularFile || $0.isSymbolicLink } ?? true }
        var modified: GoTime? { status?.modified }

        func item(_ path: RawPath, _ difference: String) -> Item {
            Item(path: path, difference: difference, modified: modified)
        }
    }

    /// - Returns: `nil` when there is no such folder.
    private func listing(_ path: RawPath) async throws -> [Entry]? {
        let folder = path.bytes.isEmpty ? root : root.appending(path.bytes)
        return try await blocking {
            let names: [[UInt8]]
            do throws(SystemCallError) {
                names = try DirectoryListing.names(in: folder)
            } catch {
                if error.isNotFound || error.isNotFolder { return nil }
                throw RepositoryError(.source, "cannot list \(folder): \(error.reason)", cause: error)
            }
            return names.map { name in
                let place = folder.appending(name)
                guard let status = try? FileStatus.ofLink(at: place) else {
                    return Entry(name: name, status: nil, linkTarget: nil)
                }
                let target = status.isSymbolicLink ? DirectoryListing.entry(name, at: place).node?.linkTarget : nil
                return Entry(name: name, status: status, linkTarget: target)
            }
        }
    }
}

extension Optional {
    fileprivate func asyncMap<Value>(_ transform: (Wrapped) async throws -> Value) async rethrows -> Value? {
        if let self { try await transform(self) } else { nil }
    }
}
