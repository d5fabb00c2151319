/// What the demo measured and proved.
struct DemoReport: Encodable, Sendable {
    var pages = 0
    var passages = 0
    var points: UInt64 = 0
    var collectionBytes: Int64 = 0
    var documentBytes: Int64 = 0
    var firstStoredBytes: Int64 = 0
    var secondStoredBytes: Int64 = 0
    var changedPages = 0
    var backupSeconds = 0.0
    var restoreSeconds = 0.0
    var secondBackupSeconds = 0.0
    var goldenQueries = 0
    var restoredFiles = 0
    /// What was compared, and whether it was as before.
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
            (
                "first backup",
                "\(Formatting.bytes(firstStoredBytes)) stored in \(Formatting.duration(.seconds(backupSeconds)))"
            ),
            ("restore", "\(Formatting.duration(.seconds(restoreSeconds))), verification included"),
            (
                "second backup",
                "\(Formatting.bytes(secondStoredBytes)) stored for \(changedPages) changed pages in \(Formatting.duration(.seconds(secondBackupSeconds)))"
            ),
        ]
        for (name, value) in rows {
            Console.result("  \(name)\(String(repeating: " ", count: 15 - name.count))\(value)")
        }
        for proof in proofs { Console.result("  \(proof.holds ? "proven" : "FAILED")         \(proof.claim)") }
    }
}
