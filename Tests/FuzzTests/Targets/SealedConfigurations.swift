import ResticFormat

@testable import Recovery

extension FuzzTarget {
    /// What stands beside sealed configuration, and the files whose keys are named.
    static let sealedConfigurations: [FuzzTarget] = [
        FuzzTarget(
            "sealed-index",
            .json,
            words: [
                "\"format\":1,", "\"path\":\"../x\",", "\"mode\":4095,", "\"size\":9223372036854775807,",
                "\"keys\":[],",
            ],
            seeds: { [try sealedIndex.encode()] },
            refuses: { $0 is SealedIndex.Unreadable }
        ) { bytes in
            let index = try SealedIndex(reading: bytes)
            let encoded = try mustWork("encoding") { try index.encode() }
            try hold(
                try mustWork("reading again") { try SealedIndex(reading: encoded) } == index,
                "encodes to another index"
            )
            for path in index.files.flatMap({ [$0.path, $0.sealed] })
                + index.folders.map(\.path).filter({ !$0.isEmpty })
            {
                let components = path.split(separator: "/", omittingEmptySubsequences: false)
                try hold(!components.contains("..") && !components.contains(""), "'\(path)' leads out of its folder")
            }
            try hold(index.files.reduce(0) { $0 + $1.size + $1.sealedBytes } >= 0, "a sum below zero")
            let changes = SealedFileChange.between(index.files, [], set: index.set)
            try hold(changes.count == index.files.count, "\(changes.count) of \(index.files.count) files are gone")
            try hold(SealedFileChange.between(index.files, index.files, set: index.set).isEmpty, "differs from itself")
        },
        FuzzTarget(
            "digest-key",
            .json,
            words: ["\"format\":1,", "\"key\":\"AAAA\""],
            seeds: { [try DigestKey(system: "s").encode()] },
            refuses: { $0 is SealedIndex.Unreadable }
        ) { bytes in
            let key = try DigestKey(reading: bytes, system: "s")
            let encoded = try mustWork("encoding") { try key.encode() }
            let again = try mustWork("reading again") { try DigestKey(reading: encoded, system: "s") }
            try hold(again.isSame(as: key), "encodes to another key")
        },
        keys(
            "dotenv-keys",
            ".env",
            words: ["export ", "A=", "\"", "'", "\\", "==", "#", "\r\n"],
            seeds: [
                "# c\nexport A=\"b\\\"c\nd\" # e\nB='x' \nC=d#e # f\nURL=http://h/#x\n", "A=1\nB=\n",
            ]
        ),
        keys(
            "yaml-keys",
            "config.yaml",
            words: ["- ", ": ", "&a", "*a", "{", "[", "|\n  ", "? "],
            seeds: [
                "db:\n  host: h\n  list: [1, {a: b}]\nempty: {}\ntext: |\n  x\n  y\n"
            ]
        ),
        keys(
            "json-keys",
            "config.json",
            words: ["{\"a\":", "[[[[", "null", "1e999"],
            seeds: [
                "{\"a\": {\"b\": [1, 2.5, {\"c\": null}]}, \"d\": \"\\u00e9\", \"e\": 18446744073709551615}"
            ]
        ),
    ]

    /// A file whose keys are read: those that are must be showable, bounded, and found again.
    private static func keys(_ name: String, _ path: String, words: [String], seeds: [String]) -> FuzzTarget {
        FuzzTarget(name, .text, words: words, seeds: { seeds.map { Array($0.utf8) } }) { bytes in
            guard let keys = ConfigurationKeys(reading: bytes, path: path) else { throw Refused() }
            try hold(keys.entries.count <= ConfigurationKeys.maximumCount, "\(keys.entries.count) keys")
            try hold(Set(keys.entries.map(\.name)).count == keys.entries.count, "two keys of one name")
            for entry in keys.entries {
                try hold(KeyName.isPlausiblePath(entry.name), "'\(entry.name)' is no name")
                try hold(
                    entry.name.utf8.count <= 65 * ConfigurationKeys.maximumDepth,
                    "a name of \(entry.name.utf8.count) bytes"
                )
            }
            try hold(ConfigurationKeys(reading: bytes, path: path)?.entries == keys.entries, "is read in two ways")
        }
    }

    private static let sealedIndex = SealedIndex(
        format: 1,
        set: "app",
        path: "/srv/app",
        patterns: ["**/*.yaml"],
        excluded: ["backup"],
        sealing: .age,
        recipients: ["age1x"],
        folders: [.init(path: "", mode: 0o755, uid: 0, gid: 0), .init(path: "a", mode: 0o700, uid: 1, gid: 2)],
        files: ["a/x.yaml", "b.yaml"].map { path in
            .init(
                path: path,
                sealed: "files/\(path).age",
                sealedBytes: 240,
                size: 40,
                mode: 0o600,
                uid: 1,
                gid: 2,
                mtime: "2026-03-02T10:15:00.123456789Z",
                digest: Samples.id(1).hex,
                syntax: .yaml,
                keys: [.init(name: "db.password", digest: Samples.id(2).hex)]
            )
        }
    )
}
