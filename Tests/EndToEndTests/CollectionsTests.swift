import Foundation
import LocalStorage
import Logging
import QdrantClient
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite(
    "Several collections, from the command line",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .timeLimit(.minutes(10))
)
struct CollectionsTests {
    /// A server with `book_a` (of the documents), `book_b` and `scratch`, and a program configured for all of them.
    private func withSystem(
        _ qdrantKeys: String,
        _ body: (HoldfastProgram, QdrantClient) async throws -> Void
    ) async throws {
        try await TemporaryDirectory.with { folder in
            try await withEmbeddedQdrant { server in
                let holdfast = try HoldfastProgram(in: folder)
                for index in 0..<5 { try holdfast.write("# Page \(index)\n", to: "docs/page-\(index).mdx") }
                try configure(holdfast, server.baseURL, qdrantKeys)
                let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
                try await withQdrantClient(endpoint: QdrantEndpoint(url: server.baseURL), logger: logger) { client in
                    for name in ["book_a", "book_b", "scratch"] { try await fill(name, client) }
                    try await client.updateAliases([.create(alias: "live", collection: "book_b")])
                    try await holdfast.run("init")
                    try await body(holdfast, client)
                }
            }
        }
    }

    private func configure(_ holdfast: HoldfastProgram, _ url: String, _ qdrantKeys: String) throws {
        try holdfast.write(
            """
            version: 1
            system: test
            repository:
              location: repo
              password: env:HOLDFAST_PASSWORD
            qdrant:
              url: \(url)
            \(qdrantKeys)
            documents:
              - path: docs

            """,
            to: "holdfast.yaml"
        )
    }

    /// Points of the pages 0, 1 and 2, of one that is no document, and one that does not say.
    private func fill(_ name: String, _ client: QdrantClient) async throws {
        try await client.createCollection(name, ["vectors": ["size": 4, "distance": "Cosine"]])
        let points = (0..<20).map { index in
            let page = index % 4 == 3 ? "lost.mdx" : "page-\(index % 4).mdx"
            return Point(
                id: .number(UInt64(index)),
                vector: [1, Float(index), 2, 3],
                payload: index == 0 ? [:] : ["path": .string(page)]
            )
        }
        _ = try await client.upsert(points, in: name)
    }

    private func collections(_ point: [String: Any]) throws -> [[String: Any]] {
        let parts = try #require(point["parts"] as? [[String: Any]])
        return parts.first { $0["component"] as? String == "qdrant" }?["collections"] as? [[String: Any]] ?? []
    }

    private func names(_ point: [String: Any]) throws -> [String] {
        try collections(point).compactMap { $0["name"] as? String }
    }

    @Test("all are taken; one that appears and one that vanishes are named, and the last copy is findable")
    func appearAndVanish() async throws {
        try await withSystem("  exclude: [\"scr*\"]") { holdfast, client in
            let plan = try await holdfast.json("backup", "--dry-run")
            #expect(Set((plan["collections"] as? [String: String] ?? [:]).keys) == ["book_a", "book_b"])
            #expect((plan["leftOut"] as? [String: String])?["scratch"]?.contains("'scr*'") == true)
            let doctor = try await holdfast.run("doctor")
            #expect(doctor.text.contains("collection book_a") && doctor.text.contains("collection scratch: left out"))
            let first = try await holdfast.json("backup")
            let firstPoint = try #require(first["restorePoint"] as? [String: Any])
            let firstID = try #require(firstPoint["id"] as? String)
            #expect(try names(firstPoint) == ["book_a", "book_b"])
            #expect((first["appeared"] as? [String])?.isEmpty == true)

            _ = try await client.deleteCollection("book_a")
            try await fill("book_c", client)
            // A run about one collection judges nothing.
            try await holdfast.run("backup", "--collection", "live")
            let second = try await holdfast.run("backup", expecting: 3)
            #expect(second.text.contains("appeared   book_c"), "\(second)")
            #expect(second.text.contains("vanished   book_a: last in restore point \(firstID)"), "\(second)")
            #expect(second.errorText.contains("holdfast restore \(firstID) --only qdrant --collection book_a"))
            // Named in every later one, and a problem once.
            let third = try await holdfast.json("backup")
            #expect((third["problems"] as? [String])?.isEmpty == true)
            let vanished = try #require((third["vanished"] as? [[String: Any]])?.first)
            #expect(vanished["name"] as? String == "book_a" && vanished["restorePoint"] as? String == firstID)
            #expect(try await holdfast.run("show").text.contains("vanished  book_a: last in restore point \(firstID)"))
            let diff = try await holdfast.run("diff", firstID)
            #expect(diff.text.contains("collection book_c: is only in the newer one"), "\(diff)")
            // What the report says to type brings it back.
            try await holdfast.run("restore", firstID, "--only", "qdrant", "--collection", "book_a")
            #expect(try await client.count(in: "book_a") == 20)
        }
    }

    @Test("patterns and aliases choose, each collection once; a name that is missing fails, a pattern that is does not")
    func patterns() async throws {
        let keys = """
              collections:
                - live
                - name: "book_*"
                  golden_queries: 1
                - "none_*"
            """
        try await withSystem(keys) { holdfast, client in
            let outcome = try await holdfast.run("backup")
            #expect(outcome.errorText.contains("'none_*' matches no collection"), "\(outcome)")
            let point = try await holdfast.json("show")
            #expect(try names(point) == ["book_b", "book_a"])
            #expect(try collections(point).map { $0["goldenQueries"] as? Int } == [5, 1])
            let error = try await holdfast.run("backup", "--collection", "nowhere", expecting: 13)
            #expect(error.errorText.contains("no collection 'nowhere'"), "\(error)")
            _ = try await client.deleteCollection("book_b")
            #expect(try await holdfast.run("backup", expecting: 13).errorText.contains("no collection 'live'"))
        }
    }

    @Test("a server that has lost all of them is refused, and no restore point is made")
    func emptied() async throws {
        try await withSystem("") { holdfast, client in
            try await holdfast.run("backup")
            for name in try await client.collections() { _ = try await client.deleteCollection(name) }
            let outcome = try await holdfast.run("backup", expecting: 13)
            #expect(outcome.errorText.contains("has none of the collections"), "\(outcome)")
            #expect((try await holdfast.json("points")["list"] as? [Any])?.count == 1)
        }
    }

    @Test("lineage and embedding are recorded; a broken contract is exit code 3 and a changed model is in the diff")
    func lineageAndEmbedding() async throws {
        func keys(_ model: String, _ dimension: Int) -> String {
            """
              collections:
                - name: book_a
                  embedding: {model: \(model), dimension: \(dimension), distance: Cosine}
                  source_field: path
            """
        }
        try await withSystem(keys("small", 4)) { holdfast, _ in
            try await holdfast.run("backup")
            let point = try await holdfast.json("show")
            let collection = try #require(try collections(point).first)
            let lineage = try #require(collection["lineage"] as? [String: Any])
            func list(_ key: String) -> [String: Any]? { lineage[key] as? [String: Any] }
            #expect(list("withPoints")?["total"] as? Int == 3)
            #expect(list("withoutPoints")?["total"] as? Int == 2)
            #expect(list("withoutDocument")?["total"] as? Int == 1)
            #expect(lineage["pointsWithoutDocument"] as? Int == 5 && lineage["unknownPoints"] as? Int == 1)
            let text = try await holdfast.run("show", "--lineage").text
            #expect(text.contains("page-3.mdx") && text.contains("lost.mdx  5 points"), "\(text)")
            let configuration = try await holdfast.run("show", "--configuration").text
            #expect(configuration.contains("env:HOLDFAST_PASSWORD") && !configuration.contains("secret phrase"))
            // Versions, skew, digests.
            #expect((point["versions"] as? [String: String])?["qdrant"]?.isEmpty == false)
            #expect(point["skewSeconds"] as? Double != nil)
            let shown = try await holdfast.run("show").text
            #expect(shown.contains("embedding       small, 4 dimensions, Cosine"), "\(shown)")
            #expect(shown.contains("5 .mdx") && shown.contains("content digest"), "\(shown)")
            try await holdfast.run("verify")

            // Another model of another dimension is declared, and the collection is the old one.
            let url = try #require(try configured(holdfast))
            try configure(holdfast, url, keys("large", 8))
            #expect(try await holdfast.run("doctor").text.contains("4 dimensions, the contract for large says 8"))
            let broken = try await holdfast.run("backup", "--quiet", expecting: 3)
            #expect(broken.errorText.contains("4 dimensions, the contract for large says 8"), "\(broken)")
            let id = try #require(point["id"] as? String)
            let diff = try await holdfast.run("diff", id)
            #expect(diff.text.contains("collection book_a: the model changed from small to large"), "\(diff)")
            let restored = try await holdfast.run("restore", id, "--only", "qdrant")
            #expect(restored.errorText.contains("the model changed from small to large"), "\(restored)")
        }
    }

    @Test("lineage says so when points were written while they were captured, and does not when nobody wrote")
    func lineageOfWrittenCollection() async throws {
        let keys = "  collections:\n    - {name: book_a, source_field: path}"
        try await withSystem(keys) { holdfast, client in
            func changed() async throws -> Bool? {
                let collection = try #require(try collections(try await holdfast.json("show")).first)
                return try #require(collection["lineage"] as? [String: Any])["changedMeanwhile"] as? Bool
            }
            try await holdfast.run("backup")
            #expect(try await changed() == nil)
            let writer = Task {
                var id: UInt64 = 10_000
                while !Task.isCancelled {
                    let point = Point(
                        id: .number(id),
                        vector: [1, 2, 3, Float(id)],
                        payload: ["path": .string("late-\(id).mdx")]
                    )
                    _ = try await client.upsert([point], in: "book_a")
                    id += 1
                }
            }
            let outcome = try await holdfast.program.run(
                ["backup"],
                environment: holdfast.environment(),
                folder: holdfast.folder.path,
                timeout: .seconds(120)
            )
            writer.cancel()
            _ = await writer.result
            #expect(outcome.status == 0 || outcome.status == 3, "\(outcome)")
            #expect(try await changed() == true)
            let shown = try await holdfast.run("show", "--lineage").text
            #expect(shown.contains("written to while it was captured"), "\(shown)")
        }
    }

    private func configured(_ holdfast: HoldfastProgram) throws -> String? {
        try String(contentsOfFile: holdfast.folder.path("holdfast.yaml"), encoding: .utf8)
            .firstMatch(of: /url: (\S+)/).map { String($0.output.1) }
    }

    @Test("a folder whose stored content is not what was captured does not verify")
    func foreignDigest() async throws {
        guard Program.find("restic") != nil else { return }
        try await withSystem("") { holdfast, _ in
            try await holdfast.run("backup", "--only", "documents")
            let point = try await holdfast.json("show")
            let folders = (point["parts"] as? [[String: Any]])?.first?["folders"] as? [[String: Any]]
            let digest = try #require(folders?.first?["contentDigest"] as? String)
            // Recomputed from what restic prints of the trees, as the reference says.
            let tree = try #require((point["parts"] as? [[String: Any]])?.first?["tree"] as? String)
            let documents = try await subtree(of: tree, "documents", holdfast)
            let docs = try await subtree(of: documents, "docs", holdfast)
            #expect(try await self.digest(of: docs, holdfast) == digest)

            // The same number of files and bytes, and every blob is what its name says: only the digest tells.
            #expect(try await holdfast.run("verify").text.contains("intact"))
            try await exchangeFiles(of: docs, in: holdfast)
            let outcome = try await holdfast.run("verify", expecting: 1)
            #expect(outcome.text.contains("differs: the content of documents 'docs' has the digest"), "\(outcome)")
            #expect(!outcome.text.contains("differs: the tree holds"), "\(outcome)")
            _ = try await holdfast.restic("check", "--read-data")
        }
    }

    /// Makes the documents' snapshot and the manifest name a folder in which the contents of two files are exchanged: as somebody
    /// with the password could, or a program with an error.
    private func exchangeFiles(of docs: String, in holdfast: HoldfastProgram) async throws {
        let repository = try await Repository.open(
            in: LocalStore(path: holdfast.folder.path("repo")),
            password: Array("secret phrase".utf8)
        )
        let indexed = try await repository.loadIndex()
        let snapshots = try await repository.snapshots()
        let documents = try #require(snapshots.last(where: { $0.record.paths == ["/documents"] }))
        let manifest = try #require(snapshots.last(where: { $0.record.tags.contains("restore-point") }))
        var tree = try await indexed.loadTree(try #require(ResticID(hex: docs)))
        let places = tree.nodes.indices.filter { tree.nodes[$0].type == .file }
        try #require(places.count >= 2)
        let (one, other) = (places[0], places[1])
        let content = (tree.nodes[one].content, tree.nodes[one].size)
        try #require(content.0 != tree.nodes[other].content)
        (tree.nodes[one].content, tree.nodes[one].size) = (tree.nodes[other].content, tree.nodes[other].size)
        (tree.nodes[other].content, tree.nodes[other].size) = content
        var files: [(path: String, bytes: [UInt8])] = []
        try await indexed.walk(manifest.record.tree) { entry in
            guard entry.node.type == .file else { return true }
            let path = entry.path.description
            files.append((path, try await indexed.readFile(at: path, in: manifest.record.tree, limit: 1 << 26) ?? []))
            return true
        }
        let (changed, read, host) = (tree, files, repository.host)
        let (trees, _) = try await indexed.write { writer in
            let composer = TreeComposer(time: .epoch, host: host)
            composer.addTree("documents/docs", try await writer.store(changed))
            let documentsTree = try await composer.store(into: writer)
            var manifestComposer = TreeComposer(time: .epoch, host: host)
            for (path, bytes) in read {
                let text = String(decoding: bytes, as: UTF8.self)
                    .replacing(documents.record.tree.hex, with: documentsTree.hex)
                let bytes = Array(text.utf8)
                manifestComposer.addFile(path, size: Int64(bytes.count), blobs: try await writer.store(bytes).blobs())
            }
            return [documentsTree, try await manifestComposer.store(into: writer)]
        }
        for (old, tree) in zip([documents, manifest], trees) {
            var record = old.record
            record.tree = tree
            _ = try await repository.save(record)
            _ = try await repository.remove(.snapshot, old.id)
        }
    }

    private func nodes(of tree: String, _ holdfast: HoldfastProgram) async throws -> [[String: Any]] {
        let text = try await holdfast.restic("cat", "blob", tree).output
        let json = try JSONSerialization.jsonObject(with: Data(text)) as? [String: Any]
        return json?["nodes"] as? [[String: Any]] ?? []
    }

    private func subtree(of tree: String, _ name: String, _ holdfast: HoldfastProgram) async throws -> String {
        let node = try await nodes(of: tree, holdfast).first { $0["name"] as? String == name }
        return try #require(node?["subtree"] as? String)
    }

    /// Of a folder with files only.
    private func digest(of tree: String, _ holdfast: HoldfastProgram) async throws -> String {
        var lines = Data()
        for node in try await nodes(of: tree, holdfast) {
            let name = try #require(node["name"] as? String)
            var ids = Data()
            for id in node["content"] as? [String] ?? [] {
                var digits = id[...]
                while !digits.isEmpty {
                    ids.append(try #require(UInt8(digits.prefix(2), radix: 16)))
                    digits = digits.dropFirst(2)
                }
            }
            lines += Data("f\(name)\0\(try await sha256(ids))\n".utf8)
        }
        return try await sha256(lines)
    }

    /// By a program that knows nothing of ours.
    private func sha256(_ bytes: Data) async throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "digest-\(UUID().uuidString)")
        try bytes.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let outcome = try await #require(Program.find("sha256sum")).run([file.path])
        return String(outcome.text.prefix(64))
    }

    @Test("a first configuration without names is for all collections")
    func initForAll() async throws {
        try await withSystem("") { holdfast, _ in
            let url = try #require(try configured(holdfast))
            try await holdfast.run("init", "--config", "new.yaml", "--repository", "other", "--qdrant", url)
            let text = try String(contentsOfFile: holdfast.folder.path("new.yaml"), encoding: .utf8)
            #expect(text.contains("\nqdrant:") && !text.contains("\n  collections:"), "\(text)")
            let plan = try await holdfast.json("backup", "--dry-run", "--config", "new.yaml")
            #expect(Set((plan["collections"] as? [String: String] ?? [:]).keys) == ["book_a", "book_b", "scratch"])
        }
    }
}
