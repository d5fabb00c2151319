internal import QdrantClient
internal import ResticRepository

/// Compares a restored collection with its manifest. HTTP 200 proves nothing (design D7).
struct CollectionVerifier {
    let client: QdrantClient
    let manifest: CollectionManifest
    let options: CollectionRestoreOptions
    let clock: any WallClock

    /// What was found.
    struct Findings {
        var points: UInt64 = 0
        var goldenQueries = 0
        var payloadIndexes = 0
        var status = ""
        var differences: [String] = []
    }

    func verify(_ name: String) async throws -> Findings {
        var findings = Findings()
        let info = try await waitForGreen(name, &findings)
        compareConfiguration(info, &findings)
        try await compareCounts(name, &findings)
        try await compareAnswers(name, &findings)
        return findings
    }

    /// Waits until the collection is green. Grey means that optimisation is due and has not begun: an empty update begins it
    /// (qdrant/qdrant issue 5139).
    private func waitForGreen(_ name: String, _ findings: inout Findings) async throws -> CollectionInfo {
        var waited: Duration = .zero
        var wasNudged = false
        while true {
            let info = try await client.collection(name)
            findings.status = info.status.rawValue
            if info.status == .green { return info }
            if info.status == .grey, !wasNudged {
                wasNudged = true
                try await client.updateCollection(name, ["optimizers_config": [:]])
            }
            guard waited < options.greenDeadline else {
                let reason = info.optimizerError.map { ": \($0)" } ?? ""
                findings.differences.append(
                    "the collection is still \(info.status.rawValue) after \(options.greenDeadline)\(reason)"
                )
                return info
            }
            try await clock.sleep(options.pollInterval)
            waited += options.pollInterval
        }
    }

    private func compareConfiguration(_ info: CollectionInfo, _ findings: inout Findings) {
        findings.differences += vectorDifferences(info)
        let indexes = indexDifferences(info)
        findings.differences += indexes.map(\.difference)
        findings.payloadIndexes += manifest.info.payloadSchema.count - indexes.count
    }

    /// Where the vectors are configured otherwise.
    func vectorDifferences(_ info: CollectionInfo) -> [String] {
        let expected = Dictionary(
            manifest.info.vectors.map { ($0.name ?? "", $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let found = Dictionary(info.vectors.map { ($0.name ?? "", $0) }, uniquingKeysWith: { first, _ in first })
        var differences: [String] = []
        for (name, field) in expected.sorted(by: { $0.key < $1.key }) {
            let label = name.isEmpty ? "the unnamed vector" : "vector '\(name)'"
            guard let other = found[name] else {
                differences.append("\(label) is missing from the configuration")
                continue
            }
            if (field.kind, field.size, field.distance, field.dataType) != (
                other.kind, other.size, other.distance, other.dataType
            ) {
                differences.append("\(label) has another size, distance or data type")
            }
        }
        return differences
    }

    /// The payload indexes that are missing or of another type.
    func indexDifferences(_ info: CollectionInfo) -> [(field: String, difference: String)] {
        let indexes = Dictionary(
            info.payloadSchema.map { ($0.field, $0.dataType) },
            uniquingKeysWith: { first, _ in first }
        )
        return manifest.info.payloadSchema.compactMap { field in
            guard let type = indexes[field.field] else {
                return (field.field, "the payload index on '\(field.field)' is missing")
            }
            guard type != field.dataType else { return nil }
            return (
                field.field,
                "the payload index on '\(field.field)' is \(type ?? "untyped") instead of \(field.dataType ?? "untyped")"
            )
        }
    }

    func compareCounts(_ name: String, _ findings: inout Findings) async throws {
        findings.points = try await client.count(in: name)
        if !manifest.points.admits(findings.points) {
            findings.differences.append("it has \(findings.points) points instead of \(Self.describe(manifest.points))")
        }
        for shard in manifest.shards {
            let found = try await client.count(inShard: shard.id, of: name)
            if !shard.points.admits(found) {
                findings.differences.append(
                    "shard \(shard.id) has \(found) points instead of \(Self.describe(shard.points))"
                )
            }
        }
    }

    /// Asks the golden queries again.
    func compareAnswers(_ name: String, _ findings: inout Findings) async throws {
        for query in manifest.goldenQueries {
            do {
                let answer = try await query.ask(client, collection: name)
                if let difference = difference(of: answer, from: query) {
                    findings.differences.append(difference)
                } else {
                    findings.goldenQueries += 1
                }
            } catch let error as QdrantError {
                findings.differences.append("a golden query failed: \(error.message)")
            }
        }
    }

    private func difference(of answer: [GoldenQuery.Hit], from query: GoldenQuery) -> String? {
        guard let difference = query.difference(from: answer, tolerance: options.scoreTolerance) else { return nil }
        let field = manifest.info.vectors.first { $0.name == query.using }
        let countsTerms = field?.kind == .sparse && field?.json["modifier"]?.stringValue == "idf"
        return countsTerms ? query.differenceInPoints(from: answer) : difference
    }

    private static func describe(_ count: CollectionManifest.Count) -> String {
        count.before == count.after
            ? "\(count.before)" : "\(min(count.before, count.after)) to \(max(count.before, count.after))"
    }
}
