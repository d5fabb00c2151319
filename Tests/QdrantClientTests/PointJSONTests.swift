import NIOCore
import TestSupport
import Testing

@testable import QdrantClient

@Suite("Points as JSON")
struct PointJSONTests {
    @Test(
        "reads every form of a UUID and writes lower case with hyphens",
        arguments: [
            "550E8400-E29B-41D4-A716-446655440000", "550e8400e29b41d4a716446655440000",
            "urn:uuid:550e8400-e29b-41d4-a716-446655440000",
        ]
    )
    func uuidForms(text: String) {
        #expect(PointID(text)?.description == "550e8400-e29b-41d4-a716-446655440000")
    }

    @Test(
        "refuses what is neither a number nor a UUID",
        arguments: [
            "", "-1", "+1", "18446744073709551616", "abc", "550e8400-e29b-41d4-a716-44665544000",
            "550e8400-e29b41d4-a716-4466-55440000",
            "+50e8400e29b41d4a716446655440000", "550e8400-e29b-41d4-a716-44665544000é",
        ]
    )
    func notIDs(text: String) {
        #expect(PointID(text) == nil)
    }

    @Test("orders ids as a scroll does: numbers by value, then UUIDs by byte")
    func order() {
        let sorted: [PointID] = [
            .number(0), .number(10), .number(.max), .uuid(UniqueID(high: 0, low: 1)),
            .uuid(UniqueID(high: 0, low: .max)),
            .uuid(UniqueID(high: 1, low: 0)), .uuid(UniqueID(high: .max, low: 0)),
        ]
        for seed in 1...5 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            #expect(sorted.shuffled(using: &generator).sorted() == sorted, "seed \(seed)")
        }
    }

    @Test(
        "writes a point in the form that the server reads",
        arguments: [
            (PointVectors.unnamed(.dense([0.1, -2, 1e-5])), "[0.1,-2.0,1e-05]"),
            (.unnamed(.multi([[1, 2], [3, 4]])), "[[1.0,2.0],[3.0,4.0]]"),
            (.named([:]), "{}"),
            (
                .named(["b": .sparse(SparseVector(indices: [7, 4_294_967_295], values: [0.5, 1])), "a": .dense([1])]),
                #"{"a":[1.0],"b":{"indices":[7,4294967295],"values":[0.5,1.0]}}"#
            ),
        ]
    )
    func written(vectors: PointVectors, json: String) throws {
        var writer = JSONWriter()
        try writer.point(Point(id: .number(.max), vectors: vectors, payload: ["n": .unsigned(.max)]))
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"id":18446744073709551615,"vector":\#(json),"payload":{"n":18446744073709551615}}"#
        )
    }

    @Test(
        "reads back every kind of vector as it was written",
        arguments: [
            PointVectors.unnamed(.dense([0.1, 1.0 / 3.0, .leastNonzeroMagnitude, -.greatestFiniteMagnitude])),
            .unnamed(.dense([])), .unnamed(.multi([[1, 2], [3, 4]])), .named([:]),
            .named([
                "text": .dense([1, -0.0]), "colbert": .multi([[0.25]]),
                "words": .sparse(SparseVector(indices: [1, 5], values: [0.5, 2])),
                "none": .sparse(SparseVector(indices: [], values: [])),
            ]),
        ]
    )
    func roundTrip(vectors: PointVectors) throws {
        var writer = JSONWriter()
        try writer.array { (writer) throws(JSONError) in try writer.point(Point(id: 1, vectors: vectors)) }
        var scanner = try JSONScanner(writer.bytes, limits: JSONLimits())
        #expect(try scanner.records() == [PointRecord(id: 1, payload: [:], vectors: vectors)])
    }

    @Test("refuses to write a vector that JSON cannot carry")
    func notFinite() {
        var writer = JSONWriter()
        let error = #expect(throws: JSONError.self) { try writer.point(Point(id: 1, vector: [1, .nan])) }
        #expect(error?.code == .notFinite)
    }

    @Test(
        "refuses vectors that are none",
        arguments: [
            "[1,[2]]", "[\"1\"]", "[null]", #"{"a":{"indices":[1],"values":[]}}"#,
            #"{"a":{"indices":[-1],"values":[1]}}"#,
            #"{"a":{"indices":[4294967296],"values":[1]}}"#, #"{"a":{"values":[1]}}"#, "[1e39]", "true",
        ]
    )
    func malformedVectors(json: String) throws {
        var scanner = try JSONScanner(Array(#"[{"id":1,"vector":\#(json)}]"#.utf8), limits: JSONLimits())
        #expect(throws: JSONError.self) { try scanner.records() }
    }

    @Test("skips fields that it does not know, and takes null for absent")
    func unknownFields() throws {
        let json =
            #"[{"new":{"a":[1]},"id":3,"payload":null,"vector":null,"shard_key":"k","order_value":5,"score":0.5,"version":18446744073709551615}]"#
        var scanner = try JSONScanner(Array(json.utf8), limits: JSONLimits())
        let point = try #require(try scanner.scoredPoints().first)
        #expect(point.record == PointRecord(id: 3, shardKey: "k", orderValue: 5))
        #expect(point.score == 0.5)
        #expect(point.version == .max)
    }

    @Test("refuses a point without an id")
    func withoutID() throws {
        var scanner = try JSONScanner(Array(#"[{"payload":{}}]"#.utf8), limits: JSONLimits())
        #expect(throws: JSONError.self) { try scanner.records() }
    }

    @Test(
        "writes queries of every kind",
        arguments: [
            (
                QueryRequest(.vector(.dense([0.5])), limit: 3, isExact: true, scoreThreshold: 0.25),
                #"{"query":[0.5],"score_threshold":0.25,"limit":3,"with_payload":false,"with_vector":false,"params":{"exact":true}}"#
            ),
            (
                QueryRequest(.point(.number(.max)), using: "text", payload: .only(["a"]), vectors: .only(["text"])),
                #"{"query":18446744073709551615,"using":"text","limit":10,"with_payload":{"include":["a"]},"with_vector":["text"]}"#
            ),
            (
                QueryRequest(
                    .vector(.sparse(SparseVector(indices: [1], values: [2]))),
                    using: "words",
                    filter: ["must": []],
                    payload: .except(["b"]),
                    vectors: true,
                    shardKeys: ["a", 7]
                ),
                #"{"query":{"indices":[1],"values":[2.0]},"using":"words","limit":10,"with_payload":{"exclude":["b"]},"with_vector":true,"filter":{"must":[]},"shard_key":["a",7]}"#
            ),
        ]
    )
    func queries(query: QueryRequest, json: String) throws {
        var writer = JSONWriter()
        try query.write(to: &writer)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == json)
    }
}
