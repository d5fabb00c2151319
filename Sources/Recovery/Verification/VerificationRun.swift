public import ResticFormat
public import ResticRepository

/// What verifying a restore point found.
public struct RestorePointVerification: Sendable {
    /// One component's outcome.
    public struct Part: Sendable {
        /// Which component.
        public let component: Component
        /// What was looked at, and damage.
        public let report: VerificationReport
        /// Where the trees differ from what the manifest says.
        public let differences: [String]
        /// How much of its data was read, where only a share was to be read; `nil` where the depth says it.
        public internal(set) var coverage: DataCoverage?

        /// Whether everything is there and as the manifest says.
        public var isIntact: Bool { report.problems.isEmpty && differences.isEmpty }
    }

    /// The restore point.
    public let restorePoint: RestorePoint
    /// How far was looked.
    public let depth: TreeVerifier.Depth
    /// The components.
    public internal(set) var parts: [Part]

    /// Whether every component is intact.
    public var isIntact: Bool { parts.allSatisfy(\.isIntact) }
}

/// Proves that a restore point can be read back: its structure, then every blob of it, then the manifest's counts.
public struct VerificationRun: Sendable {
    private let repository: IndexedRepository
    private let progress: any ProgressSink

    /// Makes a run.
    public init(_ repository: IndexedRepository, progress: any ProgressSink = SilentProgress()) {
        self.repository = repository
        self.progress = progress
    }

    /// Verifies a restore point. Damage is in the result, not thrown.
    ///
    /// - Parameter knownDamage: data blobs that were read and are damaged.
    public func verify(
        _ point: RestorePoint,
        depth: TreeVerifier.Depth,
        knownDamage: [ResticID: String] = [:]
    ) async throws -> RestorePointVerification {
        var parts: [RestorePointVerification.Part] = []
        for part in point.manifest.parts {
            progress.begin("verify \(part.component.rawValue)", totalBytes: nil)
            defer { progress.end() }
            var verifier = TreeVerifier(depth: depth)
            verifier.knownDamage = knownDamage
            verifier.onPlan = { [progress] in progress.begin("verify \(part.component.rawValue)", totalBytes: $0) }
            verifier.onRead = { [progress] in progress.advance($0) }
            let report = try await verifier.verify(point.tree(of: part.component), in: repository)
            var differences = try await Self.compare(part, report) + compareDigests(part, point)
            if part.component == .configuration {
                differences += try await SealedVerification.differences(of: point, in: repository)
            }
            parts.append(
                RestorePointVerification.Part(component: part.component, report: report, differences: differences)
            )
        }
        return RestorePointVerification(restorePoint: point, depth: depth, parts: parts)
    }

    /// Damage is found by the verifier, which names it: a digest that cannot be computed says nothing more.
    private func compareDigests(_ part: RestorePointManifest.Part, _ point: RestorePoint) async throws -> [String] {
        var differences: [String] = []
        for folder in part.folders {
            guard let expected = folder.contentDigest else { continue }
            let path = RestorePointManifest.path(ofFolder: folder.name)
            do {
                guard let tree = try await repository.node(at: path, in: point.tree(of: part.component))?.subtree else {
                    differences.append("the tree of documents '\(folder.name)' is not there")
                    continue
                }
                let found = try await ContentDigest.of(tree, in: repository).hex
                if found != expected {
                    differences.append(
                        "the content of documents '\(folder.name)' has the digest \(found.prefix(16))…, the manifest says \(expected.prefix(16))…"
                    )
                }
            } catch let error as RepositoryError where error.code == .damaged || error.code == .missing {
                continue
            }
        }
        return differences
    }

    private static func compare(_ part: RestorePointManifest.Part, _ report: VerificationReport) -> [String] {
        var differences: [String] = []
        if report.files != part.files {
            differences.append("the tree holds \(report.files) files, the manifest says \(part.files)")
        }
        if report.totalBytes != part.bytes {
            differences.append("the files hold \(report.totalBytes) bytes, the manifest says \(part.bytes)")
        }
        return differences
    }
}
