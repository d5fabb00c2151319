internal import QdrantCapture
internal import Recovery
internal import ResticRepository

/// The result of a backup, for people and for programs.
enum BackupRendering {
    private struct Output: Encodable {
        struct Written: Encodable {
            let newDataBlobs: Int
            let newTreeBlobs: Int
            let newBytes: Int64
            let storedBytes: Int64
            let packs: Int
        }
        let restorePoint: RestorePointManifest
        let written: Written
        let documents: [String: Int]
        let configuration: [String: Int]
        let warnings: [String]
        let problems: [String]
        let appeared: [String]
        let vanished: [VanishedCollection]
        let skipped: [SkippedItem]
        let seconds: Double
        let storage: StorageUse?
        let copies: [Copy]
        let retention: RetentionCare?
    }

    /// What came of the restore point in another repository.
    private struct Copy: Encodable {
        let repository: String
        let location: String
        let complete: Bool
        let storedBytes: Int64?
        let problems: [String]
        let storage: StorageUse
        let retention: RetentionCare?
        let seconds: Double

        init(_ outcome: PointCopying.Outcome) {
            repository = outcome.name
            location = outcome.location
            complete = outcome.isComplete
            storedBytes = outcome.written?.newStoredBytes
            problems =
                (outcome.failure.map { [ErrorReport.sentence($0)] } ?? [])
                + outcome.failures.map { "\($0.group): \($0.reason)" }
            retention = outcome.retention
            storage = StorageUse(outcome.counts, prices: outcome.prices)
            seconds = outcome.duration.inSeconds
        }
    }

    static func print(
        _ report: BackupReport,
        took: Duration,
        _ common: CommonOptions,
        use: StorageUse? = nil,
        copies outcomes: [PointCopying.Outcome] = [],
        retention: RetentionCare? = nil
    ) throws {
        let copies = outcomes.map { Copy($0) }
        if common.json { return try Console.json(output(report, took, use, copies, retention)) }
        let point = report.restorePoint
        Console.result("restore point \(point.id) of '\(point.system)', \(point.startedAt)")
        for part in point.parts {
            for collection in part.collections {
                Console.result(
                    "  qdrant     \(collection.name): \(Formatting.count(collection.points, "point")), "
                        + "\(Formatting.count(collection.shards, "shard")), \(Formatting.bytes(collection.dataBytes)) read"
                        + " (\(Formatting.bytes(collection.bytes)) with holes), \(Formatting.count(collection.goldenQueries, "golden query", plural: "golden queries"))"
                )
                if let lineage = collection.lineage {
                    Console.result("             lineage: \(LineageRendering.summary(lineage))")
                }
            }
            if let storage = part.storage { Console.result("  qdrant     \(StorageRendering.line(storage))") }
            for folder in part.folders {
                Console.result(
                    "  documents  \(folder.name): \(Formatting.count(folder.files, "file")), \(Formatting.bytes(folder.bytes))"
                        + " (\(report.documents.new) new, \(report.documents.changed) changed, \(report.documents.unmodified) unchanged)"
                )
            }
            for set in part.sets ?? [] { Console.result("  configuration  \(SealedRendering.summary(set))") }
            if part.component == .configuration {
                let changes = report.configuration
                Console.result(
                    "             \(Formatting.count(changes.new + changes.changed, "file")) sealed now, \(changes.unmodified) unchanged and not stored again"
                )
            }
            for checkout in part.checkouts ?? [] { Console.result(CodeRendering.line(checkout)) }
        }
        if let appeared = point[.qdrant]?.appeared, !appeared.isEmpty {
            Console.result("  appeared   \(appeared.joined(separator: ", "))")
        }
        for vanished in point[.qdrant]?.vanished ?? [] {
            Console.result("  vanished   \(LineageRendering.line(vanished))")
        }
        if let skew = point.skewSeconds {
            Console.result("  skew       at most \(Formatting.duration(.seconds(skew))) between two captures")
        }
        Console.result(
            "  stored     \(Formatting.bytes(report.written.newStoredBytes)) new"
                + " (\(Formatting.bytes(report.written.newBytes)) before compression) in \(Formatting.duration(took))"
        )
        if let use { Console.result("  requests   \(use.line)") }
        retention?.printResult()
        for copy in copies where copy.complete {
            Console.result(
                "  copied     to '\(copy.repository)', \(copy.location): \(Formatting.bytes(copy.storedBytes ?? 0)) new in "
                    + "\(Formatting.duration(.seconds(copy.seconds))); \(copy.storage.line)"
            )
        }
        for copy in copies where !copy.complete {
            for problem in copy.problems {
                Console.note("problem: not in '\(copy.repository)', \(copy.location): \(problem)")
            }
            Console.note("hint: Once it can be reached, run 'holdfast repo copy \(point.id) --to \(copy.repository)'.")
        }
        retention?.printProblems()
        for copy in copies { copy.retention?.printProblems(of: " in '\(copy.repository)'") }
        for warning in report.warnings { common.remark("warning: \(warning)") }
        for problem in report.problems { Console.note("problem: \(problem)") }
        for item in point.skipped { Console.note("skipped: \(item.path): \(item.kind.rawValue): \(item.reason)") }
    }

    private struct PlanOutput: Encodable {
        let repository: String
        let collections: [String: String]
        let storage: String?
        let leftOut: [String: String]
        let documents: [String: String]
        struct Sealed: Encodable {
            let path: String
            let files: [String]
            let recipients: [String]
        }
        let configuration: [String: Sealed]
        let code: [String: String]
        let warnings: [String]
    }

    /// What a run would do, with the collections that are there now.
    static func printPlan(
        _ plan: BackupPlan,
        _ resolved: ResolvedCollections,
        repository: String,
        _ common: CommonOptions
    ) throws {
        if common.json {
            return try Console.json(
                PlanOutput(
                    repository: repository,
                    collections: Dictionary(resolved.items.map { ($0.name, $0.entry.method.rawValue) }) { $1 },
                    storage: plan.cold?.cold.map { "\($0.place)" },
                    leftOut: Dictionary(resolved.leftOut.map { ($0.name, $0.reason) }) { $1 },
                    documents: Dictionary(plan.folders.map { ($0.name, $0.path) }) { $1 },
                    configuration: Dictionary(
                        plan.sealed.map { set in
                            let files = set.selection.include.map(\.text)
                            return (
                                set.name, .init(path: set.path, files: files, recipients: set.recipients.publicNames)
                            )
                        }
                    ) { $1 },
                    code: Dictionary(plan.checkouts.map { ($0.name, $0.path) }) { $1 },
                    warnings: resolved.warnings
                )
            )
        }
        Console.result("would make a restore point of '\(plan.system)' in \(repository):")
        for item in resolved.items {
            let alias = item.alias.map { " (named by its alias '\($0)')" } ?? ""
            Console.result("  qdrant     \(item.name)\(alias), by \(item.entry.method.rawValue)")
        }
        if let cold = plan.cold?.cold {
            let pause =
                cold.container.map { ", with the container '\($0)' stopped meanwhile" }
                ?? ", whose server has to be stopped"
            Console.result("  qdrant     \(cold.place), as files\(pause)")
        }
        for folder in plan.folders { Console.result("  documents  \(folder.name), from \(folder.path)") }
        for set in plan.sealed {
            let files = set.selection.include.map(\.text).joined(separator: ", ")
            Console.result(
                "  configuration  \(set.name), \(files) from \(set.path), sealed to \(SealedRendering.recipients(set.recipients.publicNames))"
            )
        }
        for checkout in plan.checkouts {
            Console.result(
                "  code       \(checkout.name), from \(checkout.path)\(checkout.bundle ? "" : ", without its commits")"
            )
        }
        for other in resolved.leftOut { Console.result("  left out   \(other.name): \(other.reason)") }
        for warning in resolved.warnings { common.remark("warning: \(warning)") }
    }

    private static func output(
        _ report: BackupReport,
        _ took: Duration,
        _ use: StorageUse?,
        _ copies: [Copy],
        _ retention: RetentionCare?
    ) -> Output {
        Output(
            restorePoint: report.restorePoint,
            written: Output.Written(
                newDataBlobs: report.written.newDataBlobs,
                newTreeBlobs: report.written.newTreeBlobs,
                newBytes: report.written.newBytes,
                storedBytes: report.written.newStoredBytes,
                packs: report.written.packs
            ),
            documents: [
                "new": report.documents.new, "changed": report.documents.changed,
                "unmodified": report.documents.unmodified,
            ],
            configuration: [
                "new": report.configuration.new, "changed": report.configuration.changed,
                "unmodified": report.configuration.unmodified,
            ],
            warnings: report.warnings,
            problems: report.problems,
            appeared: report.restorePoint[.qdrant]?.appeared ?? [],
            vanished: report.restorePoint[.qdrant]?.vanished ?? [],
            skipped: report.restorePoint.skipped,
            seconds: took.inSeconds,
            storage: use,
            copies: copies,
            retention: retention
        )
    }
}

extension Duration {
    /// As a number, for JSON.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
