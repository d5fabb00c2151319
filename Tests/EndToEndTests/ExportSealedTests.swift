import Foundation
import TestSupport
import Testing

@Suite(
    "An export of configuration",
    .enabled(if: Program.find("age") != nil && Program.find("age-keygen") != nil, "age is not installed"),
    .timeLimit(.minutes(5))
)
struct ExportSealedTests {
    @Test("is a tar of sealed files that age opens, without anything by which a value could be tried out")
    func sealed() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            let keygen = try await #require(Program.find("age-keygen")).run(["-o", folder.path("identity")])
            let recipient = try #require(keygen.errorText.firstMatch(of: /age1[a-z0-9]+/)).0
            let secret = "API_KEY=s3cr3t-value-of-a-test\n"
            try holdfast.write(secret, to: "app/.env.production")
            try holdfast.write("port: 1\n", to: "app/config/server.yaml")
            try holdfast.write(
                """
                version: 1
                repository:
                  location: backup
                  password: env:HOLDFAST_PASSWORD
                system: test
                configuration:
                  - name: app
                    path: app
                    files: [.env.production, "config/*.yaml"]
                    recipients: [\(recipient)]

                """,
                to: "holdfast.yaml"
            )
            try await holdfast.run("init")
            try await holdfast.run("backup")
            let outcome = try await holdfast.run("export", "--to", "out")
            let said = outcome.errorText.split(separator: "\n").filter { $0.contains("age --decrypt") }
            #expect(said.count == 1 && said.first?.contains("nothing was given to open it with") == true, "\(outcome)")
            #expect(said.first?.contains("'--identity FILE'") == true)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("out")).sorted()
            let name = try #require(names.first)
            #expect(name.wholeMatch(of: /config-backup-\d{8}-sealed\.tar/) != nil && names == [name, name + ".sha256"])
            let tar = try #require(Program.find("tar"))
            let listed = try await tar.run(["tf", folder.path("out/\(name)")])
            #expect(listed.text == "app/.env.production.age\napp/config/server.yaml.age\n", "\(listed)")
            let whole = try Data(contentsOf: URL(filePath: folder.path("out/\(name)")))
            #expect(whole.range(of: Data("s3cr3t-value".utf8)) == nil && whole.range(of: Data("API_KEY".utf8)) == nil)
            #expect(try await tar.run(["xf", folder.path("out/\(name)"), "-C", folder.path("out")]).succeeded)
            let opened = try await #require(Program.find("age")).run([
                "--decrypt", "-i", folder.path("identity"), folder.path("out/app/.env.production.age"),
            ])
            #expect(opened.succeeded && opened.text == secret, "\(opened)")
            #expect(try await holdfast.run("verify", "--all").text.contains("configuration present: ok"))
        }
    }
    /// The names in a folder that do not end in `.sha256`.
    private func files(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasSuffix(".sha256") }.sorted()
    }

    @Test(
        "is with an identity one tar.gz that age opens, of the sets that it opens; the others stay as they are stored"
    )
    func opened() async throws {
        try await TemporaryDirectory.with { folder in
            let program = try SealedProgram(in: folder)
            let (ours, theirs) = (try await program.makeKey("ours.txt"), try await program.makeKey("theirs.txt"))
            try program.write("API_KEY=s3cr3t-value-of-a-test\n", to: "app/.env.production", mode: 0o600)
            try program.write("port: 1\n", to: "app/config/server.yaml", mode: 0o640)
            var generator = SeededGenerator(seed: 11)
            let large = generator.bytes(3_000_000)
            try program.write("", to: "certificates/a.pem")
            try Data(large).write(to: URL(filePath: folder.path("certificates/a.pem")))
            try program.write("TOKEN=theirs-alone-000\n", to: "theirs/.env")
            try program.configure(
                """
                  - {name: app, path: app, files: [.env.production, "config/*.yaml"], recipients: [\(ours)]}
                  - {name: certificates, path: certificates, files: ["*.pem"], recipients: [\(ours)]}
                  - {name: theirs, path: theirs, files: [.env], recipients: [\(theirs)]}

                """
            )
            try await program.run("init")
            try await program.run("backup")
            let plan = try await program.run("export", "--to", "out", "--identity", "ours.txt", "--dry-run")
            #expect(plan.text.contains("app, certificates as one tar.gz, sealed to \(ours)"), "\(plan)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("out")))
            let outcome = try await program.run("export", "--to", "out", "--identity", "ours.txt")
            let said = outcome.errorText.split(separator: "\n").filter { $0.contains("age --decrypt") }
            #expect(said.count == 1 && said.first?.contains("configuration 'theirs'") == true, "\(outcome)")

            let names = try files(in: folder.path("out"))
            try #require(names.count == 2, "\(names)")
            #expect(names[0].wholeMatch(of: /config-backup-\d{8}-sealed\.tar/) != nil)
            let name = try #require(names[1].wholeMatch(of: /config-backup-\d{8}\.age/)?.0)
            let age = try #require(Program.find("age"))
            let archive = try await age.run(["-d", "-i", folder.path("ours.txt"), folder.path("out/\(name)")])
            #expect(archive.succeeded, "\(archive.errorText)")
            let strangers = try await age.run(["-d", "-i", folder.path("theirs.txt"), folder.path("out/\(name)")])
            #expect(!strangers.succeeded)
            try FileManager.default.createDirectory(atPath: folder.path("back"), withIntermediateDirectories: false)
            let tar = try #require(Program.find("tar"))
            let unpacked = try await tar.run(["xpzf", "-", "-C", folder.path("back")], input: archive.output)
            #expect(unpacked.succeeded, "\(unpacked)")
            for path in ["app/.env.production", "app/config/server.yaml", "certificates/a.pem"] {
                #expect(try program.bytes("back/\(path)") == program.bytes(path), "\(path)")
                #expect(try program.mode("back/\(path)") == program.mode(path), "\(path)")
            }
            #expect(!FileManager.default.fileExists(atPath: folder.path("back/theirs")))

            // Neither the archive nor anything beside it is in the clear, and nothing was left elsewhere.
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("tmp")).isEmpty)
            for (command, text) in program.heard {
                #expect(Data(text).range(of: Data("s3cr3t-value".utf8)) == nil, "\(command)")
            }
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path("out")) {
                let content = try Data(contentsOf: URL(filePath: folder.path("out/\(name)")))
                #expect(content.range(of: Data("s3cr3t-value".utf8)) == nil, "\(name)")
                #expect(content.range(of: Data("API_KEY".utf8)) == nil, "\(name)")
            }

            // Sets for different readers are never put into one file.
            try await program.run("export", "--to", "both", "--identity", "ours.txt", "--identity", "theirs.txt")
            let both = try files(in: folder.path("both"))
            #expect(both.count == 2 && both[0].contains("-app.age") && both[1].contains("-theirs.age"), "\(both)")
        }
    }

    @Test("is refused when the identity that was given opens nothing of it, before anything is written")
    func wrongIdentity() async throws {
        try await TemporaryDirectory.with { folder in
            let program = try SealedProgram(in: folder)
            let recipient = try await program.makeKey()
            _ = try await program.makeKey("other.txt")
            try program.write("A=1\n", to: "app/.env")
            try program.configure("  - {name: app, path: app, files: [.env], recipients: [\(recipient)]}\n")
            try await program.run("init")
            try await program.run("backup")
            let refused = try await program.run("export", "--to", "out", "--identity", "other.txt", expecting: nil)
            #expect(refused.status != 0 && refused.errorText.contains("none of the given identities"), "\(refused)")
            let absent = try await program.run("export", "--to", "out", "--identity", "none.txt", expecting: nil)
            #expect(absent.status != 0, "\(absent)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("out")))
        }
    }

    @Test("is sealed with the passphrase again when a passphrase opens it")
    func passphrase() async throws {
        try await TemporaryDirectory.with { folder in
            let program = try SealedProgram(in: folder)
            program.environment["KIT"] = "three words here"
            try program.write("A=1\n", to: "app/.env")
            try program.configure("  - {name: app, path: app, files: [.env], passphrase: env:KIT}\n")
            try await program.run("init")
            try await program.run("backup")
            try await program.run("export", "--to", "out")
            let names = try files(in: folder.path("out"))
            let name = try #require(names.first?.wholeMatch(of: /config-backup-\d{8}\.age/)?.0)
            let header = try Data(contentsOf: URL(filePath: folder.path("out/\(name)"))).prefix(40)
            #expect(String(decoding: header, as: UTF8.self).hasPrefix("age-encryption.org/v1\n-> scrypt "))
        }
    }

    @Test(
        "is what the handbook types: gpg --decrypt, and tar xzf",
        .enabled(if: Program.find("gpg") != nil, "gpg is not installed")
    )
    func openPGP() async throws {
        try await TemporaryKeyring.with { keyring, folder in
            let fingerprint = try await keyring.makeKey()
            let program = try SealedProgram(in: folder)
            try program.write("API_KEY=s3cr3t-value-of-a-test\n", to: "app/.env.production")
            try program.configure(
                "  - {name: app, path: app, files: [.env.production], openpgp: [\(fingerprint)], gnupg_home: g}\n"
            )
            try await program.run("init")
            try await program.run("backup")
            try await program.run("export", "--to", "out")
            let names = try files(in: folder.path("out"))
            let name = try #require(names.first?.wholeMatch(of: /config-backup-\d{8}\.gpg/)?.0)
            let archive = try await keyring.gpg("--decrypt", folder.path("out/\(name)"))
            try FileManager.default.createDirectory(atPath: folder.path("back"), withIntermediateDirectories: false)
            let tar = try #require(Program.find("tar"))
            let unpacked = try await tar.run(["xzf", "-", "-C", folder.path("back")], input: archive.output)
            #expect(unpacked.succeeded, "\(unpacked)")
            #expect(try program.bytes("back/app/.env.production") == program.bytes("app/.env.production"))
        }
    }
}
