import Foundation
import Logging
import QdrantClient
import TestSupport
import Testing

@Suite(
    "Partial loss of a collection, from the command line",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .timeLimit(.minutes(10))
)
struct PartialLossTests {
    private static let name = "textbook_knowledge"

    private func withSystem(
        points count: Int,
        _ body: (HoldfastProgram, QdrantClient, [Point]) async throws -> Void
    ) async throws {
        try await TemporaryDirectory.with { folder in
            try await withEmbeddedQdrant { server in
                let holdfast = try HoldfastProgram(in: folder)
                let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
                try await withQdrantClient(endpoint: QdrantEndpoint(url: server.baseURL), logger: logger) { client in
                    let points = Self.points(count)
                    // Without an index that is built while the test goes on.
                    try await client.createCollection(
                        Self.name,
                        [
                            "vectors": ["size": 4, "distance": "Cosine"],
                            "optimizers_config": ["indexing_threshold": 0],
                        ]
                    )
                    for start in stride(from: 0, to: count, by: 2000) {
                        try await client.upsert(Array(points[start..<min(start + 2000, count)]), in: Self.name)
                    }
                    try await holdfast.run(
                        "init",
                        "--repository",
                        "repo",
                        "--qdrant",
                        server.baseURL,
                        "--collection",
                        Self.name,
                        "--system",
                        "test"
                    )
                    try await holdfast.run("backup")
                    try await body(holdfast, client, points)
                }
            }
        }
    }

    private static func points(_ count: Int) -> [Point] {
        var generator = SeededGenerator(seed: 11)
        return (0..<count).map { index in
            Point(
                id: index % 2 == 0
                    ? .number(UInt64(index)) : .uuid(UniqueID(high: generator.next(), low: generator.next())),
                vector: (0..<4).map { _ in Float.random(in: -1...1, using: &generator) },
                payload: ["path": .string("page-\(index).mdx"), "n": .number(generator.next()), "revision": 1]
            )
        }
    }

    private func all(_ client: QdrantClient) async throws -> [PointID: PointRecord] {
        var found: [PointID: PointRecord] = [:]
        let scroll = ScrollRequest(limit: 5000, payload: .all, vectors: .all)
        for try await page in client.scrollPages(scroll, in: Self.name) {
            for record in page { found[record.id] = record }
        }
        return found
    }

    /// The number of the operation that last wrote each point: the same as before when nobody wrote it.
    private func versions(_ client: QdrantClient) async throws -> [PointID: UInt64] {
        let query = QueryRequest(
            .vector(.dense([1, 1, 1, 1])),
            limit: 1_000_000,
            isExact: true,
            payload: .none,
            vectors: .none
        )
        return Dictionary(
            uniqueKeysWithValues: try await client.query(query, in: Self.name).map { ($0.record.id, $0.version) }
        )
    }

    /// Deletes some points and alters others, one in three each of payload, vector and both.
    private func damage(_ client: QdrantClient, deleting: [Point], altering: [Point]) async throws {
        try await client.deletePoints(.ids(deleting.map(\.id)), in: Self.name)
        let altered = altering.enumerated().map { index, point in
            var altered = point
            if index % 3 != 0 { altered.payload["path"] = "elsewhere" }
            if index % 3 != 1 { altered.vectors = .unnamed(.dense([1, 2, 3, Float(index)])) }
            return altered
        }
        try await client.upsert(altered, in: Self.name)
    }

    /// 20 000 points, of which 100 are deleted and 50 altered; with `HOLDFAST_PARTIAL_LOSS_POINTS=200000` those of issue 4: 200 000,
    /// 1 000 and 500.
    @Test("a few deleted and altered points of many are found and repaired, and nothing else is written")
    func acceptance() async throws {
        let count = ProcessInfo.processInfo.environment["HOLDFAST_PARTIAL_LOSS_POINTS"].flatMap { Int($0) } ?? 20_000
        try await withSystem(points: count) { holdfast, client, points in
            let whole = try await all(client)
            let deleted = (0..<(count / 200)).map { points[$0 * 199 + 1] }
            let altered = (0..<(count / 400)).map { points[$0 * 397 + 2] }
                .filter { point in !deleted.contains { $0.id == point.id } }
            try await damage(client, deleting: deleted, altering: altered)
            let before = try await versions(client)

            let result = try await measured(holdfast, "repair-points", "--yes", "--list", "list.json")
            let report = try #require((result["collections"] as? [[String: Any]])?.first)
            #expect(report["verdict"] as? String == "verified", "\(report)")
            #expect(report["missing"] as? Int == deleted.count && report["different"] as? Int == altered.count)
            #expect(report["restored"] as? Int == deleted.count && report["replaced"] as? Int == altered.count)
            #expect((report["goldenQueries"] as? Int ?? 0) > 0 && report["copyStays"] as? Bool == false)

            let now = try await all(client)
            #expect(now == whole, "\(now.count) points instead of \(whole.count)")
            let touched = Set((deleted + altered).map(\.id))
            let after = try await versions(client)
            #expect(after.filter { !touched.contains($0.key) } == before.filter { !touched.contains($0.key) })
            #expect(try await client.collections() == [Self.name])
            let list = try JSONDecoder().decode(
                List.self,
                from: Data(contentsOf: URL(filePath: holdfast.folder.path("list.json")))
            )
            #expect(list.parts[0].missing.count == deleted.count)
            #expect(Set(list.parts[0].different.ids.compactMap { PointID($0.text) }) == Set(altered.map(\.id)))
        }
    }

    private struct List: Decodable {
        struct ID: Decodable {
            let text: String

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                text = try (try? container.decode(UInt64.self)).map { "\($0)" } ?? container.decode(String.self)
            }
        }
        struct Kind: Decodable {
            let count: Int
            let ids: [ID]
        }
        struct Part: Decodable {
            let missing, different: Kind
        }
        let parts: [Part]
    }

    /// Runs the program as ``HoldfastProgram/json(_:)`` does; says how long it took and how much memory when asked for much.
    private func measured(_ holdfast: HoldfastProgram, _ arguments: String...) async throws -> [String: Any] {
        guard ProcessInfo.processInfo.environment["HOLDFAST_PARTIAL_LOSS_POINTS"] != nil,
            let time = Program.find("time")
        else {
            let outcome = try await holdfast.program.run(
                arguments + ["--json"],
                environment: holdfast.environment(),
                folder: holdfast.folder.path,
                timeout: .seconds(300)
            )
            try #require(outcome.succeeded, "\(outcome)")
            return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any])
        }
        let outcome = try await time.run(
            ["-f", "measured: %e s elapsed, %U s user, %M KiB at the most", HoldfastProgram.path] + arguments
                + ["--json"],
            environment: holdfast.environment(),
            folder: holdfast.folder.path,
            timeout: .seconds(500)
        )
        print(outcome.errorText)
        try #require(outcome.succeeded, "\(outcome)")
        return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any])
    }

    @Test(
        "the dry run says what would be written, a question guards what would be replaced, extras and newer points stay"
    )
    func operatorsWay() async throws {
        try await withSystem(points: 600) { holdfast, client, points in
            try await damage(client, deleting: Array(points[0..<50]), altering: Array(points[100..<120]))
            // Ingested again since, with another revision; and one that is new.
            var newer = points[200]
            newer.payload["revision"] = 2
            newer.payload["path"] = "page-200b.mdx"
            let extra = Point(id: 1_000_001, vector: [0, 1, 0, 0], payload: ["path": "new.mdx"])
            try await client.upsert([newer, extra], in: Self.name)
            let damaged = try await all(client)

            let dry = try await holdfast.run("repair-points", "--dry-run", "--newer-by", "revision")
            for line in [
                "50 missing: would be written", "20 different: would be replaced", "1 newer: left as they are",
                "1 only live: left as they are (1000001)",
            ] {
                #expect(dry.text.contains(line), "\(dry)")
            }
            #expect(dry.errorText.contains("deleted on purpose"), "\(dry)")
            #expect(try await all(client) == damaged)
            // Nobody is there to answer: nothing is written.
            let refused = try await holdfast.run("repair-points", expecting: 14)
            #expect(refused.errorText.contains("21 points of 'textbook_knowledge' differ"), "\(refused)")
            #expect(try await all(client) == damaged)
            #expect(try await client.collections() == [Self.name])

            let missing = try await holdfast.run("repair-points", "--ids-only")
            #expect(missing.text.contains("verified, by id only") && missing.text.contains("50 missing: 50 written"))
            #expect(try await client.count(in: Self.name) == 601)
            let rest = try await holdfast.run("repair-points", "--yes", "--newer-by", "revision")
            #expect(rest.text.contains("20 different: 20 replaced"), "\(rest)")
            let now = try await all(client)
            #expect(now[newer.id]?.payload?["path"] == "page-200b.mdx" && now[extra.id] != nil)
            #expect(points[100..<120].allSatisfy { now[$0.id]?.payload == $0.payload })
            // Done is done.
            let again = try await holdfast.run("repair-points", "--newer-by", "revision")
            #expect(again.text.contains("verified") && !again.text.contains("written"), "\(again)")
        }
    }

    @Test("what is no partial loss is refused with the command that helps")
    func refusals() async throws {
        try await withSystem(points: 100) { holdfast, client, _ in
            try await client.deleteCollection(Self.name)
            let gone = try await holdfast.run("repair-points", expecting: 13)
            #expect(gone.errorText.contains("holdfast restore --collection textbook_knowledge"), "\(gone)")
            let unknown = try await holdfast.run("repair-points", "--collection", "other", expecting: 1)
            #expect(unknown.errorText.contains("holds no collection 'other'"), "\(unknown)")
            try await holdfast.run("repair-points", "--ids-only", "--newer-by", "x", expecting: 2)
            try await holdfast.run("repair-points", "--live", "x", expecting: 2)
        }
    }
}
