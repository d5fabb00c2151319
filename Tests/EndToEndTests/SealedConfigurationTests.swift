import Foundation
import TestSupport
import Testing

private let hasPrograms = ["age", "age-keygen", "restic"].allSatisfy { Program.find($0) != nil }

@Suite("Sealed configuration, from the command line", .timeLimit(.minutes(10)))
struct SealedConfigurationTests {
    private func entry(_ key: String) -> String {
        "  - {name: app, path: app, files: [.env.production, \"config/*.yaml\", \"certs/*.pem\"], recipients: [\(key)]}\n"
    }

    private func writeFiles(_ program: SealedProgram) throws {
        try program.write("DATABASE_URL=postgres://u:pw@h/db\nLOG=info\n", to: "app/.env.production")
        try program.write("model:\n  name: m\n  key: k-1\n", to: "app/config/app.yaml", mode: 0o640)
        try program.write("-----BEGIN-----\n", to: "app/certs/a.pem", mode: 0o400)
    }

    @Test(
        "backup, show, diff, verify, restore and the programs restic and age agree with each other",
        .enabled(if: hasPrograms, "age or restic is not installed")
    )
    func mainJob() async throws {
        try await TemporaryDirectory.with { folder in
            let program = try SealedProgram(in: folder)
            try writeFiles(program)
            let key = try await program.makeKey()
            try program.configure(entry(key))
            try await program.run("init")
            #expect(try await program.run("doctor").text.contains("3 files in"))
            #expect(try await program.run("backup", "--dry-run").text.contains("sealed to \(key)"))
            let first = try await program.run("backup")
            #expect(first.text.contains("3 files sealed now") && first.text.contains("sealed to \(key)"), "\(first)")
            #expect(try await program.run("backup").text.contains("0 files sealed now, 3 unchanged"))
            let shown = try await program.run("show").text
            #expect(shown.contains("sealed to \(key)") && shown.contains("app  from \(folder.path("app")): 3 files"))

            // The way out without us.
            _ = try await program.holdfast.restic("check", "--read-data")
            let age = try #require(Program.find("age"))
            for path in [".env.production", "config/app.yaml", "certs/a.pem"] {
                let sealed = try await program.resticDump("/configuration/app/files/\(path).age")
                let opened = try await age.run(["-d", "-i", folder.path("key.txt")], input: sealed)
                #expect(opened.output == (try program.bytes("app/\(path)")), "\(path): \(opened)")
            }

            try program.write("DATABASE_URL=postgres://u:other@h/db\nSENTRY=x\n", to: "app/.env.production")
            try await program.run("backup")
            let points = try await program.points()
            let diff = try await program.run("diff", points[1], "latest").text
            #expect(
                diff.contains("configuration app/.env.production: DATABASE_URL changed; SENTRY added; LOG removed"),
                "\(diff)"
            )
            try await program.run("verify", "--all")
            try await program.run("verify", "--structure-only")

            try FileManager.default.moveItem(atPath: folder.path("app"), toPath: folder.path("gone"))
            #expect(try await program.run("restore", "--dry-run").text.contains("needs an identity of \(key)"))
            let refused = try await program.run("restore", expecting: 1)
            #expect(refused.errorText.contains(key) && refused.errorText.contains("--identity"), "\(refused)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("app")))
            try await program.run("restore", "--only", "configuration", "--identity", "key.txt")
            #expect(try await areEqual(folder.path("app"), folder.path("gone")))
            #expect(try program.mode("app/.env.production") == 0o600 && program.mode("app/certs/a.pem") == 0o400)
            #expect(try program.mode("app/config/app.yaml") == 0o640)
            #expect(try await program.run("restore").text.contains("3 equal already"))
            try program.write("LOG=debug\n", to: "app/.env.production")
            #expect(
                try await program.run("restore", "--identity", "key.txt", expecting: 14).errorText.contains(
                    "--in-place"
                )
            )
            try await program.run("restore", "--in-place", "--identity", "key.txt")
            #expect(try await areEqual(folder.path("app"), folder.path("gone")))
            #expect(
                try await program.run("restore", "--only", "qdrant", "--identity", "x", expecting: 2).errorText
                    .contains("--identity")
            )
        }
    }

    @Test(
        "gpg opens what lies in the repository, and a restore goes through gpg",
        .enabled(if: Program.find("gpg") != nil)
    )
    func openPGP() async throws {
        try await TemporaryKeyring.with { keyring, folder in
            let fingerprint = try await keyring.makeKey()
            let program = try SealedProgram(in: folder)
            try writeFiles(program)
            try program.configure(
                "  - {name: app, path: app, files: [.env.production], openpgp: [\(fingerprint)], gnupg_home: g}\n"
            )
            try await program.run("init")
            try await program.run("doctor")
            try await program.run("backup")
            #expect(try await program.run("backup").text.contains("0 files sealed now, 1 unchanged"))
            if Program.find("restic") != nil {
                let sealed = try await program.resticDump("/configuration/app/files/.env.production.gpg")
                #expect(
                    try await keyring.gpg("--decrypt", input: sealed).output == program.bytes("app/.env.production")
                )
            }
            try await program.run("restore", "--target", "out")
            #expect(
                try program.bytes("out/configuration/app/.env.production") == program.bytes("app/.env.production")
            )
        }
    }

    @Test(
        "a file that this user may not read is named, and the rest is stored, with exit code 3",
        .enabled(if: canBeSomebodyElse)
    )
    func unreadable() async throws {
        try await TemporaryDirectory.with { folder in
            let program = try SealedProgram(in: folder)
            try writeFiles(program)
            try program.configure(entry("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"))
            try await handOver(folder)
            try FileManager.default.setAttributes(
                [.ownerAccountID: 0, .posixPermissions: 0o600],
                ofItemAtPath: folder.path("app/config/app.yaml")
            )
            try await program.run(["init"], through: somebodyElse)
            let outcome = try await program.run(["backup"], expecting: 3, through: somebodyElse)
            #expect(outcome.errorText.contains("skipped: config/app.yaml: unreadable: Permission denied"), "\(outcome)")
            #expect(outcome.text.contains("2 files sealed now"))
        }
    }
}

/// Runs a program as the user `nobody`.
let somebodyElse = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
/// Only root can become somebody else, who must get as far as the program and the folders of the tests.
let canBeSomebodyElse: Bool = {
    guard geteuid() == 0, FileManager.default.isExecutableFile(atPath: somebodyElse[0]) else { return false }
    let process = Process()
    process.executableURL = URL(filePath: somebodyElse[0])
    process.arguments =
        Array(somebodyElse.dropFirst()) + [
            "/bin/sh", "-c",
            "test -x '\(HoldfastProgram.path)' && test -x '\(FileManager.default.temporaryDirectory.path)'",
        ]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}()

/// Gives a folder and all in it to `nobody`.
func handOver(_ folder: TemporaryDirectory) async throws {
    let outcome = try await #require(Program.find("chown")).run(["-R", "65534:65534", folder.path])
    try #require(outcome.succeeded, "\(outcome)")
}
