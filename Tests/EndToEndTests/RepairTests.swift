import Foundation
import Logging
import QdrantClient
import TestSupport
import Testing

@Suite("Check and repair, from the command line", .timeLimit(.minutes(10)))
struct RepairTests {
    /// A system with documents and one backup; the largest pack, which holds their content, damaged in the middle.
    private func damaged(in folder: TemporaryDirectory) async throws -> (HoldfastProgram, pack: String, point: String) {
        let holdfast = try HoldfastProgram(in: folder)
        try holdfast.makeDocuments()
        try await holdfast.initDocuments()
        let backup = try await holdfast.json("backup")
        let point = try #require((backup["restorePoint"] as? [String: Any])?["id"] as? String)
        try await holdfast.run("repo", "check", "--read-data")
        let packs = try FileManager.default.subpathsOfDirectory(atPath: folder.path("repo/data")).filter {
            $0.count > 60
        }
        let sizes = try packs.map { try size(folder.path("repo/data/\($0)")) }
        let largest = try #require(zip(packs, sizes).max { $0.1 < $1.1 }?.0)
        try flip(folder.path("repo/data/\(largest)"))
        return (holdfast, URL(filePath: largest).lastPathComponent, point)
    }

    private func size(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    }

    private func flip(_ path: String) throws {
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[bytes.count / 2] ^= 0x10
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        try bytes.write(to: URL(filePath: path))
    }

    private func listing(_ folder: TemporaryDirectory) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.path("repo")).filter { !$0.hasPrefix("locks") }
            .sorted()
    }

    @Test("damage is named with its files and restore points, salvaged, and healed by the next backup")
    func healed() async throws {
        try await TemporaryDirectory.with { folder in
            let (holdfast, pack, point) = try await damaged(in: folder)
            try await holdfast.run("repo", "check")
            let verdict = try await holdfast.run("repo", "check", "--read-data", expecting: 1)
            #expect(verdict.text.contains("DAMAGED") && verdict.text.contains("restore point \(point)"), "\(verdict)")
            #expect(
                verdict.text.contains("/documents/docs/") && verdict.text.contains("repair packs \(pack.prefix(8))")
            )
            let report = try await holdfast.json("repo", "check", "--read-data")
            let finding = try #require((report["findings"] as? [[String: Any]])?.first)
            #expect(report["verdict"] as? String == "damaged" && finding["object"] as? String == pack)
            #expect(finding["restorePoints"] as? [String] == [point] && finding["fileCount"] as? Int == 1, "\(finding)")

            let before = try listing(folder)
            let plan = try await holdfast.run("repo", "repair", "packs", String(pack.prefix(8)))
            #expect(plan.text.contains("to replace: 1 pack") && plan.errorText.contains("--apply"), "\(plan)")
            #expect(try listing(folder) == before)
            try await holdfast.run("repo", "repair", "packs", String(pack.prefix(8)), "--apply")
            try await holdfast.run("repo", "check", expecting: 1)
            // The damaged blob is not taken for stored any more.
            let backup = try await holdfast.json("backup")
            // That one and the manifest, which is new each time.
            #expect((backup["written"] as? [String: Any])?["newDataBlobs"] as? Int == 2, "\(backup)")
            try await holdfast.run("repo", "check", "--read-data")
            try await holdfast.run("verify", "--all")
            if Program.find("restic") != nil { _ = try await holdfast.restic("check", "--read-data") }
            #expect(
                FileManager.default.fileExists(
                    atPath: folder.path("repo/holdfast/replaced/data/\(pack.prefix(2))/\(pack)")
                )
            )
            #expect(try await holdfast.run("repo", "repair", "confirm").text.contains("delete data/"))
            try await holdfast.run("repo", "repair", "confirm", "--apply")
            #expect(try await holdfast.run("repo", "repair", "confirm").text.contains("no repair"))
        }
    }

    @Test("what is lost for good is left out of a copy of the restore point that says so")
    func lost() async throws {
        try await TemporaryDirectory.with { folder in
            let (holdfast, pack, point) = try await damaged(in: folder)
            try await holdfast.run("repo", "repair", "packs", pack, "--apply")
            #expect(try await holdfast.run("repo", "repair", "snapshots").text.contains("restore point \(point)"))
            let done = try await holdfast.json("repo", "repair", "snapshots", "--apply")
            let item = try #require((done["items"] as? [[String: Any]])?.first)
            let copy = try #require(item["copy"] as? String)
            let missing = try #require(item["missing"] as? [[String: Any]])
            #expect(item["restorePoint"] as? String == point && item["copied"] as? Bool == true && missing.count == 1)
            let path = try #require(missing[0]["path"] as? String)
            // Again: it is recognised as done.
            let count = try listing(folder).filter { $0.hasPrefix("snapshots/") }.count
            _ = try await holdfast.json("repo", "repair", "snapshots", "--apply")
            #expect(try listing(folder).filter { $0.hasPrefix("snapshots/") }.count == count)

            let points = try await holdfast.json("points")["list"] as? [[String: Any]]
            #expect(Set(points?.compactMap { $0["id"] as? String } ?? []) == [point, copy])
            let shown = try await holdfast.run("show", copy).text
            #expect(shown.contains("repaired  from \(point)") && shown.contains(path), "\(shown)")
            try await holdfast.run("verify", copy)
            try await holdfast.run("verify", point, expecting: 1)
            let restored = try await holdfast.run("restore", copy, "--target", "restored", expecting: 3)
            #expect(restored.errorText.contains("lacks 1 item"), "\(restored)")
            let differing = String(path.dropFirst("/documents/docs/".count))
            try FileManager.default.removeItem(atPath: folder.path("docs/\(differing)"))
            try? FileManager.default.removeItem(atPath: folder.path("restored/docs/\(differing)"))
            #expect(try await areEqual(folder.path("docs"), folder.path("restored/docs")))

            #expect(
                try await holdfast.run("repo", "repair", "snapshots", "--forget").text.contains(
                    "forget restore point \(point)"
                )
            )
            try await holdfast.run("repo", "check", expecting: 1)
            try await holdfast.run("repo", "repair", "snapshots", "--forget", "--apply")
            try await holdfast.run("repo", "check", "--read-data")
            #expect(
                (try await holdfast.json("points")["list"] as? [[String: Any]])?.compactMap { $0["id"] as? String } == [
                    copy
                ]
            )
            if Program.find("restic") != nil { _ = try await holdfast.restic("check", "--read-data") }
            try await holdfast.run("backup")
        }
    }

    @Test(
        "a collection with a lost blob gets a copy that says so, never a collection with too few points, and is healed by a backup",
        .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup")
    )
    func lostCollection() async throws {
        try await TemporaryDirectory.with { folder in
            try await withEmbeddedQdrant { server in
                let holdfast = try HoldfastProgram(in: folder)
                let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
                try await withQdrantClient(endpoint: QdrantEndpoint(url: server.baseURL), logger: logger) { client in
                    var generator = SeededGenerator(seed: 5)
                    try await client.createCollection("book", ["vectors": ["size": 64, "distance": "Cosine"]])
                    let points = (0..<2000).map { index in
                        Point(
                            id: .number(UInt64(index)),
                            vector: (0..<64).map { _ in Float.random(in: -1...1, using: &generator) },
                            payload: [:]
                        )
                    }
                    _ = try await client.upsert(points, in: "book")
                    try await holdfast.run(
                        "init",
                        "--repository",
                        "repo",
                        "--qdrant",
                        server.baseURL,
                        "--collection",
                        "book",
                        "--system",
                        "test"
                    )
                    let point = try #require(
                        (try await holdfast.json("backup")["restorePoint"] as? [String: Any])?["id"] as? String
                    )
                    let packs = try FileManager.default.subpathsOfDirectory(atPath: folder.path("repo/data")).filter {
                        $0.count > 60
                    }
                    let largest = try #require(
                        try packs.max {
                            try size(folder.path("repo/data/\($0)")) < size(folder.path("repo/data/\($1)"))
                        }
                    )
                    try flip(folder.path("repo/data/\(largest)"))
                    let pack = URL(filePath: largest).lastPathComponent
                    try await holdfast.run("repo", "repair", "packs", pack, "--apply")
                    let done = try await holdfast.json("repo", "repair", "snapshots", "--apply")
                    let item = try #require((done["items"] as? [[String: Any]])?.first)
                    let copy = try #require(item["copy"] as? String, "\(item)")
                    let missing = try #require(item["missing"] as? [[String: Any]])
                    #expect(
                        !missing.isEmpty
                            && missing.allSatisfy { ($0["path"] as? String)?.hasPrefix("/qdrant/book/shards/") == true }
                    )

                    let shown = try await holdfast.run("show", copy).text
                    #expect(
                        shown.contains("repaired  from \(point)") && shown.contains("damaged in the repository"),
                        "\(shown)"
                    )
                    // It is what it says it is, and it is no collection.
                    try await holdfast.run("verify", copy)
                    for more in [[], ["--in-place", "--yes"]] {
                        let restored = try await holdfast.program.run(
                            ["restore", copy, "--only", "qdrant"] + more,
                            environment: holdfast.environment(),
                            folder: folder.path,
                            timeout: .seconds(120)
                        )
                        // As many points as ever, and zeros for what was lost: the golden queries tell.
                        #expect(restored.status == 1 && restored.text.contains("golden query"), "\(restored)")
                        #expect(restored.text.contains("its stored data is not whole: /qdrant/book/shards/"))
                        #expect(try await client.count(in: "book") == 2000)
                        for name in try await client.collections() where name != "book" {
                            _ = try await client.deleteCollection(name)
                        }
                    }

                    // The live collection still has what was lost: the next backup stores it again, for the old restore point, too.
                    try await holdfast.run("backup")
                    try await holdfast.run("verify", point)
                    try await holdfast.run("restore", point, "--only", "qdrant")
                    if Program.find("restic") != nil { _ = try await holdfast.restic("check", "--read-data") }

                    // Nothing single is written from the copy either, and nothing is copied.
                    for name in try await client.collections() where name != "book" {
                        _ = try await client.deleteCollection(name)
                    }
                    _ = try await client.deletePoints(.ids((0..<20).map { .number($0) }), in: "book")
                    _ = try await client.upsert(
                        [Point(id: .number(30), vector: Array(repeating: 1, count: 64), payload: ["n": 1])],
                        in: "book"
                    )
                    for arguments in [
                        ["repair-points", copy, "--yes"], ["repair-points", copy, "--missing-only", "--dry-run"],
                        ["recover", copy, "--only", "qdrant", "--yes"],
                    ] {
                        let refused = try await holdfast.program.run(
                            arguments,
                            environment: holdfast.environment(),
                            folder: folder.path,
                            timeout: .seconds(120)
                        )
                        #expect(
                            refused.status != 0
                                && (refused.text + refused.errorText).contains(
                                    "the stored data of 'book' in restore point"
                                ),
                            "\(arguments): \(refused)"
                        )
                        #expect(try await client.count(in: "book") == 1980)
                        #expect(try await client.collections() == ["book"], "\(arguments)")
                    }
                }
            }
        }
    }

    @Test("a lost manifest does not keep other restore points and new backups from working")
    func lostManifest() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            let packs = {
                try Set(
                    FileManager.default.subpathsOfDirectory(atPath: folder.path("repo/data")).filter { $0.count > 60 }
                )
            }
            let first = try await holdfast.json("backup")
            let before = try packs()
            let second = try await holdfast.json("backup")
            // Nothing was new but the manifest: these packs are its tree and its content.
            for pack in try packs().subtracting(before) {
                try FileManager.default.removeItem(atPath: folder.path("repo/data/\(pack)"))
            }
            let ids = try [first, second].map { try #require(($0["restorePoint"] as? [String: Any])?["id"] as? String) }
            let points = try await holdfast.run("points", expecting: 3)
            #expect(points.text.contains(ids[0]) && points.errorText.contains(ids[1]), "\(points)")
            try await holdfast.run("show", ids[1], expecting: 1)
            try await holdfast.run("restore", ids[0], "--target", "restored")
            try await holdfast.run("backup")
            try await holdfast.run("repo", "check", expecting: 1)
            try await holdfast.run("repo", "repair", "index", "--apply")
            let plan = try await holdfast.run("repo", "repair", "snapshots", "--forget", "--apply")
            #expect(plan.text.contains("of restore point \(ids[1])"), "\(plan)")
            try await holdfast.run("repo", "check", "--read-data")
            try await holdfast.run("points")
            if Program.find("restic") != nil { _ = try await holdfast.restic("check", "--read-data") }
        }
    }

    @Test("a damaged snapshot file does not keep what is whole from being restored")
    func damagedSnapshot() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            let first = try await holdfast.json("backup")
            let old = Set(try FileManager.default.contentsOfDirectory(atPath: folder.path("repo/snapshots")))
            try await holdfast.run("backup")
            let new = Set(try FileManager.default.contentsOfDirectory(atPath: folder.path("repo/snapshots")))
            try flip(folder.path("repo/snapshots/\(try #require(new.subtracting(old).first))"))
            let id = try #require((first["restorePoint"] as? [String: Any])?["id"] as? String)
            try await holdfast.run("repo", "check", expecting: 1)
            #expect(try await holdfast.run("points", expecting: 3).text.contains(id))
            try await holdfast.run("restore", id, "--target", "restored")
            #expect(try await areEqual(folder.path("docs"), folder.path("restored/docs")))
            try await holdfast.run("backup")
            let plan = try await holdfast.run("repo", "repair", "snapshots", "--forget", "--apply").text
            #expect(plan.contains("it cannot be read"), "\(plan)")
            try await holdfast.run("repo", "check")
            #expect(try await holdfast.run("repo", "repair", "confirm").text.contains("delete snapshots/"))
        }
    }

    @Test("contradictory and impossible options are refused")
    func usage() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try await holdfast.run("repo", "check", "--read-data", "--read-data-subset", "5%", expecting: 2)
            try await holdfast.run("repo", "check", "--read-data-subset", "8/7", expecting: 2)
        }
    }
}
