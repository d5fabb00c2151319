import Foundation
import TestSupport
import Testing

@Suite(
    "Several repositories, from the command line",
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")"),
    .enabled(if: Program.find("restic") != nil, "restic is not installed"),
    .timeLimit(.minutes(10))
)
struct RepositoriesTests {
    /// A system with a repository in a folder and one behind rclone.
    private func withSystem(_ body: (HoldfastProgram) async throws -> Void) async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try holdfast.write(
                """
                version: 1
                system: test
                repositories:
                  - name: local
                    location: ./repo
                    password: env:HOLDFAST_PASSWORD
                    prices: {currency: EUR, per_1000_puts: 5, per_1000_gets: 0.4}
                  - name: offsite
                    location: "rclone::local:\(folder.path("offsite"))"
                    password: env:HOLDFAST_PASSWORD
                    rclone_program: \(ObjectServers.rclone)
                    retention: {hourly: none, daily: none, weekly: none, monthly: none, yearly: none, last: 1}
                documents:
                  - {name: docs, path: ./docs}
                """,
                to: "holdfast.yaml"
            )
            try await holdfast.run("init")
            try await body(holdfast)
        }
    }

    private func resticChecks(_ holdfast: HoldfastProgram) async throws {
        let restic = try #require(Program.find("restic"))
        let outcome = try await restic.run(
            [
                "-o", "rclone.program=\(ObjectServers.rclone)", "-r",
                "rclone::local:\(holdfast.folder.path("offsite"))",
                "--no-cache", "check", "--read-data",
            ],
            environment: ["RESTIC_PASSWORD": "secret phrase"]
        )
        #expect(outcome.succeeded, "\(outcome)")
    }

    @Test("a restore point is in each, restores from either, and each has its own retention")
    func everywhere() async throws {
        try await withSystem { holdfast in
            let first = try await holdfast.json("backup")
            let copies = try #require(first["copies"] as? [[String: Any]])
            #expect(copies.map { $0["repository"] as? String } == ["offsite"])
            #expect(copies.allSatisfy { $0["complete"] as? Bool == true && ($0["storedBytes"] as? Int ?? 0) > 0 })
            let storage = try #require(first["storage"] as? [String: Any])
            let (puts, lists) = (try #require(storage["puts"] as? Int), try #require(storage["lists"] as? Int))
            let (gets, heads) = (try #require(storage["gets"] as? Int), try #require(storage["heads"] as? Int))
            #expect(puts > 0 && (storage["bytesWritten"] as? Int ?? 0) > 0)
            let cost = try #require((storage["cost"] as? [String: Any])?["requests"] as? Double)
            #expect(abs(cost - (Double(puts + lists) / 1000 * 5 + Double(gets + heads) / 1000 * 0.4)) < 1e-9)
            try await resticChecks(holdfast)

            try holdfast.write("changed", to: "docs/part-1/page-1.mdx")
            try await holdfast.run("backup")
            for name in ["local", "offsite"] {
                try await holdfast.run("restore", "latest", "--repository", name, "--target", "out-\(name)")
                let text = FileManager.default.contents(
                    atPath: holdfast.folder.path("out-\(name)/docs/part-1/page-1.mdx")
                )
                #expect(text == Data("changed".utf8), "\(name)")
                try await holdfast.run("forget", "--repository", name)
                try await holdfast.run("prune", "--repository", name, "--grace", "0")
            }
            #expect((try await holdfast.json("points", "--repository", "local")["list"] as? [Any])?.count == 1)
            #expect((try await holdfast.json("points", "--repository", "offsite")["list"] as? [Any])?.count == 1)
            try await resticChecks(holdfast)
        }
    }

    @Test("one that is out of reach keeps the others from nothing, is reported, and is brought up to date later")
    func outOfReach() async throws {
        try await withSystem { holdfast in
            let folder = holdfast.folder
            try FileManager.default.moveItem(atPath: folder.path("offsite"), toPath: folder.path("elsewhere"))
            let outcome = try await holdfast.run("backup", expecting: 3)
            #expect(outcome.text.contains("restore point"))
            #expect(outcome.errorText.contains("not in 'offsite'"), "\(outcome.errorText)")
            #expect(outcome.errorText.contains("repo copy"), "\(outcome.errorText)")
            try await holdfast.run("verify")
            try? FileManager.default.removeItem(atPath: folder.path("offsite"))
            try FileManager.default.moveItem(atPath: folder.path("elsewhere"), toPath: folder.path("offsite"))
            try await holdfast.run("repo", "copy", "--to", "offsite")
            try await holdfast.run("verify", "--repository", "offsite")
            try await resticChecks(holdfast)
        }
    }

    @Test("doctor tries the rights in each, and takes away what it tried them with", arguments: ["local", "offsite"])
    func rights(name: String) async throws {
        try await withSystem { holdfast in
            let found = try await holdfast.json("doctor", "--storage", "--repository", name)
            let rights = try #require(found["rights"] as? [[String: Any]])
            #expect(rights.map { $0["right"] as? String } == ["put", "get", "list", "overwrite", "delete"])
            #expect(rights.allSatisfy { $0["result"] as? String == "allowed" }, "\(rights)")
            #expect(found["like"] as? [String] == ["pruner"] && found["leftover"] == nil)
            let place = holdfast.folder.path(name == "local" ? "repo" : name)
            let left = (try? FileManager.default.contentsOfDirectory(atPath: "\(place)/holdfast/doctor")) ?? []
            #expect(left.isEmpty)
        }
    }

    @Test("the first one failing is the backup failing, and a name that is none is an error of usage")
    func firstFails() async throws {
        try await withSystem { holdfast in
            try FileManager.default.removeItem(atPath: holdfast.folder.path("repo"))
            try await holdfast.run("backup", expecting: 10)
            let unknown = try await holdfast.run("points", "--repository", "nope", expecting: 2)
            #expect(unknown.errorText.contains("local, offsite"))
            // By its name it is a repository like any other.
            try await holdfast.run("backup", "--repository", "offsite")
        }
    }
}
