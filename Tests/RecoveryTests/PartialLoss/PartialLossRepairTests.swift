import QdrantCapture
import ResticRepository
import Testing

@testable import Recovery

@Suite("Collections that lost a part")
struct PartialLossRepairTests {
    private func makeManifest(_ names: [String], missing: [String]? = nil) throws -> RestorePointManifest {
        let collections = names.map { name in
            """
            {"name": "\(name)", "points": 1, "shards": 1, "method": "stream", "serverVersion": "1.19.0", "goldenQueries": 0,
             "aliases": [], "files": 1, "bytes": 1, "dataBytes": 1, "warnings": []}
            """
        }
        let time = "2026-01-31T09:05:00Z"
        let text = """
            {"format": 2, "id": "0badcafe", "system": "s", "startedAt": "\(time)", "finishedAt": "\(time)", "tool": "holdfast",
             "parts": [{"component": "qdrant", "snapshot": "", "tree": "", "startedAt": "\(time)", "finishedAt": "\(time)",
               "files": 1, "bytes": 1, "folders": [], "collections": [\(collections.joined(separator: ","))]}]}
            """
        var manifest = try RestorePointManifest(reading: Array(text.utf8))
        manifest.missing = missing?.map { .init(component: .qdrant, path: $0, kind: .shortened, lostBytes: 1) }
        return manifest
    }

    @Test(
        "are not repaired from stored data of which a repair found something lost, and the error says what and what else to do"
    )
    func damaged() throws {
        let losses = ["/qdrant/a/shards/0/segment/vectors.bin", "/qdrant/a/shards/0/wal"]
        let manifest = try makeManifest(["a", "ab"], missing: losses)
        let error = #expect(throws: CaptureError.self) { try PartialLossRepair.checkWhole("a", in: manifest) }
        #expect(error?.code == .unverified)
        #expect(
            error?.message
                == "the stored data of 'a' in restore point 0badcafe is not whole: \(losses[0]) and 1 more is damaged in the repository"
        )
        #expect(error?.hint?.contains("holdfast restore 0badcafe --collection a") == true)
        // Another collection of the same restore point is whole.
        try PartialLossRepair.checkWhole("ab", in: manifest)
    }

    @Test("are those of which an assessment says that they are smaller or different, and no others")
    func findings() throws {
        let states: [LiveFinding.State] = [
            .same, .missing, .smaller, .different, .larger, .unreadable, .unreachable, .unknown,
        ]
        let manifest = try makeManifest(states.map(\.rawValue))
        var findings = states.map { LiveFinding(.qdrant, $0.rawValue, $0, "") }
        findings.append(LiveFinding(.documents, "same", .smaller, ""))
        findings.append(LiveFinding(.qdrant, "elsewhere", .smaller, ""))
        #expect(
            PartialLossRepair.plan(for: findings, of: manifest).map(\.collection.name) == ["smaller", "different"]
        )
    }

    @Test(
        "are chosen by name, all without one; a name that the restore point lacks is an error that lists what it holds"
    )
    func names() throws {
        let manifest = try makeManifest(["a", "b"])
        #expect(try PartialLossRepair.plan([], of: manifest).map(\.collection.name) == ["a", "b"])
        #expect(try PartialLossRepair.plan(["b"], of: manifest).map(\.collection.name) == ["b"])
        let error = #expect(throws: RecoveryError.self) { try PartialLossRepair.plan(["c"], of: manifest) }
        #expect(error?.code == .notInRestorePoint && error?.hint == "It holds: a, b.")
    }
}
