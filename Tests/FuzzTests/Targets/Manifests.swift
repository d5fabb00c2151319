import ResticFormat
import ResticRepository

@testable import QdrantCapture
@testable import QdrantClient
@testable import Recovery

extension FuzzTarget {
    /// What Holdfast itself stores about what it stored: by an older version, a newer one, or somebody else.
    static let manifests: [FuzzTarget] = [
        FuzzTarget(
            "collection-manifest",
            .json,
            words: [
                "\"format\":1,", "\"score\":1e300", "\"golden_queries\":[", "\"version\":\"1.9223372036854775807\",",
            ],
            seeds: { [try collectionManifest().encode()] },
            refuses: { $0 is CaptureError }
        ) { bytes in
            let manifest = try CollectionManifest(reading: bytes)
            let encoded = try mustWork("encoding") { try manifest.encode() }
            let again = try mustWork("reading again") { try CollectionManifest(reading: encoded) }
            try hold(again == manifest, "encodes to another manifest")
            try hold(
                manifest.shards.allSatisfy { $0.files >= 0 && $0.byteCount >= 0 && $0.dataBytes >= 0 },
                "below zero"
            )
            for query in manifest.goldenQueries {
                try hold(query.hits.allSatisfy { $0.score.isFinite }, "a score is not finite")
                _ = query.difference(from: query.hits.reversed(), tolerance: 0.1)
            }
            guard let version = ServerVersion(manifest.server.version) else { return }
            _ = version.isRestorable(on: version)
        },
        FuzzTarget(
            "restore-point",
            .json,
            words: ["\"format\":1,", "\"component\":\"code\",", "\"kind\":\"socket\",", "\"parts\":[],"],
            seeds: { [try Self.restorePoint.encode()] },
            refuses: { $0 is RestorePointManifest.Unreadable }
        ) { bytes in
            let manifest = try RestorePointManifest(reading: bytes)
            let encoded = try mustWork("encoding") { try manifest.encode() }
            let again = try mustWork("reading again") { try RestorePointManifest(reading: encoded) }
            try hold(again == manifest, "encodes to another manifest")
            try hold(manifest.parts.reduce(0) { $0 + $1.bytes } >= 0, "a sum below zero")
            _ = manifest.skipped
        },
        FuzzTarget(
            "code-manifest",
            .json,
            words: [
                "\"format\":1,", "\"refs/heads/", "\"commit\":\"--", "\"bundles\":[],",
                "\"settings\":[\"core.eol=lf\"],",
            ],
            seeds: { [try Self.code.encode()] },
            refuses: { ($0 as? RecoveryError)?.code == .damagedRestorePoint }
        ) { bytes in
            let manifest = try CodeManifest(reading: bytes, of: "app")
            let encoded = try mustWork("encoding") { try manifest.encode() }
            let again = try mustWork("reading again") { try CodeManifest(reading: encoded, of: "app") }
            try hold(again == manifest, "encodes to another manifest")
            try hold(manifest.bundles.reduce(0) { $0 + $1.bytes } >= 0, "a sum below zero")
            // What becomes an argument of git must not be an option of it.
            let arguments =
                Array(manifest.refs.keys) + Array(manifest.refs.values)
                + [manifest.commit, manifest.branch].compactMap(\.self)
            try hold(arguments.allSatisfy { !$0.hasPrefix("-") && !$0.contains("\n") }, "names an option")
        },
    ]

    private static let code = CodeManifest(
        format: 1,
        name: "app",
        path: "/srv/app",
        isBare: false,
        objectFormat: "sha1",
        commit: String(repeating: "a", count: 40),
        branch: "refs/heads/main",
        describe: "v1-1-gaaaaaaa",
        commits: 3,
        refs: [
            "refs/heads/main": String(repeating: "a", count: 40), "refs/tags/v1": String(repeating: "b", count: 40),
        ],
        shallow: [],
        remotes: [
            .init(
                name: "origin",
                urls: ["https://example.org/a"],
                pushURLs: [],
                fetch: ["+refs/heads/*:refs/remotes/origin/*"]
            )
        ],
        upstreams: [.init(branch: "main", remote: "origin", merge: "refs/heads/main")],
        submodules: [
            .init(path: "lib", url: "https://example.org/b", commit: String(repeating: "c", count: 40), checkedOut: nil)
        ],
        stashes: 1,
        dirty: .init(
            changedFiles: 1,
            addedFiles: 0,
            untrackedFiles: 2,
            patchBytes: 100,
            fingerprint: String(repeating: "d", count: 64),
            leftOut: [.init(path: ".env", reason: "is untracked and looks like a secret")],
            operation: nil
        ),
        bundles: [.init(number: 1, bytes: 1 << 40, tips: [String(repeating: "a", count: 40)])],
        bundleMissing: nil,
        settings: ["core.filemode=true"],
        gitVersion: "2.39.5"
    )

    private static let restorePoint = RestorePointManifest(
        format: 1,
        id: "0123abcd",
        system: "textbook",
        startedAt: "2026-03-02T10:15:00Z",
        finishedAt: "2026-03-02T10:16:00Z",
        tool: "holdfast 0.1",
        parts: [
            .init(
                component: .qdrant,
                snapshot: Samples.id(1).hex,
                tree: Samples.id(2).hex,
                startedAt: "2026-03-02T10:15:00Z",
                finishedAt: "2026-03-02T10:15:30Z",
                files: 12,
                bytes: 1 << 40,
                collections: [
                    .init(
                        name: "c",
                        points: 1 << 40,
                        shards: 1,
                        method: "stream",
                        serverVersion: "1.19.0",
                        goldenQueries: 3,
                        aliases: ["live"],
                        files: 11,
                        bytes: 1 << 40,
                        dataBytes: 1 << 39,
                        warnings: ["slow"]
                    )
                ],
                folders: []
            ),
            .init(
                component: .documents,
                snapshot: Samples.id(3).hex,
                tree: Samples.id(4).hex,
                startedAt: "2026-03-02T10:15:30Z",
                finishedAt: "2026-03-02T10:16:00Z",
                files: 2,
                bytes: 99,
                collections: [],
                folders: [
                    .init(
                        name: "docs",
                        path: "/srv/docs",
                        files: 2,
                        directories: 1,
                        otherItems: 0,
                        bytes: 99,
                        skipped: [SkippedItem(kind: .unreadable, path: "x", reason: "Permission denied")]
                    )
                ]
            ),
        ]
    )

    private static func collectionManifest() throws -> CollectionManifest {
        func object(_ text: [UInt8]) throws -> JSONObject { try JSONValue(reading: text).asObject() }
        let count = CollectionManifest.Count(before: 9, after: 11)
        return CollectionManifest(
            name: "textbook",
            method: .stream,
            startedAt: "2026-03-02T10:15:00Z",
            finishedAt: "2026-03-02T10:16:00Z",
            server: ServerInfo(title: "qdrant", version: "1.19.0", commit: "ab"),
            info: try CollectionInfo(object(Answers.info)),
            aliases: ["live"],
            shardKeys: ["eu", 7],
            cluster: try CollectionCluster(object(Answers.cluster)),
            points: count,
            shards: [.init(id: 1, key: "eu", points: count, files: 12, byteCount: 1 << 40, dataBytes: 1 << 30)],
            goldenQueries: [
                query(.dense([0.1, -2])), query(.multi([[1], [2, 3]])),
                query(.sparse(SparseVector(indices: [1, 9], values: [0.5, 1]))),
            ],
            droppedGoldenQueries: 1,
            warnings: ["a shard was moved"]
        )
    }

    private static func query(_ vector: Vector) -> GoldenQuery {
        GoldenQuery(
            using: "a",
            source: 7,
            vector: vector,
            shardKey: "eu",
            limit: 3,
            hits: [.init(id: 7, score: 1), .init(id: .uuid(UniqueID(high: 1, low: 2)), score: 0.25)]
        )
    }
}
