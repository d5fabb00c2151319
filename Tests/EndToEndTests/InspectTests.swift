import Foundation
import LocalStorage
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite("Looking inside, from the command line", .timeLimit(.minutes(10)))
struct InspectTests {
    /// A repository with two restore points of documents.
    private func withRepository(_ body: (HoldfastProgram, [String]) async throws -> Void) async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            var ids: [String] = []
            for round in 0..<2 {
                try holdfast.write("round \(round)", to: "docs/changes.mdx")
                let result = try await holdfast.json("backup")
                ids.append(try #require((result["restorePoint"] as? [String: Any])?["id"] as? String))
            }
            try await body(holdfast, ids)
        }
    }

    private func list(_ holdfast: HoldfastProgram, _ arguments: String...) async throws -> [[String: Any]] {
        let outcome = try await holdfast.program.run(
            arguments + ["--json"],
            environment: holdfast.environment(),
            folder: holdfast.folder.path
        )
        #expect(outcome.status == 0, "\(arguments): \(outcome)")
        return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [[String: Any]])
    }

    @Test("ls and dump give what was backed up, each restore point its own, and restic the same")
    func lsAndDump() async throws {
        try await withRepository { holdfast, ids in
            let top = try await holdfast.run("repo", "ls", ids[0]).text
            #expect(top == "/documents\n/holdfast\n")
            let all = try await list(holdfast, "repo", "ls", "latest", "/documents", "--recursive")
            let files = all.filter { $0["type"] as? String == "file" }.compactMap { $0["path"] as? String }
            #expect(files.count == 42 && files.contains("/documents/docs/part-1/page-1.mdx"), "\(files)")
            #expect(try await holdfast.run("repo", "dump", ids[0], "/documents/docs/changes.mdx").text == "round 0")
            #expect(try await holdfast.run("repo", "dump", "latest", "documents/docs/changes.mdx").text == "round 1")
            let big = try await holdfast.run("repo", "dump", ids[1], "/documents/docs/figures.bin").output
            #expect(big == [UInt8](try Data(contentsOf: URL(filePath: holdfast.folder.path("docs/figures.bin")))))
            guard Program.find("restic") != nil else { return }
            let theirs = try await holdfast.restic("ls", "latest", "--path", "/documents").text
            let paths = theirs.split(separator: "\n").filter { $0.hasPrefix("/") }.map(String.init)
            #expect(Set(paths) == Set(all.compactMap { $0["path"] as? String } + ["/documents"]))
            let dumped = try await holdfast.restic(
                "dump",
                "latest",
                "--path",
                "/documents",
                "/documents/docs/changes.mdx"
            )
            #expect(dumped.text == "round 1")
        }
    }

    @Test("dump of a folder is an archive that tar unpacks to the same files; links are named, with exit code 3")
    func dumpFolder() async throws {
        try await withRepository { holdfast, _ in
            let (folder, tar) = (holdfast.folder, try #require(Program.find("tar")))
            try await holdfast.run("repo", "dump", "latest", "/documents/docs", "--target", "docs.tar")
            try FileManager.default.createDirectory(atPath: folder.path("out"), withIntermediateDirectories: false)
            let unpacked = try await tar.run(["-xf", folder.path("docs.tar"), "-C", folder.path("out")])
            #expect(unpacked.succeeded, "\(unpacked)")
            #expect(try await areEqual(folder.path("docs"), folder.path("out/documents/docs")))
            try FileManager.default.createSymbolicLink(
                atPath: folder.path("docs/link"),
                withDestinationPath: "changes.mdx"
            )
            try await holdfast.run("backup")
            let partial = try await holdfast.run("repo", "dump", "latest", "/documents/docs", expecting: 3)
            #expect(partial.errorText.contains("/documents/docs/link") && partial.output.count > 6_000_000)
            let link = try await holdfast.run("repo", "dump", "latest", "/documents/docs/link", expecting: 2)
            #expect(link.errorText.contains("symlink"))
        }
    }

    @Test("a damaged file is not dumped: exit code 1, and no file where it should go")
    func damagedDump() async throws {
        try await withRepository { holdfast, _ in
            let folder = holdfast.folder
            let data = folder.path("repo/data")
            let packs = try FileManager.default.subpathsOfDirectory(atPath: data).filter { $0.count > 60 }
            for path in packs {
                let pack = URL(filePath: "\(data)/\(path)")
                var bytes = try Data(contentsOf: pack)
                guard bytes.count > 100_000 else { continue }
                bytes[bytes.count / 2] ^= 1
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pack.path)
                try bytes.write(to: pack)
            }
            let before = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            let outcome = try await holdfast.run(
                "repo",
                "dump",
                "latest",
                "/documents/docs/figures.bin",
                "--target",
                "out.bin",
                expecting: 1
            )
            #expect(outcome.errorText.contains("authentication"), "\(outcome)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == before)
            try await holdfast.run("repo", "dump", "latest", "/documents/docs/figures.bin", expecting: 1)
            try await holdfast.run("repo", "dump", "latest", "/documents/docs", "--target", "out.tar", expecting: 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == before)
        }
    }

    @Test("what is not there, ambiguous or in the way is refused with its exit code and a hint")
    func refusals() async throws {
        try await withRepository { holdfast, ids in
            func refuse(_ arguments: [String], _ status: Int32, _ word: String) async throws {
                let outcome = try await holdfast.program.run(
                    arguments,
                    environment: holdfast.environment(),
                    folder: holdfast.folder.path
                )
                #expect(outcome.status == status && outcome.errorText.contains(word), "\(arguments): \(outcome)")
                #expect(outcome.output.isEmpty, "\(arguments): \(outcome)")
            }
            try await refuse(["repo", "ls", "ffffffffff"], 1, "hint: Run 'holdfast points'")
            try await refuse(["repo", "ls", "latest", "/documents/no"], 1, "holds docs")
            try await refuse(["repo", "ls", "latest", "/documents/docs/changes.mdx/x"], 1, "no folder")
            try await refuse(["repo", "dump", ids[0], "/documents/docs/no"], 1, "holds no")
            try holdfast.write("mine", to: "taken")
            try await refuse(
                ["repo", "dump", "latest", "/documents/docs/changes.mdx", "--target", "taken"],
                14,
                "exists"
            )
            #expect(try String(contentsOfFile: holdfast.folder.path("taken"), encoding: .utf8) == "mine")
            try await refuse(["repo", "dump", "latest", "/documents/docs/changes.mdx", "--json"], 2, "--target")
            try await refuse(["repo", "cat", "masterkey"], 2, "the master key is not shown")
            try await refuse(["repo", "cat", "nonsense", "00"], 2, "there is no kind")
            try await refuse(["repo", "cat", "snapshot"], 2, "by its id")
            try await refuse(["repo", "cat", "snapshot", "xyz"], 1, "not the beginning of an id")
            try await refuse(["repo", "cat", "pack", String(repeating: "0", count: 64)], 1, "repo list packs")
            try await refuse(["repo", "cat", "tree", "latest:/"], 1, "2 trees at its top")
            try await refuse(["repo", "cat", "tree", "latest:/documents/docs/changes.mdx"], 1, "no folder")
            try await refuse(["repo", "find", "--blob", "--tree", "00"], 2, "exclude each other")
            try await refuse(["repo", "find", "x", "--oldest", "yesterday"], 2, "no time")
            try await refuse(["repo", "find", "[", "--in", "latest"], 2, "has no")
            try await refuse(["repo", "find", "--pack", "0000000000"], 1, "no pack")
            try await refuse(["repo", "stats", "--mode", "size"], 2, "restore-size")
            try await refuse(["repo", "list", "things"], 2, "snapshots")
            // Every one of 7 or more blobs begins with one of 16 digits; 45 of them cannot all differ in the first.
            let digits = try await list(holdfast, "repo", "list", "blobs").filter { $0["type"] as? String == "data" }
                .compactMap { ($0["id"] as? String)?.first.map(String.init) }
            let shared = try #require(Dictionary(grouping: digits) { $0 }.first { $0.value.count > 1 }?.key)
            try await refuse(["repo", "cat", "blob", shared], 1, "is the beginning of")
        }
    }

    @Test("find finds names, paths and times in every restore point, and what needs a blob, tree or pack")
    func find() async throws {
        try await withRepository { holdfast, ids in
            let both = try await list(holdfast, "repo", "find", "changes.*")
            #expect(both.compactMap { ($0["point"] as? [String: Any])?["id"] as? String } == [ids[1], ids[0]])
            let one = try await list(holdfast, "repo", "find", "/documents/docs/part-1/*", "--in", ids[0])
            #expect(one.count == 10, "\(one)")
            #expect(try await list(holdfast, "repo", "find", "changes.mdx", "--newest", "2001-01-01").isEmpty)
            #expect(try await list(holdfast, "repo", "find", "changes.mdx", "--oldest", "2001-01-01").count == 2)
            #expect(try await holdfast.run("repo", "find", "no-such-name").text.isEmpty)

            let blobs = try await list(holdfast, "repo", "list", "blobs")
            var needed: Set<String> = []
            for blob in blobs.filter({ $0["type"] as? String == "data" }).prefix(8) {
                let id = try #require(blob["id"] as? String)
                let hits = try await list(holdfast, "repo", "find", "--blob", id)
                #expect(!hits.isEmpty && hits.allSatisfy { $0["blobs"] as? [String] == [id] })
                needed.formUnion(hits.compactMap { ($0["entry"] as? [String: Any])?["path"] as? String })
                guard Program.find("restic") != nil else { continue }
                let theirs = try await holdfast.restic("find", "--json", "--blob", id).output
                let found = try #require(try JSONSerialization.jsonObject(with: Data(theirs)) as? [[String: Any]])
                let paths = found.compactMap { $0["path"] as? String }
                #expect(Set(paths) == Set(hits.compactMap { ($0["entry"] as? [String: Any])?["path"] as? String }))
            }
            #expect(!needed.isEmpty)
            let tree = try #require(
                try await list(holdfast, "repo", "ls", ids[1], "/documents").first?["tree"] as? String
            )
            let folders = try await holdfast.run("repo", "find", "--tree", String(tree.prefix(12))).text
            #expect(folders.contains("restore point \(ids[1])") && !folders.contains(ids[0]), "\(folders)")
            let pack = try #require(blobs.first { $0["id"] as? String == tree }?["pack"] as? String)
            #expect(try await holdfast.run("repo", "find", "--pack", pack).text.contains("/documents/docs"))
        }
    }

    @Test("cat shows what restic's cat shows, and list what its list shows")
    func catAndList() async throws {
        guard Program.find("restic") != nil else { return }
        try await withRepository { holdfast, ids in
            func json(_ bytes: [UInt8]) throws -> NSObject {
                try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? NSObject)
            }
            let config = try json(await holdfast.run("repo", "cat", "config").output)
            #expect(config == (try json(await holdfast.restic("cat", "config").output)))
            for (kind, listed) in [("snapshot", "snapshots"), ("key", "keys"), ("index", "index")] {
                let ours = try await holdfast.run("repo", "list", listed).text.split(separator: "\n").sorted()
                let theirs = try await holdfast.restic("list", listed).text.split(separator: "\n").sorted()
                #expect(ours == theirs && !ours.isEmpty, "\(listed)")
                let id = String(try #require(ours.first))
                let stored = try json(await holdfast.run("repo", "cat", kind, String(id.prefix(16))).output)
                let shown = try #require(stored.mutableCopy() as? NSMutableDictionary)
                let expected = try json(await holdfast.restic("cat", kind, id).output)
                // restic 0.14 decodes a snapshot and drops what it does not know; ours shows what is stored.
                if kind == "snapshot" { shown.removeObject(forKey: "program_version") }
                #expect(shown == expected, "\(kind): \(shown) \(expected)")
            }
            let packs = try await holdfast.run("repo", "list", "packs").text.split(separator: "\n").sorted()
            #expect(packs == (try await holdfast.restic("list", "packs").text.split(separator: "\n").sorted()))
            let blobs = try await holdfast.run("repo", "list", "blobs").text.split(separator: "\n").sorted()
            #expect(blobs == (try await holdfast.restic("list", "blobs").text.split(separator: "\n").sorted()))
            let blob = try #require(blobs.first { $0.hasPrefix("data ") }?.dropFirst(5))
            let content = try await holdfast.run("repo", "cat", "blob", String(blob)).output
            #expect(content == (try await holdfast.restic("cat", "blob", String(blob)).output))
            let tree = try await holdfast.run("repo", "cat", "tree", "\(ids[1]):/documents/docs").text
            #expect(tree.hasPrefix(#"{"nodes":[{"name":"changes.mdx","type":"file""#), "\(tree.prefix(200))")
            #expect(try await holdfast.run("repo", "list", "locks").text.isEmpty)
        }
    }

    @Test("stats count what is there, what each restore point alone needs, and what is not needed")
    func stats() async throws {
        try await withRepository { holdfast, ids in
            let stats = try await holdfast.json("repo", "stats")
            #expect(stats["restorePoints"] as? Int == 2 && stats["snapshots"] as? Int == 4, "\(stats)")
            #expect((stats["unreferenced"] as? [String: Any])?["count"] as? Int == 0)
            let points = try #require(stats["points"] as? [[String: Any]])
            #expect(points.compactMap { ($0["point"] as? [String: Any])?["id"] as? String } == [ids[1], ids[0]])
            let unique = points.compactMap { ($0["unique"] as? [String: Any])?["storedBytes"] as? Int }
            #expect(unique.count == 2 && unique.allSatisfy { (100..<20_000).contains($0) }, "\(unique)")
            let text = try await holdfast.run("repo", "stats", ids[0]).text
            #expect(text.contains(ids[0]) && !text.contains(ids[1]) && text.contains("6.0 MB"), "\(text)")
            guard Program.find("restic") != nil else { return }
            for mode in ["restore-size", "files-by-contents", "raw-data", "blobs-per-file"] {
                let ours = try await holdfast.json("repo", "stats", "--mode", mode)
                let output = try await holdfast.restic("stats", "--mode", mode, "--json").output
                let theirs = try #require(try JSONSerialization.jsonObject(with: Data(output)) as? [String: Any])
                #expect(ours["bytes"] as? Int == theirs["total_size"] as? Int, "\(mode): \(ours) \(theirs)")
            }
            // Forgotten and not pruned: its part is needed by nobody now.
            let snapshots = try await list(holdfast, "repo", "list", "snapshots").compactMap { $0["id"] as? String }
            var forgotten = 0
            for snapshot in snapshots {
                guard try await holdfast.run("repo", "cat", "snapshot", snapshot).text.contains("rp:\(ids[0])") else {
                    continue
                }
                _ = try await holdfast.restic("forget", snapshot)
                forgotten += 1
            }
            #expect(forgotten == 2)
            let after = try await holdfast.json("repo", "stats")
            #expect((after["unreferenced"] as? [String: Any])?["storedBytes"] as? Int == unique[1], "\(after)")
        }
    }

    @Test("a damaged tree is told about, with exit code 3, and the rest is counted and searched")
    func damagedTree() async throws {
        try await withRepository { holdfast, ids in
            let tree = try #require(
                try await list(holdfast, "repo", "ls", ids[0], "/documents").first?["tree"] as? String
            )
            let blob = try #require(
                try await list(holdfast, "repo", "list", "blobs").first { $0["id"] as? String == tree }
            )
            let name = try #require(blob["pack"] as? String)
            let pack = URL(filePath: holdfast.folder.path("repo/data/\(name.prefix(2))/\(name)"))
            var bytes = try Data(contentsOf: pack)
            bytes[try #require(blob["offset"] as? Int) + 20] ^= 1
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pack.path)
            try bytes.write(to: pack)
            let found = try await holdfast.run("repo", "find", "changes.mdx", expecting: 3)
            #expect(
                found.text.contains(ids[1]) && !found.text.contains(ids[0]) && found.errorText.contains("/documents")
            )
            let stats = try await holdfast.run("repo", "stats", expecting: 3)
            #expect(stats.errorText.contains("could not be read"), "\(stats)")
            try await holdfast.run("repo", "stats", "--mode", "restore-size", expecting: 3)
            try await holdfast.run("repo", "ls", ids[0], "--recursive", expecting: 1)
            try await holdfast.run("repo", "ls", ids[1], "--recursive")
        }
    }

    @Test("a reader that goes away ends the command quietly and leaves no lock")
    func closedOutput() async throws {
        try await withRepository { holdfast, _ in
            let outcome = try await #require(Program.find("sh")).run(
                [
                    "-c", "\"$0\" repo dump latest /documents/docs/figures.bin | head -c 10 | wc -c",
                    HoldfastProgram.path,
                ],
                environment: holdfast.environment(),
                folder: holdfast.folder.path
            )
            #expect(
                outcome.text.trimmingCharacters(in: .whitespacesAndNewlines) == "10" && outcome.errors.isEmpty,
                "\(outcome)"
            )
            #expect(try await holdfast.run("repo", "list", "locks").text.isEmpty)
        }
    }
}
