public import ResticRepository

/// Restores sealed files: opened with an identity, written so that nobody else can read them at any time, and compared.
///
/// Run again after an interruption, it finishes; run again when done, it changes nothing.
public struct ConfigurationRestore: Sendable {
    /// Where to.
    public enum Destination: Sendable, Hashable {
        /// Where the files were: only when none of them is there with other content or permissions.
        case original
        /// Where the files were: what differs is replaced, everything else is left alone.
        case inPlace
        /// Another folder, in which `configuration` gets a folder for each set.
        case folder(String)
    }

    /// One set's part of the plan.
    public struct Step: Sendable {
        /// The set as it was backed up.
        public let set: SealedSetSummary
        /// Where it goes.
        public let target: String
        /// Whether what differs is replaced.
        public let replaces: Bool
    }

    /// What a set's restore did.
    public struct Outcome: Sendable {
        /// The set.
        public let set: SealedSetSummary
        /// Where it went.
        public let target: String
        /// Files that were written.
        public internal(set) var restoredFiles = 0
        /// Files that were there already, with this content.
        public internal(set) var unchangedFiles = 0
        /// Bytes that were written.
        public internal(set) var restoredBytes: Int64 = 0
        /// What is not as it was captured; never a value.
        public internal(set) var differences: [String] = []
        /// Remarks that are no reason to fail.
        public internal(set) var warnings: [String] = []
    }

    let point: RestorePoint
    let repository: IndexedRepository
    private let destination: Destination
    let identities: ConfigurationIdentities
    let progress: any ProgressSink

    /// - Parameter identities: asked for what opens a set, when something of it has to be written.
    public init(
        _ point: RestorePoint,
        from repository: IndexedRepository,
        to destination: Destination,
        identities: ConfigurationIdentities,
        progress: any ProgressSink = SilentProgress()
    ) {
        self.point = point
        self.repository = repository
        self.destination = destination
        self.identities = identities
        self.progress = progress
    }

    /// What will be restored where.
    ///
    /// - Parameter names: the sets to restore; empty for all.
    public func plan(_ names: [String]) throws -> [Step] {
        let sets = point.manifest[.configuration]?.sets ?? []
        for name in names where !sets.contains(where: { $0.name == name }) {
            throw RecoveryError(
                .notInRestorePoint,
                "restore point \(point.manifest.id) holds no configuration '\(name)'",
                hint: sets.isEmpty ? "It holds none." : "It holds: \(sets.map(\.name).joined(separator: ", "))."
            )
        }
        return sets.filter { names.isEmpty || names.contains($0.name) }.map { set in
            switch destination {
            case .original: Step(set: set, target: set.path, replaces: false)
            case .inPlace: Step(set: set, target: set.path, replaces: true)
            case .folder(let path): Step(set: set, target: "\(path)/configuration/\(set.name)", replaces: false)
            }
        }
    }

    /// Makes sure that every target may be written to and that every set opens, before anything is changed anywhere.
    ///
    /// - Throws: ``RecoveryError/Code/targetNotEmpty``, ``RecoveryError/Code/refused``, ``RecoveryError/Code/cannotOpen``;
    ///   ``SecretError``.
    public func check(_ steps: [Step]) async throws {
        guard !steps.isEmpty else { return }
        let stored = try await StoredConfiguration(point, in: repository)
        for step in steps {
            let work = try await SetRestore(step, stored, self)
            try await work.check()
        }
    }

    /// Restores, and then compares what is on the disk with what was captured.
    ///
    /// - Throws: as ``check(_:)``, and ``/ResticRepository/RepositoryError/Code/target`` when something cannot be written.
    public func run(_ steps: [Step]) async throws -> [Outcome] {
        guard !steps.isEmpty else { return [] }
        let stored = try await StoredConfiguration(point, in: repository)
        var outcomes: [Outcome] = []
        for step in steps {
            progress.begin("restore configuration \(step.set.name)", totalBytes: step.set.bytes)
            defer { progress.end() }
            let work = try await SetRestore(step, stored, self)
            outcomes.append(try await work.run())
        }
        return outcomes
    }
}
