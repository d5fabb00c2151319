internal import Foundation
internal import ResticFormat
public import ResticRepository

extension LineageReport {
    /// The longest file of lists that is read, in bytes.
    static let maximumByteCount = 256 << 20

    /// JSON, keys sorted, one line.
    func encode() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }

    /// Reads the whole lists of a collection from a restore point.
    ///
    /// - Returns: `nil` when it has none: no lineage was configured then.
    public static func load(
        of collection: String,
        from point: RestorePoint,
        in repository: IndexedRepository
    ) async throws -> LineageReport? {
        guard let bytes = try await point.companion(at: path(of: collection), in: repository, limit: maximumByteCount)
        else { return nil }
        do {
            return try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch {
            throw RecoveryError(
                .damagedRestorePoint,
                "the lineage of collection '\(collection)' in restore point \(point.manifest.id) cannot be read",
                cause: error
            )
        }
    }
}

extension RestorePoint {
    /// A file that lies beside the manifest.
    ///
    /// - Returns: `nil` when there is none.
    public func companion(at path: String, in repository: IndexedRepository, limit: Int = 16 << 20) async throws
        -> [UInt8]?
    {
        let snapshots = try await repository.repository.snapshots()
        guard let stored = snapshots.first(where: { $0.id == snapshot }) else { return nil }
        return try await repository.readFile(at: path, in: stored.record.tree, limit: limit)
    }
}
