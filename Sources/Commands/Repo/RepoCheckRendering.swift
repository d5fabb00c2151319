internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// A check's report, for people and as JSON.
enum RepoCheckRendering {
    /// How many lines of each list are printed; `--json` has more.
    private static let shown = 10

    static func print(_ report: RepositoryCheckReport) {
        Console.result("repository: \(report.isIntact ? "intact" : "DAMAGED")")
        Console.result(
            "  \(Formatting.count(report.snapshots, "snapshot")), \(Formatting.count(report.trees, "tree")), "
                + "\(Formatting.count(report.blobs, "blob")) in \(Formatting.count(report.packs, "pack")) (\(Formatting.bytes(report.packBytes))), "
                + "\(Formatting.count(report.indexes, "index file")), \(Formatting.count(report.keys, "key"))"
        )
        if report.packsRead > 0 {
            Console.result(
                "  read \(Formatting.count(report.packsRead, "pack")) (\(Formatting.bytes(report.bytesRead))), "
                    + "\(Formatting.count(report.blobsRead, "blob")) good"
            )
        }
        for finding in report.findings { print(finding) }
        for remark in report.remarks {
            let size = remark.byteCount > 0 ? " (\(Formatting.bytes(remark.byteCount)))" : ""
            Console.result("remark: \(remark.message): \(remark.count)\(size)")
            for example in remark.examples.prefix(3) { Console.result("    \(example)") }
        }
    }

    static func print(_ finding: CheckFinding) {
        Console.result("damaged: \(finding.message)")
        list(finding.details.items, of: finding.details.count, "    ")
        if finding.snapshots.isEmpty {
            if [.pack, .blob].contains(finding.kind) { Console.result("  hits nothing that a snapshot needs") }
        } else {
            Console.result(
                "  hits \(Formatting.count(finding.files.count, "file or folder", plural: "files and folders")):"
            )
            list(finding.files.items, of: finding.files.count, "    ")
            Console.result("  in \(Formatting.count(finding.snapshots.count, "snapshot")):")
            let snapshots = finding.snapshots.items.map { snapshot in
                let point = RestorePoint.id(fromTags: snapshot.tags).map { ", restore point \($0)" } ?? ""
                return "\(snapshot.id.short) of \(snapshot.time)\(point)"
            }
            list(snapshots, of: finding.snapshots.count, "    ")
        }
        if let hint = finding.hint, !hint.isEmpty { Console.result("  hint: \(hint)") }
    }

    private static func list(_ lines: [String], of count: Int, _ indentation: String) {
        for line in lines.prefix(shown) { Console.result("\(indentation)\(line)") }
        if count > shown { Console.result("\(indentation)and \(count - shown) more (--json lists more)") }
    }

    /// The JSON of a finding (`docs/reference/json.md`).
    struct Finding: Encodable {
        struct Snapshot: Encodable {
            let id: String
            let time: String
            let restorePoint: String?
        }
        let kind: CheckFinding.Kind
        let object: String
        let message: String
        let hint: String?
        let details: [String]
        let detailCount: Int
        let files: [String]
        let fileCount: Int
        let snapshots: [Snapshot]
        let snapshotCount: Int
        let restorePoints: [String]

        init(_ finding: CheckFinding) {
            kind = finding.kind
            object = finding.object
            message = finding.message
            hint = finding.hint
            details = finding.details.items
            detailCount = finding.details.count
            files = finding.files.items
            fileCount = finding.files.count
            snapshots = finding.snapshots.items.map {
                Snapshot(id: $0.id.hex, time: "\($0.time)", restorePoint: RestorePoint.id(fromTags: $0.tags))
            }
            snapshotCount = finding.snapshots.count
            restorePoints = Set(snapshots.compactMap(\.restorePoint)).sorted()
        }
    }

    /// The JSON of a report.
    struct Output: Encodable {
        struct Remark: Encodable {
            let kind: CheckRemark.Kind
            let message: String
            let count: Int
            let bytes: Int64
            let examples: [String]
        }
        let verdict: String
        let depth: String
        let keys: Int
        let indexes: Int
        let snapshots: Int
        let trees: Int
        let blobs: Int
        let packs: Int
        let packBytes: Int64
        let packsRead: Int
        let bytesRead: Int64
        let blobsRead: Int
        let findings: [Finding]
        let remarks: [Remark]

        init(_ report: RepositoryCheckReport, _ depth: String) {
            verdict = report.isIntact ? "intact" : "damaged"
            self.depth = depth
            keys = report.keys
            indexes = report.indexes
            snapshots = report.snapshots
            trees = report.trees
            blobs = report.blobs
            packs = report.packs
            packBytes = report.packBytes
            packsRead = report.packsRead
            bytesRead = report.bytesRead
            blobsRead = report.blobsRead
            findings = report.findings.map(Finding.init)
            remarks = report.remarks.map {
                Remark(kind: $0.kind, message: $0.message, count: $0.count, bytes: $0.byteCount, examples: $0.examples)
            }
        }
    }
}
