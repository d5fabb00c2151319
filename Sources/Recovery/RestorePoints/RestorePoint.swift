public import ResticFormat

/// A restore point in a repository.
public struct RestorePoint: Sendable, Hashable {
    /// The snapshot that holds the manifest.
    public let snapshot: ResticID
    /// When the run began.
    public let time: GoTime
    /// What it holds.
    public let manifest: RestorePointManifest

    /// The tags that mark a snapshot as a part of a restore point.
    enum Tag {
        static let tool = "holdfast"
        static let manifest = "restore-point"
        /// Of a record about a restore point (``RestorePointRecord``).
        static let record = "record"

        static func point(_ id: String) -> String { "rp:\(id)" }
        static func component(_ component: Component) -> String { "component:\(component.rawValue)" }
    }

    /// The id of the restore point that a snapshot with these tags belongs to, or `nil` when it belongs to none.
    public static func id(fromTags tags: [String]) -> String? {
        tags.first { $0.hasPrefix("rp:") }.map { String($0.dropFirst(3)) }
    }

    /// The tree of a component's snapshot.
    ///
    /// - Throws: ``RecoveryError/Code/notInRestorePoint`` when the restore point lacks the component.
    public func tree(of component: Component) throws -> ResticID {
        guard let part = manifest[component] else {
            throw RecoveryError(
                .notInRestorePoint,
                "restore point \(manifest.id) holds no \(component.rawValue)",
                hint: "Run 'holdfast points' to find one that does."
            )
        }
        guard let tree = ResticID(hex: part.tree) else {
            throw RecoveryError(
                .damagedRestorePoint,
                "restore point \(manifest.id) names no valid tree for \(component.rawValue)"
            )
        }
        return tree
    }
}
