internal import NIOCore
public import ObjectStorage
public import ResticFormat

/// The files that repairs have set aside, in a folder that restic never looks at: `holdfast/replaced/<original key>`.
///
/// Nothing is deleted by a repair: a file is copied here first and removed from its place then, and stays until an operator
/// confirms the repair (decision 0009).
public struct ReplacedFiles: Sendable {
    private let repository: Repository

    static let folder: ObjectKey = {
        guard let key = ObjectKey("holdfast/replaced") else { preconditionFailure("a valid key") }
        return key
    }()

    /// Makes a view of the kept files of a repository.
    public init(_ repository: Repository) {
        self.repository = repository
    }

    /// A file that is kept.
    public struct File: Sendable, Hashable {
        /// Where it was.
        public let original: String
        /// Where it is now.
        public let key: ObjectKey
        /// Its length in bytes.
        public let byteCount: Int64
    }

    /// All kept files, by their original place.
    public func list() async throws -> [File] {
        let prefix = Self.folder.path + "/"
        return try await repository.store.list(under: Self.folder).map { entry in
            File(original: String(entry.key.path.dropFirst(prefix.count)), key: entry.key, byteCount: entry.byteCount)
        }.sorted { $0.original < $1.original }
    }

    /// Deletes kept files for good.
    public func delete(_ files: [File]) async throws {
        for file in files { try await repository.store.delete(file.key) }
    }

    /// Copies a file here. Does nothing when the same bytes are here already.
    func keep(_ key: ObjectKey) async throws {
        guard let copy = ObjectKey("\(Self.folder.path)/\(key.path)") else {
            throw RepositoryError(.damaged, "'\(key)' cannot be set aside: its name is too long")
        }
        let bytes = try await repository.store.get(key, range: nil)
        try await repository.store.put(bytes, at: copy, policy: .replaceExisting)
    }

    /// Takes a file of the repository out of use: copies it here, then removes it from its place.
    public func setAside(_ kind: FileKind, _ id: ResticID) async throws {
        try await setAside(kind.key(id))
    }

    /// Copies a file here, then removes it from its place.
    func setAside(_ key: ObjectKey) async throws {
        try await keep(key)
        try await repository.store.delete(key)
    }
}
