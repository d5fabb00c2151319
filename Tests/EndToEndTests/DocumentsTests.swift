import Foundation
import TestSupport
import Testing

@Suite("Documents, from the command line", .timeLimit(.minutes(10)))
struct DocumentsTests {
    @Test("init, backup, verify, restore, diff and restic agree with each other")
    func mainJob() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            let first = try await holdfast.json("backup")
            let second = try await holdfast.json("backup")
            #expect((second["documents"] as? [String: Int])?["unmodified"] == 41, "\(second)")
            #expect((second["documents"] as? [String: Int])?["changed"] == 0)
            try await holdfast.run("verify", "--all")

            try holdfast.write("changed", to: "docs/part-1/page-1.mdx")
            try holdfast.write("added", to: "docs/part-9/new.mdx")
            try FileManager.default.removeItem(atPath: folder.path("docs/part-2/page-2.mdx"))
            try await holdfast.run("backup")
            let id = try #require((first["restorePoint"] as? [String: Any])?["id"] as? String)
            let diff = try await holdfast.run("diff", id, "latest").text
            #expect(diff.contains("M /documents/docs/part-1/page-1.mdx"), "\(diff)")
            #expect(
                diff.contains("+ /documents/docs/part-9/new.mdx")
                    && diff.contains("- /documents/docs/part-2/page-2.mdx")
            )
            #expect(diff.contains("added, 1 changed, 1 removed"))
            #expect((try await holdfast.json("points")["list"] as? [Any])?.count == 3)

            try await holdfast.run("restore", "--target", "restored")
            #expect(try await areEqual(folder.path("docs"), folder.path("restored/docs")))
            if Program.find("restic") != nil {
                _ = try await holdfast.restic("check", "--read-data")
                _ = try await holdfast.restic(
                    "restore",
                    "latest",
                    "--path",
                    "/documents",
                    "--target",
                    folder.path("by-restic")
                )
                #expect(try await areEqual(folder.path("docs"), folder.path("by-restic/documents/docs")))
            }
        }
    }

    @Test("restored in place, only what differs is written, and what is new stays")
    func inPlace() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            try await holdfast.run("backup")
            try holdfast.write("damaged", to: "docs/part-0/page-0.mdx")
            try FileManager.default.removeItem(atPath: folder.path("docs/part-3/page-3.mdx"))
            try holdfast.write("written since", to: "docs/since.mdx")
            try await holdfast.run("restore", expecting: 14)
            let result = try await holdfast.json("restore", "--in-place")
            let documents = try #require((result["documents"] as? [[String: Any]])?.first)
            #expect(
                documents["restoredFiles"] as? Int == 2 && documents["unchangedFiles"] as? Int == 39,
                "\(documents)"
            )
            #expect(try String(contentsOfFile: folder.path("docs/since.mdx"), encoding: .utf8) == "written since")
            try await holdfast.run("restore", "--include", "part-1/**", "--target", "some")
            let some = try FileManager.default.subpathsOfDirectory(atPath: folder.path("some/docs"))
            #expect(some.count == 11 && some.allSatisfy { $0.hasPrefix("part-1") }, "\(some)")
        }
    }

    @Test("each failure has its exit code and says what to do")
    func exitCodes() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.run("backup", expecting: 2)
            try await holdfast.run("frobnicate", expecting: 2)
            #expect(
                try await holdfast.run("restore", "--as", "x", "--in-place", expecting: 2).errorText.contains("exclude")
            )
            try await holdfast.run("--help")
            try await holdfast.initDocuments()
            #expect(try await holdfast.run("backup", expecting: 12, password: "wrong").errorText.contains("hint:"))
            #expect(try await holdfast.run("restore", expecting: 1).errorText.contains("holdfast backup"))
            try await holdfast.run("backup")
            #expect(try await holdfast.run("show", "ffffffff", expecting: 1).errorText.contains("holdfast points"))

            // An empty folder where there were files is an error, not a backup.
            try FileManager.default.moveItem(atPath: folder.path("docs"), toPath: folder.path("away"))
            try await holdfast.run("backup", expecting: 13)
            try FileManager.default.createDirectory(atPath: folder.path("docs"), withIntermediateDirectories: false)
            #expect(try await holdfast.run("backup", expecting: 13).errorText.contains("mounted"))
            #expect((try await holdfast.json("points")["list"] as? [Any])?.count == 1)

            try FileManager.default.moveItem(atPath: folder.path("repo"), toPath: folder.path("repo-away"))
            #expect(try await holdfast.run("points", expecting: 10).errorText.contains("holdfast init"))
        }
    }

    @Test("a repository that is locked exclusively by a living process is left alone")
    func locked() async throws {
        guard Program.find("restic") != nil else { return }
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            try await holdfast.run("backup")
            // A lock that says it is held by us, who live.
            let store = try ExclusiveLock(repository: folder.path("repo"), password: "secret phrase")
            try await store.hold {
                let refused = try await holdfast.run("backup", expecting: 11)
                #expect(refused.errorText.contains("locked exclusively"), "\(refused)")
            }
            try await holdfast.run("backup")
        }
    }

    @Test("a flipped byte in any pack is found by verify, which names the files it hits", arguments: [0, 1, 2])
    func damage(which: Int) async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            try await holdfast.run("backup")
            let packs = try FileManager.default.subpathsOfDirectory(atPath: folder.path("repo/data")).filter {
                $0.count > 60
            }
            .sorted { try! size(folder.path("repo/data/\($0)")) > size(folder.path("repo/data/\($1)")) }
            // The largest pack holds the data.
            let pack = URL(filePath: folder.path("repo/data/\(packs[0])"))
            var bytes = try Data(contentsOf: pack)
            bytes[bytes.count / 4 * (which + 1)] ^= 0x10
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pack.path)
            try bytes.write(to: pack)
            let verdict = try await holdfast.run("verify", expecting: 1)
            #expect(verdict.text.contains("DAMAGED") && verdict.text.contains("/documents/docs/"), "\(verdict)")
            // Nothing damaged is ever restored silently.
            try await holdfast.run("restore", "--target", "restored", expecting: 1)
        }
    }

    private func size(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    }
}
