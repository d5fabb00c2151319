import Testing

@testable import QdrantClient

@Suite("Metrics")
struct MetricsTests {
    private let text = """
        # HELP app_info information about qdrant server
        # TYPE app_info gauge
        app_info{name="qdrant",version="1.19.0"} 1
        collections_total 2
        snapshot_creation_running{id="books"} 1
        snapshot_creation_running{id="with \\"quotes\\" \\\\ and\\nlines"} 2
        snapshot_creation_running{id="idle"} 0
        snapshot_recovery_running{id="books"} 0
        memory_bytes 1.5e+09 1700000000
        broken{id="x
        alone
        not_a_number NaN
        """

    @Test("finds the collections whose snapshots are being made", arguments: ["", "qdrant_"])
    func running(prefix: String) {
        let lines = text.split(separator: "\n").map { $0.hasPrefix("#") ? String($0) : prefix + $0 }
        let metrics = QdrantMetrics(lines.joined(separator: "\n"))
        #expect(metrics.runningSnapshotCreations == ["books": 1, "with \"quotes\" \\ and\nlines": 2])
        #expect(metrics.runningSnapshotRecoveries.isEmpty)
    }

    @Test("reads names, labels and values, and skips what is no sample")
    func samples() {
        let metrics = QdrantMetrics(text)
        #expect(
            metrics.samples.first == .init(name: "app_info", labels: ["name": "qdrant", "version": "1.19.0"], value: 1)
        )
        #expect(metrics.samples(named: "memory_bytes").map(\.value) == [1.5e9])
        #expect(metrics.samples(named: "broken").isEmpty)
        #expect(metrics.samples(named: "alone").isEmpty)
        #expect(metrics.samples(named: "not_a_number").map(\.value.isNaN) == [true])
    }
}
