internal import Logging
internal import ResticFormat
internal import ResticRepository

/// What reads one component out of the live system, into the run of writing that all components of a restore point share.
protocol ComponentCapture: Sendable {
    /// Which component.
    var component: Component { get }

    /// Captures it. Nothing is a restore point before all components are captured.
    ///
    /// - Throws: when it cannot be captured: no snapshot of any component is saved then.
    func capture(into writer: BlobWriter, _ context: CaptureContext) async throws -> CapturedPart
}

/// What captures have in common.
struct CaptureContext: Sendable {
    let repository: IndexedRepository
    /// The restore points of the same system that can be read, newest first.
    let previous: [RestorePoint]
    let clock: any WallClock
    let logger: Logger
    let progress: any ProgressSink
}

/// A captured component before its snapshot is saved.
struct CapturedPart: Sendable {
    /// What the manifest will say of it; the snapshot's id is not known yet and empty.
    var part: RestorePointManifest.Part
    /// The snapshot's tree.
    var tree: ResticID
    /// Remarks that are no reason to fail.
    var warnings: [String] = []
    /// Files by what happened to them, where files are captured.
    var changes = FileChanges()
    /// What makes the run partial although everything that is there was captured: a collection that has vanished, for example.
    var problems: [String] = []
    /// What went wrong after the component was captured whole: the restore point is made, and the run has failed all the same.
    var failure: RecoveryError?
    /// Versions of what took part, by the name of the program.
    var versions: [String: String] = [:]
    /// What the points of each collection with lineage say they were made from.
    var sources: [String: CapturedSources] = [:]
    /// The files of each folder of documents that a lineage is about.
    var paths: [String: Set<String>] = [:]
}
