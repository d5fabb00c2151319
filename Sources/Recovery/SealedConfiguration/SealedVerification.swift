internal import ResticFormat
internal import ResticRepository

/// Compares the indexes of a restore point's configuration with what lies beside them.
enum SealedVerification {
    /// - Returns: what is not as it says; empty when the restore point holds no configuration.
    static func differences(of point: RestorePoint, in repository: IndexedRepository) async throws -> [String] {
        do {
            let stored = try await StoredConfiguration(point, in: repository)
            var differences: [String] = []
            for set in stored.sets { differences += try await self.differences(of: set, stored) }
            return differences
        } catch let error as RecoveryError where error.code == .damagedRestorePoint {
            return [error.message]
        } catch let error as RepositoryError where error.code == .damaged || error.code == .missing {
            return []  // The walk over the trees has named it.
        }
    }

    private static func differences(of set: SealedSetSummary, _ stored: StoredConfiguration) async throws -> [String] {
        let index = try await stored.index(of: set.name)
        var differences: [String] = []
        if index.recipients != set.recipients || index.sealing != set.format {
            differences.append("set '\(set.name)': its index and the manifest name different recipients")
        }
        if index.files.count != set.files {
            differences.append(
                "set '\(set.name)': its index names \(index.files.count) files, the manifest \(set.files)"
            )
        }
        for file in index.files {
            let node = try await stored.node(of: file, in: index)
            guard node?.size != UInt64(file.sealedBytes) || node?.type != .file else { continue }
            differences.append(
                "\(index.path(of: file)): \(node.map { "it has \($0.size) bytes" } ?? "it is not there"), the index says \(file.sealedBytes)"
            )
        }
        return differences
    }
}
