internal import QdrantCapture
internal import QdrantClient
internal import Recovery

/// What a repair of single points found and did, for people and for programs.
enum RepairPointsRendering {
    struct Output: Encodable {
        struct Collection: Encodable {
            let collection: String
            let live: String
            let verdict: String
            let comparedContent: Bool
            let same, missing, different, newer, extra: Int
            let examples: Examples
            let restored, replaced: Int
            let changedMeanwhile: [String]
            let goldenQueries: Int?
            let copy: String
            let copyWasThere, copyStays: Bool
            let copyBytes: Int64
            let differences, warnings: [String]
        }
        struct Examples: Encodable {
            let missing, different, newer, extra: [String]
        }
        let restorePoint: String
        let collections: [Collection]
    }

    /// How many ids are given as examples; `--list` gives all.
    private static let exampleCount = 20

    static func output(_ restorePoint: String, _ reports: [PointRepairReport]) -> Output {
        Output(
            restorePoint: restorePoint,
            collections: reports.map { report in
                let found = report.found
                func examples(_ list: (CollectionDifferences.Part) -> PointIDList) -> [String] {
                    found.parts.flatMap { list($0).ids.prefix(exampleCount) }.prefix(exampleCount).map(\.description)
                }
                return Output.Collection(
                    collection: report.collection,
                    live: report.live,
                    verdict: verdict(report).lowercased(),
                    comparedContent: found.comparedContent,
                    same: found.same,
                    missing: found.missing,
                    different: found.different,
                    newer: found.newer,
                    extra: found.extra,
                    examples: Output.Examples(
                        missing: examples(\.missing),
                        different: examples(\.different),
                        newer: examples(\.newer),
                        extra: examples(\.extra)
                    ),
                    restored: report.restored,
                    replaced: report.replaced,
                    changedMeanwhile: report.changedMeanwhile.map(\.description),
                    goldenQueries: report.goldenQueries,
                    copy: report.copy,
                    copyWasThere: report.copyWasThere,
                    copyStays: report.copyStays,
                    copyBytes: report.copyBytes,
                    differences: report.differences,
                    warnings: report.warnings
                )
            }
        )
    }

    private static func verdict(_ report: PointRepairReport) -> String {
        report.wasRun ? RestoreRendering.verdict(report.isVerified) : "compared"
    }

    static func print(
        _ manifest: RestorePointManifest,
        _ reports: [PointRepairReport],
        dryRun: Bool,
        _ common: CommonOptions
    ) {
        Console.result("compared with restore point \(manifest.id), made \(manifest.startedAt):")
        for report in reports {
            let found = report.found
            let how = found.comparedContent ? "" : ", by id only"
            Console.result("  \(report.live): \(verdict(report))\(how)")
            Console.result("    \(found.same) of \(Formatting.count(found.referencePoints, "point")) as stored")
            list("missing", found, \.missing, dryRun ? "would be written" : "\(report.restored) written")
            list("different", found, \.different, replacement(report, dryRun))
            list("newer", found, \.newer, "left as they are")
            list("only live", found, \.extra, "left as they are")
            if let count = report.goldenQueries {
                Console.result(
                    "    \(Formatting.count(count, "golden query", plural: "golden queries")) answered as recorded"
                )
            }
            if report.copyStays { Console.result("    the copy \(report.copy) stays on the server") }
            for difference in report.differences { Console.result("    differs: \(difference)") }
            for warning in report.warnings { common.remark("warning: \(warning)") }
            if dryRun, found.missing > 0 {
                common.remark("a point that was deleted on purpose after \(manifest.startedAt) would come back")
            }
        }
    }

    private static func replacement(_ report: PointRepairReport, _ dryRun: Bool) -> String {
        if dryRun { return "would be replaced, unless '--missing-only'" }
        return report.replaced == 0 ? "left as they are" : "\(report.replaced) replaced"
    }

    private static func list(
        _ kind: String,
        _ found: CollectionDifferences,
        _ part: (CollectionDifferences.Part) -> PointIDList,
        _ what: String
    ) {
        let count = found.parts.reduce(0) { $0 + part($1).count }
        guard count > 0 else { return }
        let ids = found.parts.flatMap { part($0).ids.prefix(5) }.prefix(5).map(\.description)
        let examples = ids.isEmpty ? "" : " (\(ids.joined(separator: ", "))\(count > ids.count ? ", …" : ""))"
        Console.result("    \(count) \(kind): \(what)\(examples)")
    }
}
