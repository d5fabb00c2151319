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

    @Test("of a newer format is refused as that, and noise as unreadable")
    func format() {
        let newer = #expect(throws: RestorePointManifest.Unreadable.self) {
            try read(format: RestorePointManifest.formatVersion + 1, parts: [])
        }
        #expect(newer?.reason.contains("newer") == true)
        #expect(throws: RestorePointManifest.Unreadable.self) { _ = try RestorePointManifest(reading: [0x7B]) }
    }
}
