internal import Recovery
internal import ResticRepository

/// Statistics, for people and for programs.
enum StatsRendering {
    // MARK: One sum

    private struct CountOutput: Encodable {
        let mode: String
        let points: Int
        let bytes: Int64
        let files: Int?
        let entries: Int?
        let blobs: Int?
        let contentBytes: Int64?
        let problems: [String]
    }

    static func print(_ count: SizeCount, _ mode: SizeMode, of points: Int, _ common: CommonOptions) throws {
        if common.json {
            return try Console.json(
                CountOutput(
                    mode: mode.rawValue,
                    points: points,
                    bytes: count.bytes,
                    files: count.files,
                    entries: count.entries,
                    blobs: count.blobs,
                    contentBytes: count.contentBytes,
                    problems: count.problems
                )
            )
        }
        Console.result(
            "\(mode.rawValue) of \(Formatting.count(points, "restore point or snapshot", plural: "restore points and snapshots"))"
        )
        Console.result("  size      \(Formatting.bytes(count.bytes)) (\(count.bytes) bytes)")
        if let files = count.files { Console.result("  files     \(files)") }
        if let blobs = count.blobs { Console.result("  blobs     \(blobs)") }
        if let content = count.contentBytes, count.bytes > 0 {
            let ratio = Formatting.ratio(Double(content) / Double(count.bytes))
            Console.result("  content   \(Formatting.bytes(content)), compression \(ratio)")
        }
    }

    // MARK: Everything

    private struct Output: Encodable {
        struct Blobs: Encodable {
            let count: Int
            let storedBytes: Int64
            let contentBytes: Int64

            init(_ totals: BlobTotals) {
                count = totals.count
                storedBytes = totals.storedBytes
                contentBytes = totals.contentBytes
            }
        }
        struct Files: Encodable {
            let count: Int
            let bytes: Int64

            init(_ totals: FileTotals?) {
                count = totals?.count ?? 0
                bytes = totals?.bytes ?? 0
            }
        }
        struct Point: Encodable {
            let point: PointOutput
            let files: Int
            let restoreBytes: Int64
            let unique: Blobs
        }
        let repositoryID: String
        let formatVersion: Int
        let restorePoints: Int
        let snapshots: Int
        let otherSnapshots: Int
        let packs: Files
        let indexes: Files
        let keys: Files
        let locks: Files
        let storedBytes: Int64
        let dataBlobs: Blobs
        let treeBlobs: Blobs
        let referenced: Blobs
        let unreferenced: Blobs
        let duplicateBytes: Int64
        let unindexedPacks: Files
        let missingPacks: Int
        let freeableBytes: Int64
        let restoreBytes: Int64
        let compressionRatio: Double?
        let deduplicationRatio: Double?
        let points: [Point]
        let problems: [String]
    }

    static func print(_ report: StatsReport, _ common: CommonOptions) throws {
        if common.json { return try Console.json(output(report)) }
        if !report.isChoice { printOverview(report) }
        guard !report.chosen.isEmpty else { return }
        var table = Table([
            ("id", .left), ("kind", .left), ("time", .left), ("files", .right), ("restores to", .right),
            ("only it needs", .right),
        ])
        for index in report.chosen {
            let (point, group) = (report.points[index], report.statistics.groups[index])
            table.add(
                point.shortID,
                point.kind == .restorePoint ? "restore point" : "snapshot",
                EntryRendering.time(point.time),
                "\(group.restoreSize.files)",
                Formatting.bytes(group.restoreSize.bytes),
                Formatting.bytes(group.unique.storedBytes)
            )
        }
        Console.result((report.isChoice ? "" : "\n") + table.render())
    }

    private static func printOverview(_ report: StatsReport) {
        let statistics = report.statistics
        let needed = statistics.referencedData + statistics.referencedTrees
        func files(_ kind: FileKind) -> FileTotals { statistics.files[kind] ?? FileTotals() }
        Console.result("repository \(report.repositoryID.prefix(8)), format \(report.formatVersion)")
        Console.result(
            "  restore points  \(report.all.restorePoints.count), of \(Formatting.count(report.all.snapshotCount, "snapshot"))"
                + (report.all.otherSnapshots.isEmpty ? "" : "; \(report.all.otherSnapshots.count) belong to none")
        )
        Console.result(
            "  stored          \(Formatting.bytes(statistics.storedBytes)) in \(Formatting.count(files(.pack).count, "pack")), "
                + Formatting.count(files(.index).count, "index file") + ", "
                + Formatting.count(files(.key).count, "key")
                + ", " + Formatting.count(files(.lock).count, "lock")
        )
        Console.result("  data blobs      \(statistics.data.count), \(Formatting.bytes(statistics.data.storedBytes))")
        Console.result("  tree blobs      \(statistics.trees.count), \(Formatting.bytes(statistics.trees.storedBytes))")
        Console.result(
            "  needed          \(Formatting.bytes(needed.storedBytes)) for \(Formatting.bytes(needed.contentBytes)) of content"
                + (statistics.compressionRatio.map { ", compression \(Formatting.ratio($0))" } ?? "")
        )
        Console.result(
            "  restores to     \(Formatting.bytes(statistics.restoreSize.bytes)) in all"
                + (statistics.deduplicationRatio.map { ", deduplication \(Formatting.ratio($0))" } ?? "")
        )
        Console.result(
            "  not needed      \(Formatting.bytes(statistics.freeableBytes)) that a prune could free: "
                + "\(Formatting.count(statistics.unreferenced.count, "blob")) of \(Formatting.bytes(statistics.unreferenced.storedBytes)), "
                + "second copies of \(Formatting.bytes(statistics.duplicateBytes)), "
                + "\(Formatting.count(statistics.unindexedPacks.count, "unused pack")) of \(Formatting.bytes(statistics.unindexedPacks.bytes))"
        )
    }

    private static func output(_ report: StatsReport) -> Output {
        let statistics = report.statistics
        return Output(
            repositoryID: report.repositoryID,
            formatVersion: report.formatVersion,
            restorePoints: report.all.restorePoints.count,
            snapshots: report.all.snapshotCount,
            otherSnapshots: report.all.otherSnapshots.count,
            packs: Output.Files(statistics.files[.pack]),
            indexes: Output.Files(statistics.files[.index]),
            keys: Output.Files(statistics.files[.key]),
            locks: Output.Files(statistics.files[.lock]),
            storedBytes: statistics.storedBytes,
            dataBlobs: Output.Blobs(statistics.data),
            treeBlobs: Output.Blobs(statistics.trees),
            referenced: Output.Blobs(statistics.referencedData + statistics.referencedTrees),
            unreferenced: Output.Blobs(statistics.unreferenced),
            duplicateBytes: statistics.duplicateBytes,
            unindexedPacks: Output.Files(statistics.unindexedPacks),
            missingPacks: statistics.missingPacks,
            freeableBytes: statistics.freeableBytes,
            restoreBytes: statistics.restoreSize.bytes,
            compressionRatio: statistics.compressionRatio,
            deduplicationRatio: statistics.deduplicationRatio,
            points: report.chosen.map { index in
                let group = statistics.groups[index]
                return Output.Point(
                    point: PointOutput(report.points[index]),
                    files: group.restoreSize.files,
                    restoreBytes: group.restoreSize.bytes,
                    unique: Output.Blobs(group.unique)
                )
            },
            problems: report.problems
        )
    }
}

extension Formatting {
    /// `3.42 : 1`.
    static func ratio(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) : 1"
    }
}
