internal import ResticFormat
internal import ResticRepository

/// What changed in the sealed configuration from one restore point to another.
public struct SealedComparison: Sendable, Hashable, Codable {
    /// A set that came, went, or is sealed to others.
    public struct SetChange: Sendable, Hashable, Codable {
        /// The set.
        public let set: String
        /// To whom it was sealed; `nil` when it was not there.
        public let oldRecipients: [String]?
        /// To whom it is sealed; `nil` when it is gone.
        public let newRecipients: [String]?
    }

    /// The sets that differ as a whole, by name.
    public var sets: [SetChange] = []
    /// The files that differ, by set and path.
    public var files: [SealedFileChange] = []
    /// Sets whose digests were made with different keys: of these nobody can tell what changed.
    public var incomparable: [String] = []

    /// No differences.
    public init() {}

    /// Whether nothing differs.
    public var isEmpty: Bool { sets.isEmpty && files.isEmpty && incomparable.isEmpty }
}

extension ComparisonRun {
    /// Compares the configuration of two restore points without opening it.
    ///
    /// - Throws: ``RecoveryError/Code/damagedRestorePoint``; ``/ResticRepository/RepositoryError``.
    public func compareConfiguration(_ old: RestorePoint, _ new: RestorePoint) async throws -> SealedComparison {
        var comparison = SealedComparison()
        let before = old.manifest[.configuration] == nil ? nil : try await StoredConfiguration(old, in: repository)
        let after = new.manifest[.configuration] == nil ? nil : try await StoredConfiguration(new, in: repository)
        let names = Set((before?.sets ?? []).map(\.name)).union((after?.sets ?? []).map(\.name))
        for name in names.sorted() {
            let was = before?.sets.first { $0.name == name }
            let now = after?.sets.first { $0.name == name }
            if was?.recipients != now?.recipients || was?.format != now?.format {
                comparison.sets.append(
                    .init(set: name, oldRecipients: was?.recipients, newRecipients: now?.recipients)
                )
            }
            guard let before, let after, was != nil, now != nil else { continue }
            guard before.key.isSame(as: after.key) else {
                comparison.incomparable.append(name)
                continue
            }
            let oldFiles = try await before.index(of: name).files
            let newFiles = try await after.index(of: name).files
            comparison.files += SealedFileChange.between(oldFiles, newFiles, set: name)
        }
        return comparison
    }
}
