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
        let warnings: [String]
        let skipped: [SkippedItem]
        let seconds: Double
    }

    static func print(_ report: BackupReport, took: Duration, _ common: CommonOptions) throws {
        if common.json { return try Console.json(output(report, took)) }
        let point = report.restorePoint
        Console.result("restore point \(point.id) of '\(point.system)', \(point.startedAt)")
        for part in point.parts {
            for collection in part.collections {
                Console.result(
                    "  qdrant     \(collection.name): \(Formatting.count(collection.points, "point")), "
                        + "\(Formatting.count(collection.shards, "shard")), \(Formatting.bytes(collection.dataBytes)) read"
                        + " (\(Formatting.bytes(collection.bytes)) with holes), \(Formatting.count(collection.goldenQueries, "golden query", plural: "golden queries"))"
                )
            }
            for folder in part.folders {
                Console.result(
                    "  documents  \(folder.name): \(Formatting.count(folder.files, "file")), \(Formatting.bytes(folder.bytes))"
                        + " (\(report.documents.new) new, \(report.documents.changed) changed, \(report.documents.unmodified) unchanged)"
                )
            }
            for checkout in part.checkouts ?? [] { Console.result(CodeRendering.line(checkout)) }
        }
        Console.result(
            "  stored     \(Formatting.bytes(report.written.newStoredBytes)) new"
                + " (\(Formatting.bytes(report.written.newBytes)) before compression) in \(Formatting.duration(took))"
        )
        for warning in report.warnings { common.remark("warning: \(warning)") }
        for item in point.skipped { Console.note("skipped: \(item.path): \(item.kind.rawValue): \(item.reason)") }
    }

    private static func output(_ report: BackupReport, _ took: Duration) -> Output {
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
            warnings: report.warnings,
            skipped: report.restorePoint.skipped,
            seconds: took.inSeconds
        )
    }
}

extension Duration {
    /// As a number, for JSON.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
