import Foundation
import Logging
import QdrantClient
import TestSupport
import Testing

@testable import Recovery

@Suite("Lineage")
struct LineageTests {
    private let source = LineageSource(documents: "docs", field: "path")

    @Test("tells documents with points, documents without, and points without a document")
    func report() {
        let found = LineageSources(pointsByValue: ["a.mdx": 3, "b/c.mdx": 1, "gone.mdx": 2], unknownPoints: 4)
        let report = LineageReport(source, found, paths: ["a.mdx", "b/c.mdx", "new.mdx"])
        #expect(report.withPoints.entries == [.init("a.mdx", points: 3), .init("b/c.mdx", points: 1)])
        #expect(report.withoutPoints.entries == [.init("new.mdx", points: 0)])
        #expect(report.withoutDocument.entries == [.init("gone.mdx", points: 2)])
        #expect(report.pointsWithoutDocument == 2 && report.unknownPoints == 4 && !report.isComplete)
        let whole = LineageReport(source, LineageSources(pointsByValue: ["a.mdx": 1]), paths: ["a.mdx"])
        #expect(whole.isComplete)
    }

    @Test("translates what the payload says into paths, and takes what begins otherwise for no document")
    func prefixes() {
        let source = LineageSource(
            documents: "docs",
            field: "url",
            sourcePrefix: "https://example.org/",
            pathPrefix: "pages/"
        )
        #expect(source.path(of: "https://example.org/a.mdx") == "pages/a.mdx")
        #expect(source.path(of: "a.mdx") == nil)
        let found = LineageSources(pointsByValue: ["https://example.org/a.mdx": 1, "pages/b.mdx": 1])
        let report = LineageReport(source, found, paths: ["pages/a.mdx", "pages/b.mdx"])
        #expect(report.withPoints.entries.map(\.name) == ["pages/a.mdx"])
        #expect(report.withoutPoints.entries.map(\.name) == ["pages/b.mdx"])
        #expect(report.withoutDocument.entries.map(\.name) == ["pages/b.mdx"])
    }

    @Test("keeps lists in a manifest short and their totals true")
    func bounded() {
        let paths = Set((0..<2500).map { "p\($0)" })
        let report = LineageReport(source, LineageSources(), paths: paths)
        #expect(report.withoutPoints.entries.count == 2500)
        #expect(report.bounded.withoutPoints.entries.count == LineageReport.listLimit)
        #expect(report.bounded.withoutPoints.total == 2500)
        #expect(report.bounded.withoutPoints.entries == Array(report.withoutPoints.entries.prefix(1000)))
    }

    @Test(
        "of a restored collection is held against the captured one: documents, sources, numbers of points",
        arguments: [
            (["a": 2, "b": 1, "x": 1], 0, []),
            (["a": 2, "x": 1], 0, ["b had points and has none", "b is a document without points, and was not"]),
            (["a": 2, "b": 3, "x": 1], 0, ["b has 3 points, captured were 1"]),
            (["a": 2, "b": 1], 0, ["x was a source without a document"]),
            (["a": 2, "b": 1, "x": 1, "y": 1], 0, ["y is a source without a document, and was not"]),
            (["a": 2, "b": 1, "x": 1], 4, ["4 points do not say what they were made from, captured were 0"]),
            (
                ["a": 2, "b": 1, "c": 1, "x": 1], 0,
                ["c has points and had none", "c is no document without points any more"]
            ),
        ] as [([String: UInt64], UInt64, [String])]
    )
    func differences(found: [String: UInt64], unknown: UInt64, expected: [String]) {
        let paths: Set = ["a", "b", "c"]
        let captured = LineageReport(source, LineageSources(pointsByValue: ["a": 2, "b": 1, "x": 1]), paths: paths)
        let now = LineageReport(source, LineageSources(pointsByValue: found, unknownPoints: unknown), paths: paths)
        #expect(LineageComparison.differences(captured, now) == expected)
    }

    @Test(
        "of a collection that was written to meanwhile cannot prove a loss: what differs is untested, what agrees is verified",
        arguments: [(nil, "failed", "verified"), (true, "untested", "verified")] as [(Bool?, String, String)]
    )
    func writtenMeanwhile(changed: Bool?, differing: String, agreeing: String) throws {
        var captured = LineageReport(source, LineageSources(pointsByValue: ["a": 2, "b": 1]), paths: ["a", "b"])
        captured.changedMeanwhile = changed
        let now = LineageReport(source, LineageSources(pointsByValue: ["a": 2]), paths: ["a", "b"])
        let verdict = LineageComparison.verdict(captured, now, of: 2)
        #expect("\(verdict.outcome)" == differing && verdict.detail.contains("b had points and has none"))
        #expect("\(LineageComparison.verdict(captured, captured, of: 2).outcome)" == agreeing)
        // It is part of what is stored, and of what fits a manifest.
        let stored = try JSONDecoder().decode(LineageReport.self, from: Data(captured.encode()))
        #expect(stored == captured && captured.bounded.changedMeanwhile == changed)
    }

    @Suite(
        "of a live collection",
        .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
        .timeLimit(.minutes(5))
    )
    struct Live {
        private func withCollection(_ body: (QdrantClient) async throws -> Void) async throws {
            let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            try await withEmbeddedQdrant { server in
                try await withQdrantClient(endpoint: QdrantEndpoint(url: server.baseURL), logger: logger) { client in
                    try await client.createCollection(
                        "c",
                        ["vectors": ["size": 2, "distance": "Dot"], "shard_number": 2]
                    )
                    try await body(client)
                }
            }
        }

        private func add(_ payloads: [JSONObject], from id: UInt64 = 0, _ client: QdrantClient) async throws {
            let points = payloads.enumerated().map { index, payload in
                Point(id: .number(id + UInt64(index)), vector: [1, Float(index)], payload: payload)
            }
            _ = try await client.upsert(points, in: "c")
        }

        @Test(
            "counts every point once for each text in its field, with and without an index",
            arguments: [false, true]
        )
        func counts(isIndexed: Bool) async throws {
            try await withCollection { client in
                if isIndexed { _ = try await client.createPayloadIndex("meta.path", "keyword", in: "c") }
                try await add((0..<25).map { ["meta": ["path": .string("p\($0 % 3)")]] }, client)
                try await add([["other": 1], ["meta": ["path": .null]]], from: 100, client)
                let source = LineageSource(documents: "docs", field: "meta.path")
                let check = LineageCheck(client: client, collection: "c", source: source, pageLimit: 4)
                let expected = LineageSources(pointsByValue: ["p0": 9, "p1": 8, "p2": 8], unknownPoints: 2)
                #expect(try await check.sources() == expected)
                if isIndexed {
                    let hits = try await client.facet("meta.path", in: "c", limit: 2)
                    #expect(hits.map(\.count) == [9, 8] && hits[0].value == "p0")
                }
                // What facets cannot tell: numbers, and lists, which count twice.
                try await add([["meta": ["path": 7]], ["meta": ["path": ["p0", "p3"]]]], from: 200, client)
                let more = try await check.sources()
                #expect(more.pointsByValue == ["p0": 10, "p1": 8, "p2": 8, "p3": 1])
                #expect(more.unknownPoints == 3)
                let report = try await check.run(paths: ["p0", "p4"])
                #expect(report.withoutPoints.entries.map(\.name) == ["p4"])
                #expect(report.withoutDocument.entries.map(\.name) == ["p1", "p2", "p3"])
            }
        }

        @Test("is refused when the field holds a different value in every point")
        func tooMany() async throws {
            try await withCollection { client in
                try await add((0..<30).map { ["path": .string("id-\($0)")] }, client)
                let check = LineageCheck(
                    client: client,
                    collection: "c",
                    source: LineageSource(documents: "docs", field: "path"),
                    valueLimit: 10,
                    pageLimit: 5
                )
                let error = await #expect(throws: RecoveryError.self) { try await check.sources() }
                #expect(error?.code == .refused && error?.message.contains("'path'") == true)
            }
        }
    }
}
