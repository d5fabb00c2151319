import Foundation
import QdrantCapture
import Recovery
import ResticRepository
import TestSupport
import Testing

@Suite("A configuration")
struct HoldfastConfigurationTests {
    @Test("gives every value it holds, with paths from its own folder")
    func full() throws {
        let configuration = try parse(ConfigurationTexts.full)
        #expect(configuration.version == 1)
        #expect(configuration.system == "textbook")
        #expect(configuration.repository.location == .folder("/mnt/backup/repo"))
        #expect(configuration.repository.password == .file(path: "/etc/app/keys/repo"))
        #expect(configuration.repository.compression == .max)
        let qdrant = try #require(configuration.qdrant)
        #expect(qdrant.url.absoluteString == "https://qdrant.example:6333/base")
        #expect(qdrant.apiKey == .command(try SecretCommand("pass show 'my qdrant'", folder: "/etc/app")))
        #expect(qdrant.caCertificate == "/etc/app/ca.pem")
        #expect(qdrant.timeout == .milliseconds(500))
        #expect(qdrant.collections.map(\.name) == ["textbook_knowledge", "other"])
        #expect(qdrant.collections.map(\.method) == [.stream, .snapshot])
        #expect(qdrant.collections.map(\.goldenQueries) == [5, 0])
        #expect(configuration.documents.map(\.name) == ["handbook", "blog"])
        #expect(configuration.documents.map(\.path) == ["/etc/app/../docs", "/etc/app/blog"])
        #expect(configuration.documents[0].selection.include.map(\.text) == ["**/*.mdx", "**/*.md"])
        #expect(configuration.documents[0].selection.exclude.map(\.text) == ["**/.git/**"])
        #expect(configuration.documents[1].selection == .everything)
        #expect(configuration.restore.greenWithin == .seconds(3600))
        #expect(configuration.restore.scoreTolerance == 0.001)
        #expect(configuration.warnings.isEmpty)
    }

    @Test("has the documented defaults for what it leaves out")
    func defaults() throws {
        let configuration = try parse(
            ConfigurationTexts.minimal + "qdrant: {url: \"http://[::1]:6333\", collections: [a]}\n"
        )
        #expect(configuration.repository.compression == .auto)
        #expect(configuration.restore == .standard)
        #expect(configuration.qdrant?.timeout == .seconds(30))
        #expect(configuration.qdrant?.apiKey == nil)
        #expect(configuration.qdrant?.collections == [.init("a")])
        #expect(try parse(ConfigurationTexts.minimal).qdrant == nil)
    }

    @Test("is read from a file, with a byte order mark and Windows line breaks too")
    func load() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "holdfast.yaml")
        let text = ConfigurationTexts.minimal.replacingOccurrences(of: "\n", with: "\r\n")
        try (Data([0xEF, 0xBB, 0xBF]) + Data(text.utf8)).write(to: file)
        let configuration = try HoldfastConfiguration.load(from: file.path)
        #expect(configuration.documents[0].path == folder.path + "/docs")
        #expect(throws: ConfigurationError.self) { try HoldfastConfiguration.load(from: folder.path) }
        let missing = try #require(throws: ConfigurationError.self) {
            try HoldfastConfiguration.load(from: folder.path + "/none.yaml")
        }
        #expect(missing.code == .notFound)
        #expect(missing.hint?.contains("holdfast init") == true)
    }

    @Test(
        "is refused when it says nothing",
        arguments: ["", "\n\n", "# only a comment\n", "---\n", "null\n", "\u{FEFF}"]
    )
    func empty(_ text: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try parse(text) }
        #expect(error.code == .empty)
    }

    @Test("is refused when it is not UTF-8, naming the line")
    func notUTF8() throws {
        let bytes = Array("version: 1\nsystem: caf".utf8) + [0xE9, 0x0A]
        let error = try #require(throws: ConfigurationError.self) {
            try HoldfastConfiguration.parse(bytes, file: "holdfast.yaml", folder: "/")
        }
        #expect(error.code == .notUTF8)
        #expect(error.message.contains("line 2"))
    }

    @Test("is refused when it is larger than 1 MiB, and read when it is just that large")
    func size() throws {
        let room = HoldfastConfiguration.maximumFileSize - ConfigurationTexts.minimal.utf8.count
        let padded = ConfigurationTexts.minimal + "#" + String(repeating: "x", count: room - 1)
        #expect(try parse(padded).system == "textbook")
        let error = try #require(throws: ConfigurationError.self) { try parse(padded + "x") }
        #expect(error.code == .tooLarge)
    }

    @Test(
        "warns about what works but is rarely meant",
        arguments: [
            ("url: http://localhost", ConfigurationDiagnostic.Code.invalidValue, 9),
            ("url: http://localhost:6334", .invalidValue, 9),
            ("url: http://qdrant.internal:6333\n  api_key: env:KEY", .insecure, 10),
            ("url: http://localhost:6333\n  ca_certificate: ca.pem", .invalidValue, 10),
        ]
    )
    func warnings(_ lines: String, _ code: ConfigurationDiagnostic.Code, _ line: Int) throws {
        let configuration = try parse(ConfigurationTexts.minimal + "qdrant:\n  \(lines)\n  collections: [a]\n")
        #expect(configuration.warnings.map(\.code) == [code])
        #expect(configuration.warnings.map(\.line) == [line])
        #expect(configuration.warnings.allSatisfy { $0.severity == .warning })
    }
}
