import QdrantClient
import Testing

@testable import Recovery

@Suite("Collections that appear and vanish")
struct CollectionsHistoryTests {
    private func point(
        _ id: String,
        _ names: [String]?,
        chosen: [String]? = nil,
        vanished: [VanishedCollection] = []
    ) -> RestorePointManifest {
        var manifest = RestorePointManifest(
            format: 2,
            id: id,
            system: "s",
            startedAt: "time of \(id)",
            finishedAt: "",
            tool: "t",
            parts: []
        )
        guard let names else { return manifest }
        var part = RestorePointManifest.Part(
            component: .qdrant,
            snapshot: "",
            tree: "",
            startedAt: "",
            finishedAt: "",
            files: 0,
            bytes: 0,
            collections: names.map {
                .init(
                    name: $0,
                    points: 7,
                    shards: 1,
                    method: "stream",
                    serverVersion: "1",
                    goldenQueries: 0,
                    aliases: [],
                    files: 0,
                    bytes: 0,
                    dataBytes: 0,
                    warnings: []
                )
            },
            folders: []
        )
        part.chosen = chosen
        part.vanished = vanished
        manifest.parts = [part]
        return manifest
    }

    private func changes(
        _ names: [String],
        since previous: [RestorePointManifest],
        exclude: [String] = []
    ) throws -> CollectionsHistory.Changes {
        let selection = CollectionSelection(exclude: try exclude.map { try PathPattern($0) })
        let resolved = try selection.resolve(names: names, aliases: [])
        return CollectionsHistory(previous: previous).changes(resolved, at: "now")
    }

    @Test("are named, with the restore point that holds what is gone")
    func both() throws {
        let changes = try changes(["a", "c"], since: [point("22222222", ["a", "b"]), point("11111111", ["a", "b"])])
        #expect(changes.appeared == ["c"])
        #expect(changes.vanished.map(\.name) == ["b"])
        #expect(changes.vanished.first?.restorePoint == "22222222" && changes.vanished.first?.points == 7)
        #expect(changes.newlyVanished == changes.vanished)
        #expect(changes.problems.first?.contains("holdfast restore 22222222 --only qdrant --collection b") == true)
    }

    @Test("are not there at the first run")
    func first() throws {
        #expect(try changes(["a"], since: []) == .init())
        #expect(try changes(["a"], since: [point("11111111", nil)]) == .init())
    }

    @Test("are not judged by a run about one collection, nor by one without any")
    func chosen() throws {
        let previous = [
            point("33333333", ["a"], chosen: ["a"]), point("22222222", nil), point("11111111", ["a", "b"]),
        ]
        #expect(try changes(["a", "b"], since: previous) == .init())
        // What such a run captured is still the newest copy of it.
        #expect(try changes(["b"], since: previous).vanished.map(\.restorePoint) == ["33333333"])
    }

    @Test("stay in every later restore point, and are a problem once")
    func carried() throws {
        let gone = VanishedCollection(
            name: "b",
            restorePoint: "11111111",
            capturedAt: "time of 11111111",
            points: 7,
            noticedAt: "then"
        )
        let previous = [point("22222222", ["a"], vanished: [gone]), point("11111111", ["a", "b"])]
        let later = try changes(["a"], since: previous)
        #expect(later.vanished == [gone] && later.newlyVanished.isEmpty && later.problems.isEmpty)
        // It comes back, or no restore point holds it any more.
        let back = try changes(["a", "b"], since: previous)
        #expect(back.vanished.isEmpty && back.appeared == ["b"])
        #expect(try changes(["a"], since: [previous[0]]).vanished.isEmpty)
    }

    @Test("are told from those that are only not chosen any more")
    func deselected() throws {
        let changes = try changes(["a", "b"], since: [point("11111111", ["a", "b"])], exclude: ["b"])
        #expect(changes.vanished.isEmpty && changes.problems.isEmpty)
        #expect(changes.warnings.first?.contains("'b' is still there") == true)
    }
}
