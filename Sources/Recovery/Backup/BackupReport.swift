public import ResticRepository

/// Files by what happened to them since the restore point before.
public struct FileChanges: Sendable, Hashable {
    /// Not there before.
    public var new = 0
    /// There, with other content or times.
    public var changed = 0
    /// As before: their content was not read.
    public var unmodified = 0

    /// No files.
    public init() {}

    mutating func add(_ other: FileChanges) {
        new += other.new
        changed += other.changed
        unmodified += other.unmodified
    }
}

/// What a backup did.
public struct BackupReport: Sendable {
    /// The restore point it made.
    public var restorePoint: RestorePointManifest
    /// What it wrote.
    public var written: WriteStatistics
    /// Document files by what happened to them since the restore point before.
    public var documents = FileChanges()
    /// Sealed files by what happened to them since the restore point before.
    public var configuration = FileChanges()
    /// Remarks that are no reason to fail.
    public var warnings: [String] = []

    /// What the operator has to look at although the restore point is there: a collection that has vanished, a broken contract.
    public var problems: [String] = []

    /// What went wrong although the restore point is there and whole: a server that was stopped and does not run again.
    public var failure: RecoveryError?

    /// Whether something was left out, has vanished, or may be inconsistent.
    public var isPartial: Bool { !restorePoint.skipped.isEmpty || !problems.isEmpty }
}
