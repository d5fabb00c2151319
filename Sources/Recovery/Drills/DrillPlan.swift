public import ResticFormat

/// What a drill restores, and where.
public struct DrillPlan: Sendable {
    /// Which drill.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// The documents into a scratch folder.
        case documents
        /// The collections into a scratch server.
        case qdrant
        /// All components, and the application over them when one is configured.
        case full

        /// The components it restores, as far as the restore point has them.
        public var components: [Component] {
            switch self {
            case .documents: [.documents]
            case .qdrant: [.qdrant]
            case .full: Component.allCases
            }
        }

        /// How records name it.
        public var proof: Proof.Kind {
            switch self {
            case .documents: .drillDocuments
            case .qdrant: .drillQdrant
            case .full: .drillFull
            }
        }
    }

    /// Which drill.
    public var kind: Kind
    /// The restore point.
    public var point: RestorePoint
    /// The components of it that are restored, in order.
    public var components: [Component]
    /// The bytes that are restored, holes included but for a storage.
    public var byteCount: Int64

    /// Makes a plan.
    ///
    /// - Throws: ``RecoveryError/Code/notInRestorePoint`` when the restore point holds nothing that the drill is about.
    public init(_ kind: Kind, _ point: RestorePoint) throws {
        self.kind = kind
        self.point = point
        components = kind.components.filter { point.manifest[$0] != nil }
        byteCount = components.reduce(0) { sum, component in
            // The files of a storage are mostly holes, which stay holes.
            let part = point.manifest[component]
            return sum + (part?.storage?.dataBytes ?? part?.bytes ?? 0)
        }
        guard !components.isEmpty else {
            throw RecoveryError(
                .notInRestorePoint,
                "restore point \(point.manifest.id) holds no \(kind == .full ? "component" : kind.rawValue)",
                hint: "Run 'holdfast points' to find one that does."
            )
        }
    }
}

/// What a drill found.
public struct DrillReport: Sendable {
    /// What was planned.
    public var plan: DrillPlan
    /// What was looked at, in order.
    public var checks: [CheckResult]
    /// When it began.
    public var startedAt: GoTime
    /// When it ended, clean-up left out.
    public var finishedAt: GoTime
    /// What stayed behind and has to be removed by hand; empty when the clean-up went well.
    public var leftovers: [String] = []

    /// How long it took: about what a recovery of these parts would take here.
    public var took: Duration { startedAt.duration(to: finishedAt) }

    /// How it ended.
    public var outcome: CheckOutcome { CheckOutcome.overall(checks.map(\.outcome)) }

    /// How a component stood the drill: a full drill may prove one and not another.
    public func outcome(of component: Component) -> CheckOutcome {
        let about = checks.filter { $0.kind == component.rawValue }
        return about.isEmpty ? .untested : CheckOutcome.overall(about.map(\.outcome))
    }
}
