internal import ResticFormat
internal import ResticRepository

extension DirectoryRestorer {
    /// Compares some files of a tree, and no folders, whose times others change.
    func comparing(files: Set<String>, _ tree: ResticID, with repository: IndexedRepository) async throws -> [String] {
        var restorer = self
        restorer.filter = { path, isFolder in !isFolder && files.contains(String(decoding: path, as: UTF8.self)) }
        return try await restorer.compare(tree, with: repository)
    }
}
