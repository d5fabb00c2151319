public import ResticFormat
public import ResticRepository

/// What is looked for in restore points and snapshots.
public struct FindQuery: Sendable {
    /// How it is told.
    public enum Subject: Sendable {
        /// Names, or paths where a pattern holds a `/`; one has to match.
        case patterns([FindPattern])
        /// Files and folders that are made of any of these blobs.
        case blobs(BlobMarks)
    }

    /// How it is told.
    public var subject: Subject
    /// Only what was changed then or later.
    public var oldest: GoTime?
    /// Only what was changed then or before.
    public var newest: GoTime?

    /// Makes a query.
    public init(_ subject: Subject, oldest: GoTime? = nil, newest: GoTime? = nil) {
        self.subject = subject
        self.oldest = oldest
        self.newest = newest
    }

    /// Whether a folder's own content decides what is found in it, wherever it lies: then it needs to be read only once.
    var isIndependentOfPath: Bool {
        switch subject {
        case .patterns(let patterns): patterns.allSatisfy { !$0.isPath }
        case .blobs: true
        }
    }

    /// The blobs that make a node match, or `nil` when it does not.
    func match(_ node: Node, at path: [UInt8]) -> [ResticID]? {
        if let oldest, node.mtime < oldest { return nil }
        if let newest, newest < node.mtime { return nil }
        switch subject {
        case .patterns(let patterns):
            return patterns.contains { $0.matches(node, at: path) } ? [] : nil
        case .blobs(let marks):
            var seen: Set<ResticID> = []
            var found = (node.content ?? []).filter { marks.contains($0, .data) && seen.insert($0).inserted }
            if let subtree = node.subtree, marks.contains(subtree, .tree) { found.append(subtree) }
            return found.isEmpty ? nil : found
        }
    }

    /// Whether anything inside a folder could match.
    func mayMatch(inside folder: [UInt8]) -> Bool {
        guard case .patterns(let patterns) = subject else { return true }
        return patterns.contains { $0.mayMatch(inside: folder) }
    }
}

/// A pattern for names, or for paths when it holds a `/`: `*.mdx` is about names at any depth, `/documents/*/intro.md` about
/// paths from the top.
public struct FindPattern: Sendable, Hashable {
    private let pattern: PathPattern
    /// Whether it is about whole paths.
    let isPath: Bool

    /// Reads a pattern.
    ///
    /// - Throws: ``PathPatternError``.
    public init(_ text: String) throws(PathPatternError) {
        isPath = text.contains("/")
        pattern = try PathPattern(String(text.drop { $0 == "/" }))
    }

    func matches(_ node: Node, at path: [UInt8]) -> Bool { pattern.matches(isPath ? path : node.name) }
    func mayMatch(inside folder: [UInt8]) -> Bool { !isPath || pattern.mayMatch(inside: folder) }
}

/// What was found.
public struct FindHit: Sendable {
    /// In which restore point or snapshot.
    public let point: PointInTime
    /// Where and what; `nil` when a root tree itself is what was looked for.
    public let entry: TreeEntry?
    /// The blobs that were looked for and that it is made of; empty for patterns.
    public let blobs: [ResticID]
}

/// Looks through restore points and snapshots.
public struct FindRun: Sendable {
    private let repository: IndexedRepository
    private let query: FindQuery

    /// Makes a run.
    public init(_ query: FindQuery, in repository: IndexedRepository) {
        self.query = query
        self.repository = repository
    }

    /// Looks, and calls `body` with what is found as it is found: restore point by restore point, in the order of paths.
    ///
    /// Folders in which nothing can match are not read, and those in which nothing did are read once, however many
    /// snapshots have them.
    ///
    /// - Returns: what could not be looked into, a line each.
    public func run(in points: [PointInTime], _ body: (FindHit) async throws -> Void) async throws -> [String] {
        var state = State(fruitless: repository.makeMarks())
        for point in points {
            for tree in point.trees {
                if case .blobs(let marks) = query.subject, marks.contains(tree, .tree) {
                    try await body(FindHit(point: point, entry: nil, blobs: [tree]))
                }
                _ = try await search(tree, below: RawPath([]), depth: 0, &state) { entry, blobs in
                    try await body(FindHit(point: point, entry: entry, blobs: blobs))
                }
            }
        }
        return state.problems
    }

    private struct State {
        /// Trees in which and below which nothing matches.
        var fruitless: BlobMarks
        var problems: [String] = []
    }

    /// - Returns: whether anything was found.
    private func search(
        _ id: ResticID,
        below path: RawPath,
        depth: Int,
        _ state: inout State,
        _ body: (TreeEntry, [ResticID]) async throws -> Void
    ) async throws -> Bool {
        guard !state.fruitless.contains(id, .tree), depth < IndexedRepository.maximumTreeDepth else { return false }
        let tree: Tree
        do {
            tree = try await repository.loadTree(id)
        } catch let error as RepositoryError {
            state.problems.append("/\(path): \(error.message)")
            return false
        }
        var hasFound = false
        for node in tree.nodes {
            let entry = TreeEntry(path: path.appending(node.name), node: node)
            if let blobs = query.match(node, at: entry.path.bytes) {
                hasFound = true
                try await body(entry, blobs)
            }
            guard let subtree = node.subtree, query.mayMatch(inside: entry.path.bytes) else { continue }
            if try await search(subtree, below: entry.path, depth: depth + 1, &state, body) { hasFound = true }
        }
        if !hasFound, query.isIndependentOfPath { state.fruitless.insert(id, .tree) }
        return hasFound
    }
}
