internal import QdrantCapture
internal import Recovery
internal import ResticRepository

/// What a restore did, of all components.
struct RestoreOutcome: Sendable {
    let point: RestorePointManifest
    var collections: [CollectionRestoreReport] = []
    var storage: ColdRestore.Outcome?
    var folders: [DocumentsRestore.Outcome] = []
    var sets: [ConfigurationRestore.Outcome] = []
    var checkouts: [CodeRestore.Outcome] = []
    /// What was chosen and not begun, since the storage before it is not in place.
    var notRestored: [Component] = []

    init(point: RestorePointManifest) {
        self.point = point
    }

    /// Whether everything that was compared is as it was captured.
    var isVerified: Bool {
        collections.allSatisfy(\.isVerified) && (storage?.differences.isEmpty ?? true) && storage?.failure == nil
            && notRestored.isEmpty
            && folders.allSatisfy(\.differences.isEmpty)
            && sets.allSatisfy(\.differences.isEmpty)
            && checkouts.allSatisfy(\.differences.isEmpty)
    }
}

/// The result of a restore, for people and for programs.
enum RestoreRendering {
    struct Output: Encodable {
        struct Collection: Encodable {
            let name: String
            let restoredAs: String
            let verdict: String
            let points: UInt64
            let goldenQueries: Int
            let payloadIndexes: Int
            let status: String
            let aliases: [String]
            let sentBytes: Int64
            let differences: [String]
            let warnings: [String]
        }
        struct Folder: Encodable {
            let name: String
            let target: String
            let verdict: String
            let restoredFiles: Int
            let unchangedFiles: Int
            let restoredBytes: Int64
            let differences: [String]
            let warnings: [String]
        }
        let restorePoint: String
        let verdict: String
        let collections: [Collection]
        let storage: StorageRendering.Restored?
        let documents: [Folder]
        let configuration: [Folder]
        let code: [CodeRendering.Restored]
        let notRestored: [String]?
    }

    static func output(_ outcome: RestoreOutcome) -> Output {
        Output(
            restorePoint: outcome.point.id,
            verdict: verdict(outcome.isVerified).lowercased(),
            collections: outcome.collections.map { report in
                Output.Collection(
                    name: report.collection,
                    restoredAs: report.restoredAs,
                    verdict: verdict(report.isVerified).lowercased(),
                    points: report.points,
                    goldenQueries: report.goldenQueries,
                    payloadIndexes: report.payloadIndexes,
                    status: report.status,
                    aliases: report.aliases,
                    sentBytes: report.sentBytes,
                    differences: report.differences,
                    warnings: report.warnings
                )
            },
            storage: outcome.storage.map { StorageRendering.Restored($0) },
            documents: outcome.folders.map { folder in
                Output.Folder(
                    name: folder.folder.name,
                    target: folder.target,
                    verdict: verdict(folder.differences.isEmpty).lowercased(),
                    restoredFiles: folder.report.restoredFiles,
                    unchangedFiles: folder.report.unchangedFiles,
                    restoredBytes: folder.report.restoredBytes,
                    differences: folder.differences,
                    warnings: folder.report.warnings
                )
            },
            configuration: outcome.sets.map { set in
                Output.Folder(
                    name: set.set.name,
                    target: set.target,
                    verdict: verdict(set.differences.isEmpty).lowercased(),
                    restoredFiles: set.restoredFiles,
                    unchangedFiles: set.unchangedFiles,
                    restoredBytes: set.restoredBytes,
                    differences: set.differences,
                    warnings: set.warnings
                )
            },
            code: outcome.checkouts.map(CodeRendering.Restored.init),
            notRestored: outcome.notRestored.isEmpty ? nil : outcome.notRestored.map(\.rawValue)
        )
    }

    static func print(_ outcome: RestoreOutcome, _ common: CommonOptions) {
        Console.result("restored from restore point \(outcome.point.id): \(verdict(outcome.isVerified))")
        for report in outcome.collections {
            Console.result(
                "  qdrant     \(report.collection) as \(report.restoredAs): \(verdict(report.isVerified)): "
                    + "\(Formatting.count(report.points, "point")), \(Formatting.count(report.goldenQueries, "golden query", plural: "golden queries")) and "
                    + "\(Formatting.count(report.payloadIndexes, "payload index", plural: "payload indexes")) as recorded, \(report.status)"
            )
            if !report.aliases.isEmpty {
                Console.result("             aliases: \(report.aliases.joined(separator: ", "))")
            }
            for difference in report.differences { Console.result("    differs: \(difference)") }
            for warning in report.warnings { common.remark("warning: \(warning)") }
        }
        if let storage = outcome.storage { StorageRendering.print(storage, common) }
        for folder in outcome.folders {
            Console.result(
                "  documents  \(folder.folder.name) in \(folder.target): \(verdict(folder.differences.isEmpty)): "
                    + "\(Formatting.count(folder.report.restoredFiles, "file")) written, \(folder.report.unchangedFiles) equal already, "
                    + "\(Formatting.bytes(folder.report.restoredBytes))"
            )
            for difference in folder.differences { Console.result("    differs: \(difference)") }
            for warning in folder.report.warnings { common.remark("warning: \(warning)") }
        }
        for set in outcome.sets {
            Console.result(
                "  configuration  \(set.set.name) in \(set.target): \(verdict(set.differences.isEmpty)): "
                    + "\(Formatting.count(set.restoredFiles, "file")) written, \(set.unchangedFiles) equal already"
            )
            for difference in set.differences { Console.result("    differs: \(difference)") }
            for warning in set.warnings { common.remark("warning: \(warning)") }
        }
        for checkout in outcome.checkouts { CodeRendering.print(checkout, common) }
        if !outcome.notRestored.isEmpty {
            Console.result("  not restored: \(outcome.notRestored.map(\.rawValue).joined(separator: ", "))")
        }
    }

    private struct PlanOutput: Encodable {
        struct Collection: Encodable {
            let restoredAs: String
            let replacesLive: Bool
            let bytes: Int64
            let warnings: [String]
        }
        let restorePoint: String
        let collections: [Collection]
        let storage: String?
        let documents: [String: String]
        let configuration: [String: Sealed]

        struct Sealed: Encodable {
            let target: String
            let files: Int
            let recipients: [String]
        }
        let code: [String: String]
    }

    static func printPlan(
        _ point: RestorePoint,
        _ plans: [CollectionRestore.Plan],
        _ storage: ColdRestore.Step?,
        _ steps: [DocumentsRestore.Step],
        _ sets: [ConfigurationRestore.Step],
        _ codeSteps: [CodeRestore.Step],
        _ common: CommonOptions
    ) throws {
        if common.json {
            return try Console.json(
                PlanOutput(
                    restorePoint: point.manifest.id,
                    collections: plans.map {
                        PlanOutput.Collection(
                            restoredAs: $0.name,
                            replacesLive: $0.replacesLive,
                            bytes: $0.byteCount,
                            warnings: $0.warnings
                        )
                    },
                    storage: storage?.target,
                    documents: Dictionary(steps.map { ($0.folder.name, $0.target) }) { $1 },
                    configuration: Dictionary(
                        sets.map {
                            ($0.set.name, .init(target: $0.target, files: $0.set.files, recipients: $0.set.recipients))
                        }
                    ) { $1 },
                    code: Dictionary(codeSteps.map { ($0.checkout.name, $0.target) }) { $1 }
                )
            )
        }
        Console.result("would restore from restore point \(point.manifest.id), made \(point.manifest.startedAt):")
        for plan in plans {
            let what = plan.replacesLive ? "replacing the live data of \(plan.name)" : "as new collection \(plan.name)"
            Console.result(
                "  qdrant     \(what): \(Formatting.bytes(plan.byteCount)) to send, then counts and golden queries are compared"
            )
            for warning in plan.warnings { Console.result("             warning: \(warning)") }
        }
        for line in storage.map(StorageRendering.plan) ?? [] { Console.result(line) }
        for step in steps {
            Console.result(
                "  documents  \(step.folder.name) into \(step.target): \(Formatting.count(step.folder.files, "file")), \(Formatting.bytes(step.folder.bytes))"
            )
        }
        for step in sets {
            Console.result(
                "  configuration  \(step.set.name) into \(step.target): \(Formatting.count(step.set.files, "file")), \(Formatting.bytes(step.set.bytes)); "
                    + "needs an identity of \(SealedRendering.recipients(step.set.recipients))"
            )
        }
        for step in codeSteps { Console.result(CodeRendering.plan(step)) }
    }

    static func verdict(_ isVerified: Bool) -> String { isVerified ? "verified" : "FAILED" }
}
