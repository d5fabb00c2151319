internal import Recovery

/// What the demo measured and proved.
struct DemoReport: Encodable, Sendable {
    var pages = 0
    var passages: UInt64 = 0
    var points: UInt64 = 0
    var collectionBytes: Int64 = 0
    var documentBytes: Int64 = 0
    var firstStoredBytes: Int64 = 0
    var secondStoredBytes: Int64 = 0
    var changedPages = 0
    var ingestedAgain = 0
    var goldenQueries = 0
    var backupSeconds = 0.0
    var recoverSeconds = 0.0
    var secondBackupSeconds = 0.0
    var drillSeconds = 0.0
    /// As the recovery's report has them.
    var rpoSeconds: Double?
    var rtoSeconds: Double?
    var restorePoints: [String] = []
    /// What was compared, and whether it was as it should be.
    var proofs: [Proof] = []

    struct Proof: Encodable, Sendable {
        let claim: String
        let holds: Bool
    }

    var isProven: Bool { !proofs.isEmpty && proofs.allSatisfy(\.holds) }

    func print() {
        Console.result("\n== Report")
        let rows = [
            ("textbook", "\(pages) pages, \(passages) passages, \(Formatting.bytes(documentBytes))"),
            ("collection", "\(points) points, \(Formatting.bytes(collectionBytes)) of data"),
            ("first backup", "\(Formatting.bytes(firstStoredBytes)) stored in \(time(backupSeconds))"),
            ("recovery", "\(time(recoverSeconds)), \(Formatting.count(ingestedAgain, "page")) ingested again"),
            ("RPO", rpoSeconds.map { "\(time($0)): the restore point's age when the loss was assessed" } ?? "unknown"),
            ("RTO", rtoSeconds.map { "\(time($0)): until everything was verified" } ?? "unknown"),
            (
                "second backup",
                "\(Formatting.bytes(secondStoredBytes)) stored for \(changedPages) changed pages in \(time(secondBackupSeconds))"
            ),
            ("drill", "\(time(drillSeconds))"),
        ]
        for (name, value) in rows {
            Console.result("  \(name)\(String(repeating: " ", count: 15 - name.count))\(value)")
        }
        for proof in proofs { Console.result("  \(proof.holds ? "proven" : "FAILED")         \(proof.claim)") }
        let held = proofs.count(where: \.holds)
        Console.result("\(held) of \(Formatting.count(proofs.count, "claim")) proven")
    }

    private func time(_ seconds: Double) -> String { Formatting.duration(.seconds(seconds)) }
}
