public import QdrantClient
internal import ResticRepository

/// Looks how a live collection stands against its manifest, and changes nothing: not even a collection that waits for its
/// optimiser is nudged.
public struct CollectionExamination: Sendable {
    /// What was found.
    public struct Findings: Sendable, Hashable {
        /// The exact number of points.
        public var points: UInt64 = 0
        /// What it was at the capture.
        public var expected: CollectionManifest.Count
        /// The exact number of points in each of the recorded shards, 0 where there is no such shard.
        public var shards: [UInt32: UInt64] = [:]
        /// The status: `green`, `yellow`, `grey`, `red`.
        public var status = ""
        /// Where its vectors are configured otherwise: its points cannot be exchanged with the stored ones then.
        public var configuration: [String] = []
        /// Where shards hold other numbers of points.
        public var counts: [String] = []
        /// Golden queries that are answered otherwise.
        public var answers: [String] = []
        /// Golden queries that are answered as recorded.
        public var goldenQueries = 0
        /// Payload indexes that are missing or of another type, by field.
        public var indexes: [String] = []
        /// Recorded aliases that point to no collection.
        public var missingAliases: [String] = []
        /// Recorded aliases that point to another collection.
        public var movedAliases: [String] = []

        /// Whether everything that was recorded is as it was.
        public var isSame: Bool {
            configuration.isEmpty && counts.isEmpty && answers.isEmpty && indexes.isEmpty && missingAliases.isEmpty
        }
    }

    private let manifest: CollectionManifest
    private let client: QdrantClient
    private let options: CollectionRestoreOptions

    /// - Parameter scoreTolerance: the largest accepted difference between a recorded score and the live one.
    public init(_ manifest: CollectionManifest, on client: QdrantClient, scoreTolerance: Float) {
        self.manifest = manifest
        self.client = client
        options = CollectionRestoreOptions(restorePointID: "")
        self.scoreTolerance = scoreTolerance
    }

    private let scoreTolerance: Float

    /// Looks at a collection.
    ///
    /// - Parameter name: under which name it is on the server; `nil` for its own.
    /// - Returns: `nil` when the server has no such collection.
    /// - Throws: `QdrantError` when the server cannot be asked.
    public func examine(_ name: String? = nil) async throws -> Findings? {
        let name = name ?? manifest.name
        guard try await client.collections().contains(name) else { return nil }
        var options = options
        options.scoreTolerance = scoreTolerance
        let verifier = CollectionVerifier(
            client: client,
            manifest: manifest,
            options: options,
            clock: SystemWallClock()
        )
        let info = try await client.collection(name)
        var findings = Findings(expected: manifest.points)
        findings.status = info.status.rawValue
        findings.configuration = verifier.vectorDifferences(info)
        findings.indexes = verifier.indexDifferences(info).map(\.field)
        var counted = CollectionVerifier.Findings()
        // Shards that the live collection lacks answer with an error, which is a difference of its own.
        findings.points = try await client.count(in: name)
        for shard in manifest.shards {
            findings.shards[shard.id] = try? await client.count(inShard: shard.id, of: name)
        }
        do {
            try await verifier.compareCounts(name, &counted)
            findings.counts = counted.differences
        } catch let error as QdrantError where error.code == .notFound || error.code == .badRequest {
            findings.configuration.append("it has other shards: \(error.message)")
        }
        // Nobody can ask for vectors that are not there.
        if findings.configuration.isEmpty {
            var asked = CollectionVerifier.Findings()
            try await verifier.compareAnswers(name, &asked)
            (findings.answers, findings.goldenQueries) = (asked.differences, asked.goldenQueries)
        }
        let aliases = Dictionary(
            try await client.aliases().map { ($0.alias, $0.collection) },
            uniquingKeysWith: { first, _ in first }
        )
        findings.missingAliases = manifest.aliases.filter { aliases[$0] == nil }
        findings.movedAliases = manifest.aliases.filter { aliases[$0].map { $0 != name } ?? false }
        return findings
    }

    /// Whether what was found can be what an interrupted restore has left: each shard is empty or complete.
    public func canBeLeftover(_ findings: Findings) -> Bool {
        manifest.shards.allSatisfy { shard in
            let count = findings.shards[shard.id] ?? 0
            return count == 0 || shard.points.admits(count)
        }
    }

    /// Gives the live collection the recorded aliases and payload indexes that it lacks. Aliases that point to another collection
    /// and indexes of another type are left alone.
    public func mend(_ name: String? = nil) async throws {
        try await mendIndexes(name)
        let name = name ?? manifest.name
        let aliases = Set(try await client.aliases().map(\.alias))
        let actions = manifest.aliases.filter { !aliases.contains($0) }.map {
            AliasAction.create(alias: $0, collection: name)
        }
        if !actions.isEmpty { try await client.updateAliases(actions) }
    }

    /// Gives the live collection the recorded payload indexes that it lacks.
    public func mendIndexes(_ name: String? = nil) async throws {
        try await client.addPayloadIndexes(of: manifest, to: name ?? manifest.name)
    }
}
