import Testing

@testable import Recovery

@Suite("The index of a sealed set")
struct SealedIndexTests {
    static let digest = String(repeating: "ab", count: 32)

    static func file(_ path: String = "a/.env", sealed: String = "files/a/.env.age", size: Int64 = 3)
        -> SealedIndex.File
    {
        .init(
            path: path,
            sealed: sealed,
            sealedBytes: 203,
            size: size,
            mode: 0o600,
            uid: 1,
            gid: 2,
            mtime: "2026-03-02T10:15:00.5Z",
            digest: digest,
            syntax: .dotenv,
            keys: [.init(name: "A", digest: digest)]
        )
    }

    static func index(_ files: [SealedIndex.File] = [file()], folders: [String] = ["", "a"]) -> SealedIndex {
        .init(
            format: 1,
            set: "app",
            path: "/srv/app",
            patterns: ["**"],
            excluded: [],
            sealing: .age,
            recipients: ["age1x"],
            folders: folders.map { .init(path: $0, mode: 0o700, uid: 1, gid: 2) },
            files: files
        )
    }

    @Test("comes back from what was stored")
    func roundTrip() throws {
        let index = Self.index()
        #expect(try SealedIndex(reading: try index.encode()) == index)
        #expect(index.path(of: index.files[0]) == "configuration/app/files/a/.env.age")
    }

    @Test(
        "is refused when a path leads out of its folder",
        arguments: ["../x", "/etc/passwd", "a/../../x", "", "a//b", "./a", "a/", "a\0b"]
    )
    func paths(path: String) throws {
        let files = try Self.index([Self.file(path)]).encode()
        #expect(throws: SealedIndex.Unreadable.self) { try SealedIndex(reading: files) }
        let sealed = try Self.index([Self.file(sealed: path)]).encode()
        #expect(throws: SealedIndex.Unreadable.self) { try SealedIndex(reading: sealed) }
        guard !path.isEmpty else { return }
        let folders = try Self.index(folders: [path]).encode()
        #expect(throws: SealedIndex.Unreadable.self) { try SealedIndex(reading: folders) }
    }

    @Test("is refused when its numbers, digests, times or names are impossible")
    func impossible() throws {
        var wrong: [SealedIndex] = []
        for change in [
            { $0.size = -1 }, { $0.sealedBytes = -1 }, { $0.mode = 0o10000 }, { $0.mtime = "yesterday" },
            { $0.digest = "abc" }, { $0.keys[0].digest = "" }, { $0.keys[0].name = "" },
            { $0.keys[0].name = "\u{1B}[2J" },
            { $0.size = .max },
        ] as [(inout SealedIndex.File) -> Void] {
            var file = Self.file()
            change(&file)
            wrong.append(Self.index([file]))
        }
        wrong.append(Self.index([Self.file(), Self.file()]))
        for change in [{ $0.format = 2 }, { $0.set = "../x" }, { $0.path = "relative" }]
            as [(inout SealedIndex) -> Void]
        {
            var index = Self.index()
            change(&index)
            wrong.append(index)
        }
        for index in wrong {
            let bytes = try index.encode()
            #expect(throws: SealedIndex.Unreadable.self, "\(index)") { try SealedIndex(reading: bytes) }
        }
    }
}
