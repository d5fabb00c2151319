import Foundation
import NIOCore
import ResticRepository
import TarArchive
import TestSupport
import Testing

@testable import QdrantCapture
@testable import QdrantClient

@Suite(
    "A collection snapshot that is built from what is stored",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .timeLimit(.minutes(5))
)
struct CollectionSnapshotArchiveTests {
    /// The archive as the file that an export makes of it.
    private func write(_ archive: CollectionSnapshotArchive, to path: String) async throws {
        try Data().write(to: URL(filePath: path))
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        var count: Int64 = 0
        try await archive.write { buffer in
            count += Int64(buffer.readableBytes)
            try file.write(contentsOf: Data(buffer.readableBytesView))
        }
        try file.close()
        #expect(count == archive.byteCount)
    }

    /// Uploads a file as an operator does.
    private func upload(_ path: String, to collection: String, _ server: EmbeddedQdrant) async throws -> Program.Outcome
    {
        try await #require(Program.find("curl")).run([
            "-sS", "--fail-with-body", "-X", "POST", "-F", "snapshot=@\(path)",
            "\(server.baseURL)/collections/\(collection)/snapshots/upload?priority=snapshot&wait=true",
        ])
    }

    @Test(
        "is taken by a server that has nothing, and every point comes back",
        arguments: CaptureMethod.allCases,
        [1, 3]
    )
    func upload(method: CaptureMethod, shards: Int) async throws {
        try await CaptureFixture.with { fixture in
            let client = fixture.client
            try await RichCollection.create("rich", on: client, shards: shards)
            let before = try await allPoints("rich", client)
            let info = try await client.collection("rich")
            let repository = try await fixture.makeRepository()
            let (tree, manifest) = try await fixture.capture("rich", into: repository, method)
            let stored = try await StoredCollection("rich", in: tree, of: repository)
            let file = fixture.folder.path("rich.snapshot")
            try await write(CollectionSnapshotArchive(of: stored), to: file)

            // Another server, which has never seen the collection.
            try await withEmbeddedQdrant { other in
                let outcome = try await upload(file, to: "copy", other)
                #expect(outcome.succeeded, "\(outcome)")
                try await withQdrantClient(endpoint: QdrantEndpoint(url: other.baseURL), logger: silent) { client in
                    #expect(try await allPoints("copy", client) == before)
                    let copy = try await client.collection("copy")
                    #expect(copy.vectors == info.vectors && copy.shardNumber == UInt64(shards))
                    #expect(
                        copy.payloadSchema.map { [$0.field, $0.dataType] }
                            == info.payloadSchema.map { [$0.field, $0.dataType] }
                    )
                    #expect(!manifest.goldenQueries.isEmpty)
                    for query in manifest.goldenQueries {
                        let answer = try await query.ask(client, collection: "copy")
                        #expect(query.difference(from: answer, tolerance: 0.0001) == nil)
                    }
                }
            }
        }
    }

    @Test("is read back by our own intake as the very same files, and by tar")
    func inverse() async throws {
        try await CaptureFixture.with { fixture in
            try await RichCollection.create("rich", on: fixture.client, shards: 2)
            let repository = try await fixture.makeRepository()
            let (tree, _) = try await fixture.capture("rich", into: repository)
            let stored = try await StoredCollection("rich", in: tree, of: repository)
            let archive = try await CollectionSnapshotArchive(of: stored)
            let (shards, _) = try await repository.write { writer in
                var intake = ArchiveIntake(writer: writer, layout: .collection, label: "test")
                try await archive.write { try await intake.feed($0) }
                return try intake.finish()
            }
            let archives = try await stored.archives()
            #expect(Set(shards.keys) == Set(archives.keys) && shards.count == 2)
            for (id, shard) in archives {
                let files = shard.items.filter { $0.member.content != .directory }
                #expect(Set(files.map(\.member.path.string)) == Set(shards[id]?.files.map(\.path) ?? []))
                let sizes = Dictionary(files.map { ($0.member.path.string, $0.member.size) }, uniquingKeysWith: { $1 })
                for file in shards[id]?.files ?? [] {
                    #expect(file.content.byteCount == sizes[file.path], "\(file.path)")
                }
            }
            let file = fixture.folder.path("rich.snapshot")
            try await write(archive, to: file)
            let listed = try await #require(Program.find("tar")).run(["tf", file])
            #expect(
                listed.succeeded && listed.text.contains("0/wal/") && listed.text.contains("config.json"),
                "\(listed)"
            )
            #expect(listed.text.split(separator: "\n").contains { $0.hasPrefix("1/segments/") && $0.hasSuffix(".tar") })
        }
    }

    @Test("names the shards of shard keys, and fills a collection whose keys were made before")
    func customSharding() async throws {
        try await CaptureFixture.with { fixture in
            let client = fixture.client
            let body: JSONObject = ["vectors": ["size": 4, "distance": "Dot"], "sharding_method": "custom"]
            func make(_ name: String) async throws {
                try await client.createCollection(name, body)
                for key in ["a", "b"] as [ShardKey] { try await client.createShardKey(key, of: name) }
            }
            try await make("keyed")
            for (index, key) in (["a", "b"] as [ShardKey]).enumerated() {
                let points = (0..<20).map {
                    Point(id: .number(UInt64(index * 100 + $0)), vector: [1, Float($0), 2, 3])
                }
                _ = try await client.upsert(points, in: "keyed", shardKey: key)
            }
            let before = try await allPoints("keyed", client)
            let repository = try await fixture.makeRepository()
            let (tree, _) = try await fixture.capture("keyed", into: repository)
            let stored = try await StoredCollection("keyed", in: tree, of: repository)
            let file = fixture.folder.path("keyed.snapshot")
            try await write(CollectionSnapshotArchive(of: stored), to: file)
            let mapping = try await #require(Program.find("tar")).run(["xOf", file, "shard_key_mapping.json"])
            #expect(mapping.text == #"[{"key":"a","shard_ids":[0]},{"key":"b","shard_ids":[1]}]"#)
            try await make("copy")
            let outcome = try await upload(file, to: "copy", fixture.server)
            #expect(outcome.succeeded, "\(outcome)")
            #expect(try await allPoints("copy", client) == before)
        }
    }
}
