public import ResticFormat

/// What a recovery is asked to do.
public struct RecoverOptions: Sendable, Hashable {
    /// The components; empty for all that the restore point has.
    public var components: Set<Component> = []
    /// The folder that files go into instead of where they were.
    public var target: String?
    /// The Qdrant server that is meant instead of the configured one: a different one has a progress of its own.
    public var qdrantURL: String?
    /// Reads every document and every stored blob, instead of trusting length and time of change.
    public var isThorough = false
    /// Replaces documents that were changed after they were captured, too.
    public var replacesNewer = false
    /// Restores onto a server version for which the data files were not made.
    public var ignoresVersion = false
    /// When the loss happened, where that is known: the age of the restore point is measured then.
    public var lostAt: GoTime?
    /// For how long the system is watched; `nil` as configured.
    public var watch: Duration?
    /// Reads and hashes all content of the restore point before anything is restored.
    public var readsData = false

    /// Makes the default options.
    public init() {}

    /// Whether a component is chosen.
    func chooses(_ component: Component) -> Bool { components.isEmpty || components.contains(component) }
}
