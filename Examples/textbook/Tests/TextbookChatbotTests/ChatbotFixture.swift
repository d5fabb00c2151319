import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import InMemoryLogging
import Logging
import NIOCore
import QdrantClient
import TestSupport
import Testing

@testable import TextbookChatbot
@testable import TextbookExample

/// A chatbot without a network of its own, on a copy of the textbook.
struct ChatbotFixture: Sendable {
    static let token = "a token of the tests, 8a1c".replacingOccurrences(of: " ", with: "-")
    static let textbook = URL(filePath: PackageRoot.path).appendingPathComponent("Examples/textbook")

    let folder: TemporaryDirectory
    let settings: ChatbotSettings
    let http: any TestClientProtocol
    let qdrant: QdrantClient
    let log: InMemoryLogHandler

    /// Everything that was logged, a line each.
    var logLines: [String] { log.entries.map { "\($0.level) \($0.message) \($0.metadata)" } }

    var docs: String { folder.path("docs") }
    var settingsFile: String { folder.path(".env.production") }

    /// An address where nobody listens: port 1 needs rights that no test has.
    static let nowhere = "http://127.0.0.1:1"

    /// Runs `body` with a chatbot on an embedded Qdrant, or on an address where nobody listens.
    static func with(
        _ server: EmbeddedQdrant? = nil,
        model: ModelSettings? = nil,
        _ body: @escaping @Sendable (ChatbotFixture) async throws -> Void
    ) async throws {
        try await TemporaryDirectory.with("holdfast-chatbot") { folder in
            let url = server?.baseURL ?? nowhere
            try FileManager.default.copyItem(
                atPath: textbook.appendingPathComponent("docs").path,
                toPath: folder.path("docs")
            )
            let text = """
                QDRANT_URL=\(url)
                COLLECTION=books
                DOCS_FOLDER=docs
                ADMIN_TOKEN=\(token)
                """
            try Data(text.utf8).write(to: URL(filePath: folder.path(".env.production")))
            var settings = try ChatbotSettings.load(folder.path(".env.production"))
            settings.model = model
            let log = InMemoryLogHandler()
            var logger = Logger(label: "test") { _ in log }
            logger.logLevel = .trace
            let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let file = model == nil ? folder.path(".env.production") : nil
            try await Chatbot.with(settings, settingsFile: file, logger: logger) { [settings] chatbot in
                try await withQdrantClient(endpoint: settings.qdrant, logger: silent) { client in
                    try await chatbot.application().test(.router) { http in
                        let fixture = ChatbotFixture(
                            folder: folder,
                            settings: settings,
                            http: http,
                            qdrant: client,
                            log: log
                        )
                        try await body(fixture)
                    }
                }
            }
        }
    }

    /// What an endpoint answered.
    struct Reply {
        var status: Int
        var headers: HTTPFields
        var text: String
        var json: JSONValue

        var errorCode: String? { json["error"]?["code"]?.stringValue }
    }

    func get(_ path: String) async throws -> Reply {
        try Self.reply(try await http.execute(uri: path, method: .get))
    }

    func post(
        _ path: String,
        _ body: String,
        token: String? = nil,
        type: String? = "application/json"
    ) async throws -> Reply {
        var headers: HTTPFields = [:]
        headers[.contentType] = type
        headers[.authorization] = token.map { "Bearer \($0)" }
        return try Self.reply(
            try await http.execute(uri: path, method: .post, headers: headers, body: ByteBuffer(string: body))
        )
    }

    func ingest(_ body: String = "{}") async throws -> Reply {
        try await post("/ingest", body, token: Self.token)
    }

    private static func reply(_ response: TestResponse) throws -> Reply {
        let text = String(buffer: response.body)
        let isJSON = response.headers[.contentType]?.hasPrefix("application/json") ?? false
        return Reply(
            status: response.status.code,
            headers: response.headers,
            text: text,
            json: isJSON ? try JSONValue(reading: Array(text.utf8)) : .null
        )
    }

    /// How many write operations the collection has seen: asks for one more, which changes nothing.
    func operationCount() async throws -> UInt64 {
        let nobody = PointID.number(.max)
        return try #require(try await qdrant.deletePoints(.ids([nobody]), in: "books").operationID)
    }

    /// Imitates a week of editing.
    func edit() throws {
        for page in try MDXPage.paths(in: Self.textbook.appendingPathComponent("changes").path) {
            let target = URL(filePath: docs).appendingPathComponent(page)
            try FileManager.default.removeItem(at: target)
            try FileManager.default.copyItem(
                at: Self.textbook.appendingPathComponent("changes").appendingPathComponent(page),
                to: target
            )
        }
    }
}
