import Foundation
import TestSupport
import Testing

private let hasKeygen = Program.find("age-keygen") != nil

@Suite("Secrets", .timeLimit(.minutes(15)), .enabled(if: hasKeygen, "age-keygen is not installed"))
struct SecretLeakTests {
    /// Distinctive, one for each place that a secret comes from.
    private static let values = [
        "Dotenv-value-Qx81Zr77", "Quoted value Lm52Ty09 with blanks", "Yaml-value-Hs63Vb18", "Json-value-Wd94Nk27",
        "Pem-line-Ft05Cg36", "Ini-value-Rj16Pz45", "Kit-passphrase-Bu27Ex54", "Repo-password-Ky38Mo63",
        "Unrelated-token-Ni49Aq72", "changed-value-Gp50Ls81", "Bystander-Xc61Dw90",
        "sk-proj-Zk47Wd83Rb29", "Header-value-Vu76Hq13", "Query-token-Sb35Jn68", "Body-field-Ae92Ct47",
        "Argument-Oy20Fi74",
    ]

    /// What is asked and run in a recovery, with secrets in every place that nobody marks. Nothing listens there.
    private static let sections = """
        probes:
          - name: alive
            http:
              url: "http://127.0.0.1:9/health?token=\(values[13])"
              headers: {X-Session: \(values[12]), Authorization: "Bearer env:UNRELATED"}
              body: '{"field": "\(values[14])"}'
          - {name: shell, command: "false \(values[15])"}
        recovery:
          hooks: {before_documents: "true \(values[15])"}
          reingest: {http: {url: "http://127.0.0.1:9/?k=\(values[13])", body: '{"f": {{files}}, "k": "\(values[14])"}'}}
        drill: {application: {command: "false \(values[15])", probes: [{name: up, http: {url: "http://127.0.0.1:9/?\(values[13])"}}]}}

        """

    private func writeFiles(_ program: SealedProgram, dotenv: String) throws {
        let values = Self.values
        try program.write(
            "TOKEN=\(dotenv)\nexport QUOTED=\"\(values[1])\"\n",
            to: "app/.env.production"
        )
        try program.write("db:\n  password: \(values[2])\nlist: [\(values[2])]\n", to: "app/config/a.yaml")
        try program.write("{\"api\": {\"key\": \"\(values[3])\"}}", to: "app/config/b.json")
        try program.write("-----BEGIN-----\n\(values[4])\n-----END-----\n", to: "app/certs/c.pem", mode: 0o400)
        try program.write("[x]\nkey = \(values[5])\n", to: "app/config/d.ini")
        // Understood neither as variables nor as YAML: no part of it may be taken for a name.
        try program.write("\(values[10])\n", to: "app/.env.token")
        // Where a name belongs: without a sign, with one, as the key of a mapping.
        try program.write("PORT=1\n\(values[11])\n", to: "app/.env.line")
        try program.write("\(values[11])=\nPORT=1\n", to: "app/.env.sign")
        try program.write("keys:\n  \(values[11]): 1\n", to: "app/config/keys.yaml")
        try program.write("{\"\(values[11])\": {\"a\": 1}}", to: "app/config/keys.json")
        try program.write("name: \"never closed\n\(values[10]): \(values[10])\n", to: "app/config/broken.yaml")
    }

    /// A whole life with every command, failures included.
    ///
    /// - Returns: the secrets: values, and the text of the identity.
    private func live(_ program: SealedProgram) async throws -> [String] {
        let folder = program.folder
        let values = Self.values
        let key = try await program.makeKey()
        _ = try await program.makeKey("wrong.txt")
        let identity = try #require(
            String(decoding: program.bytes("key.txt"), as: UTF8.self).split(separator: "\n").last.map(String.init)
        )
        program.environment = [
            "HOLDFAST_PASSWORD": values[7], "KIT": values[6], "UNRELATED": values[8], "IDENTITY": identity,
        ]
        try writeFiles(program, dotenv: values[0])
        let files = "[\".env.*\", \"config/*\", \"certs/*.pem\"]"
        func configure(_ identity: String) throws {
            try program.configure(
                """
                  - {name: app, path: app, files: \(files), recipients: [\(key)]\(identity)}
                  - {name: kit, path: app, files: [.env.production], passphrase: "env:KIT"}

                """,
                more: Self.sections
            )
        }
        try configure("")
        for arguments in [["init"], ["doctor"], ["backup", "--dry-run"], ["backup"], ["backup", "--json"]] {
            try await program.run(arguments + ["--verbose"])
        }
        try writeFiles(program, dotenv: values[9])
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("app/certs/link.pem"),
            withDestinationPath: "c.pem"
        )
        try await program.run("backup", "--verbose", expecting: 3)
        let old = try #require(try await program.points().last)
        for output in [["--verbose"], ["--json", "--verbose"]] {
            for arguments in [
                ["show"], ["show", old], ["points"], ["diff", old, "latest"], ["verify", "--all"], ["doctor"],
                ["repo", "ls", "latest", "/", "--recursive"], ["repo", "find", "*.age"],
                ["repo", "check", "--read-data"],
                ["repo", "stats"], ["forget", "--dry-run"], ["prune", "--dry-run"], ["key", "list"],
                ["restore", "--dry-run"], ["restore", "--dry-run", "--identity", "key.txt"],
                ["show", "--configuration"], ["probe"], ["recover", "--dry-run"], ["drill", "full"],
                ["export", "--to", "exported", "--force"],
                ["export", "--to", "exported", "--force", "--identity", "key.txt"],
            ] {
                try await program.run(arguments + output, expecting: nil)
            }
        }
        for path in ["index.json", "files/.env.production.age", "files/config/a.yaml.age"] {
            try await program.run("repo", "dump", "latest", "/configuration/app/\(path)")
        }
        try await program.run("repo", "dump", "latest", "/configuration/digest-key.json")
        for id in try await program.run("repo", "list", "snapshots").text.split(separator: "\n") {
            try await program.run(["repo", "cat", "snapshot", String(id.prefix(8))], expecting: nil)
        }
        // What goes wrong.
        try await program.run("restore", "--in-place", "--verbose", "--set", "app", old, expecting: 1)
        for identity in ["wrong.txt", "app/.env.production", "app/certs/c.pem", "none.txt", "holdfast.yaml"] {
            for more in [[], ["--json"]] {
                let target = [
                    "restore", "--target", "out-\(identity.replacing("/", with: "-"))", "--identity", identity,
                ]
                try await program.run(target + more + ["--verbose", "--set", "app"], expecting: nil)
            }
        }
        try program.write("\(values[10])", to: "kit-wrong")
        program.environment["KIT"] = values[10]
        try await program.run("restore", "--target", "out-kit", "--set", "kit", "--verbose", expecting: 1)
        program.environment["KIT"] = values[6]
        program.environment["HOLDFAST_PASSWORD"] = values[10]
        try await program.run("backup", "--verbose", expecting: 12)
        program.environment["HOLDFAST_PASSWORD"] = values[7]
        for broken in [", identity: \(identity)", ", passphrase: \(values[6])", ", passphrase: [\(values[6])]"] {
            try configure(broken)
            try await program.run("backup", "--verbose", expecting: 2)
        }
        // What goes right.
        try configure(", identity: \"env:IDENTITY\"")
        try await program.run("restore", "--target", "restored/1", "--verbose")
        try await program.run("restore", "--target", "restored/2", "--identity", "key.txt", "--json")
        try await program.run("restore", "--in-place", old, "--verbose")
        #expect(
            String(decoding: try program.bytes("restored/1/configuration/kit/.env.production"), as: UTF8.self)
                .contains(values[9])
        )
        return values + [String(identity.dropFirst("AGE-SECRET-KEY-1".count))]
    }

    /// Everything that is not the live files, the identities and what was restored on purpose.
    private func search(_ program: SealedProgram, for secrets: [String]) async throws -> SecretScan {
        var scan = SecretScan(secrets)
        for (command, text) in program.heard {
            scan.search(text, in: "what 'holdfast \(command)' said")
        }
        try scan.search(folder: program.folder.path("tmp"))
        try scan.search(folder: program.folder.path("cache"))
        try scan.search(folder: program.folder.path("repo"))
        try scan.search(folder: program.folder.path("exported"))
        try await scan.search(repository: program.folder.path("repo"), password: Self.values[7])
        let top = try FileManager.default.contentsOfDirectory(atPath: program.folder.path)
        for name in top where name.hasPrefix("out-") {
            scan.search(Array(name.utf8), in: "the target of a restore that failed")
            try scan.search(folder: program.folder.path(name))
        }
        return scan
    }

    @Test("appear in no output, log, error, temporary file, name or blob, whatever is asked for and whatever fails")
    func noLeak() async throws {
        try await TemporaryDirectory.with { folder in
            let program = try SealedProgram(in: folder)
            let secrets = try await live(program)
            let scan = try await search(program, for: secrets)
            #expect(scan.leaks.isEmpty, "\(scan.leaks.map(\.description).sorted().joined(separator: "\n"))")
            #expect(program.heard.count > 60 && scan.searchedPlaces > 120 && scan.searchedBytes > 50_000, "\(scan)")

            // The search finds what is planted, in each kind of place and notation.
            try await plant(program, secrets)
        }
    }

    /// A search that cannot fail shows nothing.
    private func plant(_ program: SealedProgram, _ secrets: [String]) async throws {
        let secret = secrets[0]
        let encoded = Data("xy\(secret)z".utf8).base64EncodedString()
        try program.write("noise \(encoded) noise", to: "tmp/left-behind")
        try program.write("TOKEN: \(secret)", to: "cache/log")
        // As a backup would store it that had not been sealed.
        try program.configure(
            "  - {name: app, path: app, files: [none], passphrase: \"env:KIT\"}\n",
            more: "documents: [{path: app, name: plain, include: [.env.production]}]\n"
        )
        try await program.run("backup", "--only", "documents")
        try await program.run("repo", "dump", "latest", "/documents/plain/.env.production")
        let places = try await search(program, for: secrets).leaks.map(\.description)
        for expected in ["left-behind, base 64", "log, plain", "repo dump latest /documents", "data blob"] {
            #expect(places.contains { $0.contains(expected) }, "\(expected) is not found: \(places)")
        }
    }
}
