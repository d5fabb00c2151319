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
            #expect(outcome.errorText.contains("age --decrypt"), "\(outcome)")
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
}
