import ResticRepository
import Testing

@testable import Recovery

@Suite("A manifest of a restore point")
struct RestorePointManifestTests {
    private let part = """
        {"component":"documents","snapshot":"","tree":"","startedAt":"","finishedAt":"","files":FILES,"bytes":BYTES,\
        "collections":[],"folders":[]}
        """

    private func read(id: String = "0123abcd", format: Int = 1, parts: [(files: Int64, bytes: Int64)]) throws {
        let parts = parts.map { files, bytes in
            part.replacing("FILES", with: "\(files)").replacing("BYTES", with: "\(bytes)")
        }
        let text = """
            {"format":\(format),"id":"\(id)","system":"s","startedAt":"","finishedAt":"","tool":"t",\
            "parts":[\(parts.joined(separator: ","))]}
            """
        _ = try RestorePointManifest(reading: Array(text.utf8))
    }

    @Test("is read when all that it says is possible")
    func possible() throws {
        try read(parts: [])
        try read(parts: [(1, 1 << 50), (0, 0)])
    }

    @Test(
        "is refused when a number is below zero, or a sum of them would overflow",
        arguments: [[(-1, 0)], [(0, -1)], [(0, Int64.max), (0, 1)], [(Int64.max, Int64.max)]] as [[(Int64, Int64)]]
    )
    func impossible(parts: [(Int64, Int64)]) {
        #expect(throws: RestorePointManifest.Unreadable.self) {
            try read(parts: parts.map { (files: $0.0, bytes: $0.1) })
        }
    }

    @Test(
        "is refused when its id is none",
        arguments: ["", "0123abc", "0123ABCD", "0123abcde", "../../ab", "\u{1B}[2Jabcd"]
    )
    func ids(id: String) {
        #expect(throws: (any Error).self) { try read(id: id, parts: []) }
    }

    @Test("of format 1, as the first version wrote it, is still read, and says nothing of what came later")
    func formatOne() throws {
        let text = #"""
            {"finishedAt":"2026-03-02T10:16:00Z","format":1,"id":"0123abcd","parts":[{"bytes":5,"collections":[{"aliases":\
            ["live"],"bytes":5,"dataBytes":4,"files":3,"goldenQueries":5,"method":"stream","name":"textbook","points":9,\
            "serverVersion":"1.19.0","shards":1,"warnings":[]}],"component":"qdrant","files":4,"finishedAt":\
            "2026-03-02T10:15:30Z","folders":[],"snapshot":"aa","startedAt":"2026-03-02T10:15:00Z","tree":"bb"},{"bytes":9,\
            "collections":[],"component":"documents","files":2,"finishedAt":"2026-03-02T10:16:00Z","folders":[{"bytes":9,\
            "directories":1,"files":2,"name":"docs","otherItems":0,"path":"/srv/docs","skipped":[{"kind":"unreadable","path":\
            "x","reason":"Permission denied"}]}],"snapshot":"cc","startedAt":"2026-03-02T10:15:30Z","tree":"dd"}],"startedAt":\
            "2026-03-02T10:15:00Z","system":"textbook","tool":"holdfast 0.1"}
            """#
        let manifest = try RestorePointManifest(reading: Array(text.replacing("\\\n", with: "").utf8))
        #expect(manifest[.qdrant]?.collections.first?.points == 9)
        #expect(manifest.skipped.map(\.path) == ["x"])
        #expect(manifest.skewSeconds == nil && manifest.versions == nil && manifest.skewWarning == nil)
        #expect(manifest.measuredSkew == 60)
        #expect(manifest[.qdrant]?.vanished == nil && manifest[.documents]?.folders.first?.contentDigest == nil)
    }

    @Test(
        "knows how far apart its captures are, and remarks on it above a quarter of an hour",
        arguments: [("10:00:01.5Z", 61.5, false), ("10:14:00Z", 900, false), ("10:14:01Z", 901, true)]
    )
    func skew(end: String, seconds: Double, isRemarkable: Bool) throws {
        var manifest = RestorePointManifest(
            format: 2,
            id: "0123abcd",
            system: "s",
            startedAt: "",
            finishedAt: "",
            tool: "",
            parts: []
        )
        #expect(manifest.measuredSkew == nil)
        func part(_ component: Component, _ start: String, _ end: String) -> RestorePointManifest.Part {
            .init(
                component: component,
                snapshot: "",
                tree: "",
                startedAt: "2026-03-02T\(start)",
                finishedAt: "2026-03-02T\(end)",
                files: 0,
                bytes: 0,
                collections: [],
                folders: []
            )
        }
        manifest.parts = [part(.qdrant, "09:59:00Z", "10:00:00Z"), part(.documents, "11:00:00+01:00", end)]
        manifest.skewSeconds = manifest.measuredSkew
        #expect(manifest.skewSeconds == seconds)
        #expect((manifest.skewWarning != nil) == isRemarkable)
    }

    @Test("of a newer format is refused as that, and noise as unreadable")
    func format() {
        let newer = #expect(throws: RestorePointManifest.Unreadable.self) {
            try read(format: RestorePointManifest.formatVersion + 1, parts: [])
        }
        #expect(newer?.reason.contains("newer") == true)
        #expect(throws: RestorePointManifest.Unreadable.self) { _ = try RestorePointManifest(reading: [0x7B]) }
    }
}
