internal import Recovery

/// What is said about lineage and vanished collections, in backups and restore points alike.
enum LineageRendering {
    /// One line for a collection.
    static func summary(_ lineage: LineageReport) -> String {
        let documents = max(0, lineage.withPoints.total) &+ max(0, lineage.withoutPoints.total)
        var parts = ["\(lineage.withPoints.total) of \(Formatting.count(documents, "document")) have points"]
        if lineage.withoutDocument.total > 0 {
            parts.append(
                "\(Formatting.count(lineage.pointsWithoutDocument, "point")) of \(Formatting.count(lineage.withoutDocument.total, "source")) without a document"
            )
        }
        if lineage.unknownPoints > 0 {
            parts.append("\(Formatting.count(lineage.unknownPoints, "point")) without '\(lineage.field)'")
        }
        if lineage.changedMeanwhile == true { parts.append("written to while it was captured") }
        return parts.joined(separator: ", ")
    }

    /// The lists of a collection, each to its end.
    static func printLists(_ collection: String, _ lineage: LineageReport) {
        Console.result(
            "\(collection): \(summary(lineage)) (documents '\(lineage.documents)', field '\(lineage.field)')"
        )
        for (title, list) in [
            ("documents without points", lineage.withoutPoints), ("points without a document", lineage.withoutDocument),
            ("documents with points", lineage.withPoints),
        ] {
            Console.result("  \(title): \(list.total)")
            for entry in list.entries {
                let count = entry.points == 0 ? "" : "  \(Formatting.count(entry.points, "point"))"
                Console.result("    \(entry.name)\(count)")
            }
        }
    }

    /// A collection that is gone, and where it can be found.
    static func line(_ vanished: VanishedCollection) -> String {
        "\(vanished.name): last in restore point \(vanished.restorePoint) of \(vanished.capturedAt), "
            + "\(Formatting.count(vanished.points, "point"))"
    }
}
