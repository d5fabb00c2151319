import Foundation
import LocalStorage
import Logging
import QdrantClient
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite(
    "A drill, from the command line",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .timeLimit(.minutes(10))
)
struct DrillTests {
    private static let collection = "textbook_knowledge"

    /// A system with a collection and documents, whose drills use a server of their own.
    private func withSystem(
        _ body: (HoldfastProgram, EmbeddedQdrant, QdrantClient) async throws -> Void
    ) async throws {
        try await TemporaryDirectory.with { folder in
            try await withEmbeddedQdrant(EmbeddedQdrant.Options()) { server in
                let holdfast = try HoldfastProgram(in: folder)
                for index in 0..<12 { try holdfast.write("# Page \(index)\n", to: "docs/page-\(index).mdx") }
                let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
                try await withQdrantClient(endpoint: QdrantEndpoint(url: server.baseURL), logger: logger) { client in
                    try await fill(client)
                    try await holdfast.run(
                        "init",
                        "--repository",
                        "repo",
                        "--qdrant",
                        server.baseURL,
                        "--collection",
                        Self.collection,
                        "--documents",
                        "docs",
                        "--system",
                        "test"
                    )
                    try configure(holdfast, "qdrant: embedded")
                    try await holdfast.run("backup")
                    try await body(holdfast, server, client)
                }
            }
        }
    }

    private func configure(_ holdfast: HoldfastProgram, _ drill: String) throws {
        let path = holdfast.folder.path("holdfast.yaml")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let kept = text.components(separatedBy: "\ndrill:")[0]
        let scratch = holdfast.folder.path("scratch")
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        try Data("\(kept)\ndrill:\n  folder: \(scratch)\n  \(drill)\n".utf8).write(to: URL(filePath: path))
    }

    private func fill(_ client: QdrantClient) async throws {
        var generator = SeededGenerator(seed: 7)
        try await client.createCollection(Self.collection, ["vectors": ["size": 16, "distance": "Cosine"]])
        let points = (0..<300).map { index in
            Point(
                id: .number(UInt64(index)),
                vector: (0..<16).map { _ in Float.random(in: -1...1, using: &generator) },
                payload: ["path": .string("page-\(index % 12).mdx")]
            )
        }
        _ = try await client.upsert(points, in: Self.collection)
    }

    private func checks(_ result: [String: Any]) throws -> [String: String] {
        let list = try #require(result["checks"] as? [[String: Any]])
        return Dictionary(
            list.map { (($0["name"] as? String) ?? "?", "\($0["outcome"] ?? "?"): \($0["detail"] ?? "")") },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// What a drill left in its scratch folder.
    private func leftovers(_ holdfast: HoldfastProgram) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: holdfast.folder.path("scratch"))
    }

    @Test("restores, compares, restarts, compares again, proves the restore point and leaves nothing behind")
    func verified() async throws {
        try await withSystem { holdfast, _, client in
            let plan = try await holdfast.run("drill", "full", "--dry-run")
            #expect(plan.text.contains("embedded Qdrant") && plan.text.contains("no staging copy is configured"))
            let before = try await holdfast.json("points")
            #expect("\(before)".contains("verified") == false)

            let result = try await holdfast.json("drill", "qdrant")
            #expect(result["outcome"] as? String == "verified", "\(result)")
            let names = try checks(result)
            #expect(names["collection \(Self.collection): restored and compared"]?.contains("300 points") == true)
            #expect(names["scratch server: restarted"]?.hasPrefix("verified") == true)
            #expect(names["collection \(Self.collection): compared after the restart"]?.hasPrefix("verified") == true)
            try await holdfast.run("drill", "documents")

            let show = try await holdfast.run("show")
            #expect(show.text.contains("drill-qdrant") && show.text.contains("drill-documents"), "\(show.text)")
            #expect(try leftovers(holdfast).isEmpty)
            #expect(try await client.collections() == [Self.collection])
            if Program.find("restic") != nil { _ = try await holdfast.restic("check") }
        }
    }

    @Test("fails on a collection that was silently emptied, and on a folder whose files are gone, and says since when")
    func emptied() async throws {
        try await withSystem { holdfast, _, client in
            let full = try await holdfast.json("points")
            let id = try #require((full["list"] as? [[String: Any]])?.first?["id"] as? String)
            try await client.deletePoints(.ids((0..<300).map { .number($0) }), in: Self.collection)
            try await holdfast.run("backup")
            let result = try await holdfast.json("drill", "qdrant")
            #expect(result["outcome"] as? String == "failed")
            let plausible = try checks(result)["collection \(Self.collection): plausible"]
            #expect(plausible == "failed: it holds no points, and had 300 in restore point \(id)")
            // The one before is still good, and is what is proven.
            #expect(try await holdfast.json("drill", "qdrant", id)["outcome"] as? String == "verified")

            // A backup refuses a folder without files; a restore point of another program's may have one.
            try await Tampering(of: holdfast).replaceInManifest(#""files":12"#, with: #""files":0"#)
            let documents = try await holdfast.json("drill", "documents")
            #expect(documents["outcome"] as? String == "failed")
            let folder = try checks(documents)["documents docs: plausible"] ?? ""
            #expect(folder.hasPrefix("failed: it holds no files, and had 12 in restore point"), "\(documents)")
        }
    }

    @Test("fails on golden answers that differ, and on documents that lack a file, and says why")
    func tampered() async throws {
        try await withSystem { holdfast, _, _ in
            try await Tampering(of: holdfast).run()
            let result = try await holdfast.json("drill", "full")
            #expect(result["outcome"] as? String == "failed")
            let found = try checks(result)
            let golden = found["collection \(Self.collection): restored and compared"] ?? ""
            #expect(golden.hasPrefix("failed: golden query"), "\(found)")
            let documents = found["documents docs: restored and compared"] ?? ""
            #expect(documents.hasPrefix("failed: 11 files were restored, the manifest says 12"), "\(found)")
            // Nothing of it is proven, and the record says what was wrong.
            let show = try await holdfast.run("show")
            #expect(show.text.contains("failed"), "\(show.text)")
            #expect(try leftovers(holdfast).isEmpty)
        }
    }

    @Test("compares lineage, fails where it is not what the manifest says, and says why")
    func lineage() async throws {
        try await withSystem { holdfast, _, _ in
            let path = holdfast.folder.path("holdfast.yaml")
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let named = try #require(text.firstMatch(of: /\n( *)- name: textbook_knowledge\n/))
            let line = "\(named.output.0)\(named.output.1)  source_field: path\n"
            try Data(text.replacing(named.output.0, with: line).utf8).write(to: URL(filePath: path))
            try await holdfast.run("backup")
            let name = "lineage of \(Self.collection): compared"
            let good = try await holdfast.json("drill", "qdrant")
            #expect(good["outcome"] as? String == "verified", "\(good)")
            #expect(try checks(good)[name] == "verified: 12 of 12 documents have points, as captured")

            try await Tampering(of: holdfast).replaceInManifest("page-3.mdx", with: "page-99.mdx")
            let result = try await holdfast.json("drill", "qdrant")
            #expect(result["outcome"] as? String == "failed")
            let found = try checks(result)[name] ?? ""
            #expect(found.hasPrefix("failed: page-99.mdx had points and has none; page-3.mdx has points"), "\(result)")
            let show = try await holdfast.run("show")
            #expect(show.text.contains("failed"), "\(show.text)")

            // The configuration has moved on: nobody can say, and nobody claims it.
            try Data(text.utf8).write(to: URL(filePath: path))
            let unknown = try await holdfast.json("drill", "qdrant")
            #expect(unknown["outcome"] as? String == "untested")
            #expect(try checks(unknown)[name]?.hasPrefix("untested: its lineage is about field 'path'") == true)
        }
    }

    @Test(
        "on a server that runs already uses names of its own, deletes those and no others, and says what it cannot test"
    )
    func sharedServer() async throws {
        try await withSystem { holdfast, live, client in
            let result = try await holdfast.json("drill", "qdrant", "--qdrant-url", live.baseURL)
            #expect(result["outcome"] as? String == "untested")
            #expect(try checks(result)["scratch server: restarted"]?.hasPrefix("untested") == true)
            #expect(try await client.collections() == [Self.collection])
            try await holdfast.run("drill", "qdrant", "--qdrant-url", live.baseURL, expecting: 3)
            try await holdfast.run("drill", "qdrant", "--qdrant-url", "127.0.0.1", expecting: 2)
        }
    }

    @Test("says what is missing when no scratch server is configured, or it does not start")
    func noServer() async throws {
        try await withSystem { holdfast, _, _ in
            try configure(holdfast, "")
            let none = try await holdfast.run("drill", "qdrant", expecting: 2)
            #expect(none.errorText.contains("drill.qdrant"))
            try configure(holdfast, "qdrant: {program: no-such-qdrant}")
            let missing = try await holdfast.run("drill", "qdrant", expecting: 2)
            #expect(missing.errorText.contains("no-such-qdrant"))
            try configure(holdfast, #"qdrant: {command: "sh -c 'echo broken by order >&2; exit 3' {storage} {port}"}"#)
            let broken = try await holdfast.run("drill", "qdrant", expecting: 2)
            #expect(broken.errorText.contains("broken by order"), "\(broken.errorText)")
            #expect(try leftovers(holdfast).isEmpty)
        }
    }

    @Test("asks a staging copy of the application over what was restored")
    func application() async throws {
        try await withSystem { holdfast, _, _ in
            // The copy looks at what it was given; the probe waits for its verdict.
            let verdict = holdfast.folder.path("verdict")
            try holdfast.write(
                """
                test -f "$HOLDFAST_DRILL_DOCUMENTS/docs/page-3.mdx" || exit 1
                \(PackageRoot.path)/.venv/bin/python -c "
                import os, urllib.request
                url = os.environ['HOLDFAST_DRILL_QDRANT_URL'] + '/collections/\(Self.collection)'
                assert b'300' in urllib.request.urlopen(url).read()
                " || exit 1
                echo good > "\(verdict)"
                exec sleep 60
                """,
                to: "staging.sh"
            )
            func application(_ program: String) throws {
                try configure(
                    holdfast,
                    """
                    qdrant: embedded
                      application:
                        command: "\(program)"
                        probes:
                          - {name: staging, within: 30s, command: "test -f \(verdict)"}
                    """
                )
            }
            try application("sh staging.sh")
            let result = try await holdfast.json("drill", "full")
            #expect(result["outcome"] as? String == "verified", "\(result)")
            try FileManager.default.removeItem(atPath: verdict)
            try application("sleep 60")
            let path = holdfast.folder.path("holdfast.yaml")
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try Data(text.replacing("within: 30s", with: "within: 1s").utf8).write(to: URL(filePath: path))
            #expect(try await holdfast.json("drill", "full")["outcome"] as? String == "failed")
        }
    }
}

/// Makes the newest restore point one whose golden answers are wrong and whose documents lack a file, by rewriting its snapshots: as a
/// program with an error, or somebody with the password, might have written them.
private struct Tampering {
    let holdfast: HoldfastProgram

    init(of holdfast: HoldfastProgram) { self.holdfast = holdfast }

    func run() async throws {
        let repository = try await Repository.open(
            in: LocalStore(path: holdfast.folder.path("repo")),
            password: Array("secret phrase".utf8)
        )
        let indexed = try await repository.loadIndex()
        let snapshots = try await repository.snapshots()
        func snapshot(_ path: String) throws -> StoredSnapshot {
            try #require(snapshots.last { $0.record.paths == [path] })
        }
        let (qdrant, documents, manifest) = (
            try snapshot("/qdrant"), try snapshot("/documents"), try snapshot("/holdfast")
        )
        let file = "qdrant/textbook_knowledge/collection.json"
        let shard = try #require(
            try await indexed.node(at: "qdrant/textbook_knowledge/shards/0", in: qdrant.record.tree)?.subtree
        )
        let folder = try #require(try await indexed.node(at: "documents/docs", in: documents.record.tree)?.subtree)
        let json = try #require(try await indexed.readFile(at: file, in: qdrant.record.tree, limit: 1 << 26))
        let point = try #require(
            try await indexed.readFile(at: "holdfast/restore-point.json", in: manifest.record.tree, limit: 1 << 26)
        )
        let host = repository.host
        let (trees, _) = try await indexed.write { writer in
            var collection = TreeComposer(time: .epoch, host: host)
            let wrong = Array(Self.withWrongScores(json))
            collection.addFile(file, size: Int64(wrong.count), blobs: try await writer.store(wrong).blobs())
            collection.addTree("qdrant/textbook_knowledge/shards/0", shard)
            let collectionTree = try await collection.store(into: writer)

            var tree = try await indexed.loadTree(folder)
            tree.nodes.removeAll { $0.nameString == "page-3.mdx" }
            let shorter = try await writer.store(tree)
            let composer = TreeComposer(time: .epoch, host: host)
            composer.addTree("documents/docs", shorter)
            let documentsTree = try await composer.store(into: writer)

            let text = String(decoding: point, as: UTF8.self)
                .replacing(qdrant.record.tree.hex, with: collectionTree.hex)
                .replacing(documents.record.tree.hex, with: documentsTree.hex)
            var manifestComposer = TreeComposer(time: .epoch, host: host)
            let bytes = Array(text.utf8)
            manifestComposer.addFile(
                "holdfast/restore-point.json",
                size: Int64(bytes.count),
                blobs: try await writer.store(bytes).blobs()
            )
            return [collectionTree, documentsTree, try await manifestComposer.store(into: writer)]
        }
        for (old, tree) in zip([qdrant, documents, manifest], trees) {
            var record = old.record
            record.tree = tree
            _ = try await repository.save(record)
            _ = try await repository.remove(.snapshot, old.id)
        }
    }

    /// Replaces a text in every file of the newest manifest.
    func replaceInManifest(_ old: String, with new: String) async throws {
        let repository = try await Repository.open(
            in: LocalStore(path: holdfast.folder.path("repo")),
            password: Array("secret phrase".utf8)
        )
        let indexed = try await repository.loadIndex()
        let snapshots = try await repository.snapshots()
        let manifest = try #require(
            snapshots.last(where: { $0.record.tags.contains("restore-point") && !$0.record.tags.contains("record") })
        )
        var files: [(path: String, bytes: [UInt8])] = []
        try await indexed.walk(manifest.record.tree) { entry in
            guard entry.node.type == .file else { return true }
            let path = entry.path.description
            let bytes = try await indexed.readFile(at: path, in: manifest.record.tree, limit: 1 << 26) ?? []
            files.append((path, Array(String(decoding: bytes, as: UTF8.self).replacing(old, with: new).utf8)))
            return true
        }
        let (host, changed) = (repository.host, files)
        let (tree, _) = try await indexed.write { writer in
            var composer = TreeComposer(time: .epoch, host: host)
            for (path, bytes) in changed {
                composer.addFile(path, size: Int64(bytes.count), blobs: try await writer.store(bytes).blobs())
            }
            return try await composer.store(into: writer)
        }
        var record = manifest.record
        record.tree = tree
        _ = try await repository.save(record)
        _ = try await repository.remove(.snapshot, manifest.id)
    }

    /// Every score of a golden query, made another.
    private static func withWrongScores(_ json: [UInt8]) -> String.UTF8View {
        let text = String(decoding: json, as: UTF8.self)
        return text.replacing(/"score":\s*-?[0-9.eE+-]+/, with: "\"score\":0.125").utf8
    }
}
