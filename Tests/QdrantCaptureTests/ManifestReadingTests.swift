import Testing

@testable import QdrantCapture
@testable import QdrantClient

@Suite("What collection.json says")
struct ManifestReadingTests {
    @Test(
        "a vector of which a part cannot be read is refused, not asked with what is left",
        arguments: [
            "[1e300]", "[0.5,null]", "[[1],2]", "[[1],[1e39]]", #"{"indices":[1],"values":[]}"#,
            #"{"indices":[4294967296],"values":[1]}"#, #"{"indices":[-1,2],"values":[1]}"#, #"{"values":[1]}"#, "7",
        ]
    )
    func vectors(text: String) throws {
        #expect(Vector(manifest: try JSONValue(reading: Array(text.utf8))) == nil)
    }

    @Test("a vector comes back as it was written", arguments: ["[]", "[0.5,-1.5]", "[[1.5],[]]"])
    func goodVectors(text: String) throws {
        let vector = try #require(Vector(manifest: JSONValue(reading: Array(text.utf8))))
        #expect(Vector(manifest: vector.manifestJSON) == vector)
    }

    @Test("a list that holds something else, or a key that is none, is refused")
    func lists() throws {
        #expect(throws: CaptureError.self) { try CollectionManifest.list(["a", 1], "aliases", \.stringValue) }
        #expect(throws: CaptureError.self) { try CollectionManifest.list("a", "aliases", \.stringValue) }
        #expect(try CollectionManifest.list(nil, "aliases", \.stringValue).isEmpty)
        #expect(throws: CaptureError.self) { try CollectionManifest.shardKey(1.5, "key") }
        #expect(try CollectionManifest.shardKey(nil, "key") == nil && CollectionManifest.shardKey("a", "key") == "a")
    }

    @Test("versions are compared whatever numbers they hold")
    func versions() throws {
        let largest = try #require(ServerVersion("1.\(Int.max).0"))
        #expect(largest.isRestorable(on: largest))
        let (old, new) = (try #require(ServerVersion("1.18.2")), try #require(ServerVersion("1.19")))
        #expect(old.isRestorable(on: new) && !new.isRestorable(on: old) && !old.isRestorable(on: largest))
        #expect(ServerVersion("1.-5") == nil && ServerVersion("1") == nil && ServerVersion("v1.2") == nil)
    }
}
