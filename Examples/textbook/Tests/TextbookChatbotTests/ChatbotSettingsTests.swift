import Foundation
import QdrantClient
import TestSupport
import Testing

@testable import TextbookChatbot

@Suite("The settings")
struct ChatbotSettingsTests {
    private static let complete = """
        QDRANT_URL=http://localhost:6333
        QDRANT_API_KEY=geheim-qdrant
        COLLECTION=books
        DOCS_FOLDER=docs
        ADMIN_TOKEN=geheim-admin-token
        OPENAI_BASE_URL=https://models.example/v1/
        OPENAI_API_KEY=geheim-openai
        CHAT_MODEL=small
        CHAT_TIMEOUT_SECONDS=7
        HOST=::1
        PORT=0
        OTHER=geheim-other
        """

    @Test("are taken from the file, the documents folder relative to it")
    func complete() throws {
        let settings = try parse(Self.complete)
        #expect(settings.qdrant.url == "http://localhost:6333")
        #expect(settings.qdrant.apiKey == Secret("geheim-qdrant"))
        #expect(settings.collection == "books")
        #expect(settings.docsFolder == "/srv/app/docs")
        #expect(settings.adminToken == Secret("geheim-admin-token"))
        let model = ModelSettings(
            baseURL: "https://models.example/v1",
            apiKey: Secret("geheim-openai"),
            name: "small",
            timeout: .seconds(7)
        )
        #expect(settings.model == model)
        #expect((settings.host, settings.port) == ("::1", 0))
        #expect(settings.warnings.count == 1)
        #expect(settings.warnings.first?.contains("OTHER") == true)
        #expect(!"\(settings)".contains("geheim"))
    }

    @Test("listen on loopback and have no model unless they say so")
    func defaults() throws {
        let settings = try parse(
            "QDRANT_URL=http://h:6333\nQDRANT_API_KEY=k\nCOLLECTION=c\nDOCS_FOLDER=/d\nADMIN_TOKEN=0123456789abcdef"
        )
        #expect((settings.host, settings.port) == ("127.0.0.1", 8080))
        #expect(settings.model == nil)
        #expect(settings.docsFolder == "/d")
        #expect(settings.warnings.first?.contains("unencrypted") == true)
    }

    @Test(
        "name what is wrong, and never a value",
        arguments: [
            ("QDRANT_URL=http://localhost:6333", "QDRANT_URL=", "QDRANT_URL is missing"),
            ("QDRANT_URL=http://localhost:6333", "QDRANT_URL=ftp://geheim", "QDRANT_URL"),
            ("QDRANT_URL=http://localhost:6333", "QDRANT_URL=http://a:geheim@b", "QDRANT_URL"),
            ("COLLECTION=books", "", "COLLECTION is missing"),
            ("DOCS_FOLDER=docs", "", "DOCS_FOLDER is missing"),
            ("ADMIN_TOKEN=geheim-admin-token", "", "ADMIN_TOKEN is missing"),
            ("ADMIN_TOKEN=geheim-admin-token", "ADMIN_TOKEN=geheim", "ADMIN_TOKEN is shorter"),
            ("ADMIN_TOKEN=geheim-admin-token", "ADMIN_TOKEN='geheim admin token'", "ADMIN_TOKEN"),
            ("OPENAI_BASE_URL=https://models.example/v1/", "", "OPENAI_BASE_URL is not"),
            ("OPENAI_BASE_URL=https://models.example/v1/", "OPENAI_BASE_URL=geheim", "OPENAI_BASE_URL is not"),
            ("OPENAI_BASE_URL=https://models.example/v1/", "OPENAI_BASE_URL=http://m/v1", "unencrypted"),
            ("CHAT_MODEL=small", "", "CHAT_MODEL is not"),
            ("CHAT_TIMEOUT_SECONDS=7", "CHAT_TIMEOUT_SECONDS=0", "CHAT_TIMEOUT_SECONDS is not a number from 1"),
            ("PORT=0", "PORT=geheim", "PORT is not a number"),
            ("HOST=::1", "HOST", "line 10"),
        ]
    )
    func problems(line: String, replacement: String, says: String) {
        let error = #expect(throws: SettingsError.self) {
            try parse(Self.complete.replacingOccurrences(of: line, with: replacement))
        }
        #expect(error?.problems.count == 1)
        #expect(error?.description.contains(says) == true, "\(String(describing: error))")
        #expect(error?.description.contains("geheim") == false)
    }

    @Test("are told all their problems at once")
    func all() {
        let error = #expect(throws: SettingsError.self) { try parse("OPENAI_API_KEY=k\nPORT=x") }
        #expect(error?.problems.count == 6)
    }

    @Test("need a readable file of text")
    func files() async throws {
        try await TemporaryDirectory.with { folder in
            let file = folder.path(".env")
            #expect(throws: SettingsError(file: file, problems: ["there is no such file"])) {
                try ChatbotSettings.load(file)
            }
            try Data([0xFF]).write(to: URL(filePath: file))
            #expect(throws: SettingsError(file: file, problems: ["the file is not UTF-8"])) {
                try ChatbotSettings.load(file)
            }
            try Data(repeating: 0x0A, count: DotEnv.byteLimit + 1).write(to: URL(filePath: file))
            #expect(throws: SettingsError.self) { try ChatbotSettings.load(file) }
        }
    }

    private func parse(_ text: String) throws -> ChatbotSettings {
        try ChatbotSettings.parse(text, file: ".env", folder: "/srv/app")
    }
}
