import TestSupport
import Testing

@testable import ResticFormat

@Suite("Index files")
struct IndexFileTests {
    static func random(packs: Int, blobs: Int, seed: UInt64) -> IndexFile {
        var generator = SeededGenerator(seed: seed)
        var index = IndexFile()
        for _ in 0..<packs {
            var pack = IndexPack(id: generator.id(), blobs: [])
            for number in 0..<blobs {
                let length = UInt32.random(in: 32...1_000, using: &generator)
                let uncompressedLength = UInt32.random(in: 1 ... .max, using: &generator)
                pack.blobs.append(
                    PackedBlob(
                        id: generator.id(),
                        type: number % 5 == 0 ? .tree : .data,
                        offset: UInt32(number) * 1_000,
                        length: length,
                        uncompressedLength: number % 2 == 0 ? uncompressedLength : nil
                    )
                )
            }
            index.packs.append(pack)
        }
        return index
    }

    @Test("is written as restic writes it")
    func layout() {
        let index = IndexFile(packs: [
            IndexPack(
                id: id(1),
                blobs: [
                    PackedBlob(id: id(2), type: .data, offset: 0, length: 38, uncompressedLength: 10),
                    PackedBlob(id: id(3), type: .tree, offset: 38, length: 112),
                ]
            )
        ])
        #expect(
            text(index.encode())
                == #"{"packs":[{"id":"\#(hex(1))","blobs":[{"id":"\#(hex(2))","type":"data","offset":0,"length":38,"uncompressed_length":10},"#
                + #"{"id":"\#(hex(3))","type":"tree","offset":38,"length":112}]}]}"# + "\n"
        )
        #expect(text(IndexFile().encode()) == #"{"packs":[]}"# + "\n")
        #expect(text(IndexFile(supersedes: [id(9)]).encode()) == #"{"supersedes":["\#(hex(9))"],"packs":[]}"# + "\n")
    }

    @Test("reads back, whole and as a stream")
    func roundTrip() throws {
        let index = Self.random(packs: 20, blobs: 50, seed: 1)
        let json = index.encode()
        #expect(try IndexFile.decode(json) == index)
        var scanned: [(ResticID, PackedBlob)] = []
        try json.withUnsafeBytes { try IndexFile.scan($0) { scanned.append(($0, $1)) } }
        let expected = index.packs.flatMap { pack in pack.blobs.map { (pack.id, $0) } }
        #expect(scanned.map(\.0) == expected.map(\.0) && scanned.map(\.1) == expected.map(\.1))
    }

    @Test("reads what other encoders might write: white space, unknown keys, blobs before their pack's name, nulls")
    func tolerance() throws {
        let json = """
            { "version" : 9, "packs" : [ { "blobs" : [ { "length" : 40 , "offset" : 7, "new" : [[]], "type" : "tree", "uncompressed_length" : 0,
              "id" : "\(hex(2))" } ] , "x" : { } , "id" : "\(hex(1))" }, {"id":"\(hex(4))","blobs":null} ] , "supersedes" : null }
            """
        let index = try IndexFile.decode(Array(json.utf8))
        let blob = PackedBlob(id: id(2), type: .tree, offset: 7, length: 40)
        #expect(index == IndexFile(packs: [IndexPack(id: id(1), blobs: [blob]), IndexPack(id: id(4), blobs: [])]))
    }

    static let blob = #"{"id":"ID","type":"data","offset":0,"length":38}"#

    @Test(
        "refuses entries that locate nothing, and numbers beyond 32 bits",
        arguments: [
            (#"{"packs":[{"blobs":[BLOB]}]}"#, .malformed),
            (#"{"packs":[{"id":"ID","id":"ID","blobs":[]}]}"#, .malformed),
            (#"{"packs":[{"id":"ID","blobs":[BLOB],"blobs":[BLOB]}]}"#, .malformed),
            (#"{"packs":[{"id":"ID","blobs":[{"id":"ID","length":40}]}]}"#, .malformed),
            (#"{"packs":[{"id":"ID","blobs":[{"type":"data","length":40}]}]}"#, .malformed),
            (#"{"packs":[{"id":"ID","blobs":[{"id":"ID","type":"file","length":40}]}]}"#, .malformed),
            (#"{"packs":[{"id":"ID","blobs":[{"id":"ID","type":"data","length":31}]}]}"#, .outOfRange),
            (#"{"packs":[{"id":"ID","blobs":[{"id":"ID","type":"data","length":4294967296}]}]}"#, .outOfRange),
            (
                #"{"packs":[{"id":"ID","blobs":[{"id":"ID","type":"data","length":40,"offset":4294967290}]}]}"#,
                .outOfRange
            ),
            (#"{"packs":[{"id":"ID","blobs":[{"id":"ID","type":"data","length":40,"offset":-1}]}]}"#, .malformed),
            (#"{"packs":[{"id":"ID","blobs":[{"id":"ID","type":"data","length":040}]}]}"#, .malformed),
            (#"{"packs":[{"id":"ID","blobs":[{"id":"ID","type":"data","length":40.0}]}]}"#, .malformed),
            (#"{"packs":[{"id":"ID","blobs":[{"id":"ID","type":"data","length":4e1}]}]}"#, .malformed),
            (#"{"packs":{}}"#, .malformed), (#"[]"#, .malformed),
            (#"{"packs":[],}"#, .malformed), (#"{"packs":[BLOB,]}"#, .malformed), (#"{"packs":[]}}"#, .malformed),
            (#"{"packs":["#, .truncated),
        ] as [(String, ResticFormatError.Code)]
    )
    func refusals(json: String, expected: ResticFormatError.Code) {
        let json = json.replacing("BLOB", with: Self.blob).replacing("ID", with: hex(1))
        #expect(code { _ = try IndexFile.decode(Array(json.utf8)) } == expected)
        #expect(code { try Array(json.utf8).withUnsafeBytes { try IndexFile.scan($0) { _, _ in } } } == expected)
    }
}
