public import QdrantCapture
public import QdrantClient

/// Compares a restored collection with the embedding contract of its capture, and that with the one that the configuration declares
/// now: vectors of one model do not answer the questions of another, and no count and no golden query shows it.
public struct EmbeddingCheck: Sendable {
    private let record: EmbeddingRecord?
    private let configured: EmbeddingContract?

    /// - Parameters:
    ///   - record: the contract at the time of the capture; `nil` when none was declared.
    ///   - configured: the one declared now.
    public init(_ record: EmbeddingRecord?, configured: EmbeddingContract?) {
        self.record = record
        self.configured = configured
    }

    /// Adds what was found to the report of a restore.
    public func add(to report: inout CollectionRestoreReport, _ client: QdrantClient) async throws {
        let (differences, warnings) = findings(try await client.collection(report.restoredAs).vectors)
        report.differences += differences
        report.warnings += warnings
    }

    /// - Parameter vectors: those of the restored collection.
    /// - Returns: violations that the capture did not have, and what the operator should know.
    func findings(_ vectors: [VectorField]) -> (differences: [String], warnings: [String]) {
        var warnings: [String] = []
        if let record, let configured {
            warnings = EmbeddingContract.changes(from: record.contract, to: configured).map {
                "the configuration declares another embedding than the restored collection has: \($0); ask it with the old one, or ingest again"
            }
        }
        guard let record else { return ([], warnings) }
        let violations = record.contract.violations(by: vectors)
        let known = violations.filter(record.violations.contains)
        return (violations.filter { !known.contains($0) }, warnings + known.map { "as when it was captured, \($0)" })
    }
}
