internal import ResticFormat
public import ResticRepository

/// Looks into a restore point or a snapshot by path: the snapshots of a restore point appear as one tree.
public struct PointBrowser: Sendable {
    private let repository: IndexedRepository
    private let point: PointInTime

    /// What is at a path.
    public enum Place: Sendable {
        /// The top, which is no node of any tree.
        case top
        /// A file, folder or something else.
        case entry(TreeEntry)
    }

    /// Makes a browser.
    public init(_ point: PointInTime, in repository: IndexedRepository) {
        self.point = point
        self.repository = repository
    }

    /// Finds what is at a path.
    ///
    /// - Parameter path: components joined by `/`, with or without one in front; empty or `/` for the top.
    /// - Throws: ``/ResticRepository/RepositoryError/Code/missing``, naming what the last folder that is there holds.
    public func place(at path: String) async throws -> Place {
        let components = path.split(separator: "/").map { Array($0.utf8) }
        var place = Place.top
        for component in components {
            let nodes = try await nodes(in: place)
            guard let node = nodes?.first(where: { $0.name == component }) else {
                throw missing(path, place, nodes?.map(\.nameString))
            }
            place = .entry(TreeEntry(path: Self.path(of: place).appending(component), node: node))
        }
        return place
    }

    /// Visits what is at a path: the file itself, or what a folder holds, parents before children, in the order of names.
    ///
    /// - Parameter isRecursive: whether folders below are entered.
    public func list(
        at path: String,
        isRecursive: Bool,
        _ body: (TreeEntry) async throws -> Void
    ) async throws {
        try await list(in: place(at: path), isRecursive: isRecursive, body)
    }

    func list(in place: Place, isRecursive: Bool, _ body: (TreeEntry) async throws -> Void) async throws {
        guard let nodes = try await nodes(in: place) else {
            if case .entry(let entry) = place { try await body(entry) }
            return
        }
        for node in nodes {
            let entry = TreeEntry(path: Self.path(of: place).appending(node.name), node: node)
            try await body(entry)
            guard isRecursive, node.type == .dir, let subtree = node.subtree else { continue }
            try await repository.walk(subtree) { below in
                try await body(TreeEntry(path: entry.path.appending(below.path.bytes), node: below.node))
                return true
            }
        }
    }

    /// What a folder holds.
    ///
    /// - Returns: `nil` for what is no folder.
    func nodes(in place: Place) async throws -> [Node]? {
        switch place {
        case .top:
            var nodes: [[UInt8]: Node] = [:]
            // Newest first: where two snapshots have the same folder, which no restore point of ours has, the newer counts.
            for tree in point.trees {
                for node in try await repository.loadTree(tree).nodes where nodes[node.name] == nil {
                    nodes[node.name] = node
                }
            }
            return nodes.values.sorted { $0.name.lexicographicallyPrecedes($1.name) }
        case .entry(let entry):
            guard entry.node.type == .dir else { return nil }
            guard let subtree = entry.node.subtree else {
                throw RepositoryError(.damaged, "folder /\(entry.path) has no tree")
            }
            return try await repository.loadTree(subtree).nodes
        }
    }

    static func path(of place: Place) -> RawPath {
        guard case .entry(let entry) = place else { return RawPath([]) }
        return entry.path
    }

    private func missing(_ path: String, _ place: Place, _ names: [String]?) -> RepositoryError {
        let folder = "/\(Self.path(of: place))"
        let shown = names?.prefix(12).joined(separator: ", ") ?? ""
        let rest = (names?.count ?? 0) > 12 ? ", …" : ""
        return RepositoryError(
            .missing,
            "\(point.description) holds no '\(path.hasPrefix("/") ? path : "/" + path)'",
            hint: names == nil
                ? "'\(folder)' is no folder." : "'\(folder)' holds \(shown.isEmpty ? "nothing" : shown)\(rest)."
        )
    }
}
