internal import Foundation
public import QdrantClient

/// What the chatbot has to know: where its database, its documents and its model are.
public struct ChatbotSettings: Sendable, Hashable {
    /// Where the Qdrant server is.
    public var qdrant: QdrantEndpoint
    /// The collection's name, or an alias of it.
    public var collection: String
    /// The folder of the pages, absolute.
    public var docsFolder: String
    /// What a request must carry to change anything.
    public var adminToken: Secret
    /// The language model; `nil` answers with excerpts.
    public var model: ModelSettings?
    /// The address to listen on.
    public var host: String
    /// The port to listen on; 0 takes a free one.
    public var port: Int
    /// Keys of the file that this program does not know: other programs' settings, or misspelt ones.
    public var unknownKeys: [String]

    /// Makes settings.
    public init(
        qdrant: QdrantEndpoint,
        collection: String,
        docsFolder: String,
        adminToken: Secret,
        model: ModelSettings? = nil,
        host: String = "127.0.0.1",
        port: Int = 8080,
        unknownKeys: [String] = []
    ) {
        self.qdrant = qdrant
        self.collection = collection
        self.docsFolder = docsFolder
        self.adminToken = adminToken
        self.model = model
        self.host = host
        self.port = port
        self.unknownKeys = unknownKeys
    }
}

/// A language model behind an endpoint that speaks OpenAI's chat completions.
public struct ModelSettings: Sendable, Hashable {
    /// The URL before `/chat/completions`, without a slash at its end.
    public var baseURL: String
    /// The key, when the endpoint wants one.
    public var apiKey: Secret?
    /// The model's name.
    public var name: String
    /// How long it may take until the whole answer is there.
    public var timeout: Duration

    /// Makes settings.
    public init(baseURL: String, apiKey: Secret? = nil, name: String, timeout: Duration = .seconds(30)) {
        self.baseURL = baseURL
        self.apiKey = apiKey
        self.name = name
        self.timeout = timeout
    }
}

/// What is wrong with a settings file: everything at once, so that it is mended in one go. Holds no values.
public struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file, as it was named.
    public var file: String
    /// One sentence each, lower case, without a full stop.
    public var problems: [String]

    /// Makes an error.
    public init(file: String, problems: [String]) {
        self.file = file
        self.problems = problems
    }

    /// File and problems, a line each.
    public var description: String {
        (["the settings in '\(file)' cannot be used:"] + problems.map { "  " + $0 }).joined(separator: "\n")
    }
}

extension ChatbotSettings {
    /// Every key that is read.
    public static let keys = [
        "QDRANT_URL", "QDRANT_API_KEY", "COLLECTION", "DOCS_FOLDER", "ADMIN_TOKEN", "OPENAI_BASE_URL", "OPENAI_API_KEY",
        "CHAT_MODEL", "CHAT_TIMEOUT_SECONDS", "HOST", "PORT",
    ]
    /// What an operator should know though it is no error; one sentence each.
    public var warnings: [String] {
        var warnings: [String] = []
        if !unknownKeys.isEmpty {
            warnings.append("ignored, for no setting has that name: \(unknownKeys.joined(separator: ", "))")
        }
        if qdrant.exposesKey { warnings.append("QDRANT_API_KEY crosses the network unencrypted: use an https URL") }
        return warnings
    }

    /// The shortest admin token, in characters: guessing must be hopeless.
    public static let adminTokenLength = 16

    /// Reads a settings file.
    ///
    /// Only the file counts, not the process's environment: what was backed up is all there is.
    public static func load(_ file: String) throws(SettingsError) -> ChatbotSettings {
        let data: Data
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: file))
            defer { try? handle.close() }
            data = try handle.read(upToCount: DotEnv.byteLimit + 1) ?? Data()
        } catch {
            let isThere = FileManager.default.fileExists(atPath: file)
            throw SettingsError(file: file, problems: [isThere ? "the file cannot be read" : "there is no such file"])
        }
        guard data.count <= DotEnv.byteLimit else {
            throw SettingsError(file: file, problems: ["the file is longer than \(DotEnv.byteLimit) bytes"])
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw SettingsError(file: file, problems: ["the file is not UTF-8"])
        }
        let folder = URL(filePath: file).absoluteURL.deletingLastPathComponent().path
        return try parse(text, file: file, folder: folder)
    }

    /// Takes settings out of a text.
    ///
    /// - Parameters:
    ///   - file: what errors call it.
    ///   - folder: what a relative `DOCS_FOLDER` is relative to.
    public static func parse(_ text: String, file: String, folder: String) throws(SettingsError) -> ChatbotSettings {
        let values: [String: String]
        do {
            values = try DotEnv.parse(text)
        } catch {
            throw SettingsError(file: file, problems: ["\(error)"])
        }
        var reader = SettingsReader(values)
        let qdrant = reader.endpoint()
        let collection = reader.required("COLLECTION", "the collection's name or an alias of it")
        let docs = reader.required("DOCS_FOLDER", "the folder of the .mdx pages")
        let token = reader.adminToken()
        let model = reader.model()
        let host = reader.optional("HOST") ?? "127.0.0.1"
        let port = reader.number("PORT", 0...65535) ?? 8080
        guard reader.problems.isEmpty, let qdrant, let collection, let docs, let token else {
            throw SettingsError(file: file, problems: reader.problems)
        }
        return ChatbotSettings(
            qdrant: qdrant,
            collection: collection,
            docsFolder: docs.hasPrefix("/") ? docs : "\(folder)/\(docs)",
            adminToken: token,
            model: model,
            host: host,
            port: port,
            unknownKeys: values.keys.filter { !keys.contains($0) }.sorted()
        )
    }
}

/// Takes values one by one and collects what is wrong with them.
private struct SettingsReader {
    let values: [String: String]
    var problems: [String] = []

    init(_ values: [String: String]) {
        self.values = values
    }

    /// `nil` when the key is missing or empty, which is how people comment a value out.
    func optional(_ key: String) -> String? {
        values[key].flatMap { $0.isEmpty ? nil : $0 }
    }

    mutating func required(_ key: String, _ meaning: String) -> String? {
        if let value = optional(key) { return value }
        problems.append("\(key) is missing: \(meaning)")
        return nil
    }

    mutating func number(_ key: String, _ range: ClosedRange<Int>) -> Int? {
        guard let text = optional(key) else { return nil }
        if let number = Int(text), range.contains(number) { return number }
        problems.append("\(key) is not a number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    mutating func endpoint() -> QdrantEndpoint? {
        guard let url = required("QDRANT_URL", "where Qdrant's REST API is, such as http://127.0.0.1:6333") else {
            return nil
        }
        do {
            return try QdrantEndpoint(
                url: url,
                apiKey: optional("QDRANT_API_KEY").map(Secret.init),
                timeouts: QdrantTimeouts(connect: .seconds(3), request: .seconds(20), readIdle: .seconds(20)),
                userAgent: "holdfast-textbook-chatbot"
            )
        } catch {
            problems.append("QDRANT_URL or QDRANT_API_KEY: \(error.message)")
            return nil
        }
    }

    mutating func adminToken() -> Secret? {
        guard let token = required("ADMIN_TOKEN", "what POST /ingest asks for, such as from 'openssl rand -hex 24'")
        else {
            return nil
        }
        guard token.count >= ChatbotSettings.adminTokenLength, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            problems.append(
                "ADMIN_TOKEN is shorter than \(ChatbotSettings.adminTokenLength) characters, or holds other than printable "
                    + "ASCII characters"
            )
            return nil
        }
        return Secret(token)
    }

    mutating func model() -> ModelSettings? {
        let url = optional("OPENAI_BASE_URL")
        let name = optional("CHAT_MODEL")
        let key = optional("OPENAI_API_KEY")
        let seconds = number("CHAT_TIMEOUT_SECONDS", 1...600) ?? 30
        switch (url, name) {
        case (nil, nil):
            if key != nil { problems.append("OPENAI_API_KEY is set, but OPENAI_BASE_URL and CHAT_MODEL are not") }
            return nil
        case (nil, _?):
            problems.append("CHAT_MODEL is set, but OPENAI_BASE_URL is not")
            return nil
        case (_?, nil):
            problems.append("OPENAI_BASE_URL is set, but CHAT_MODEL is not")
            return nil
        case (let url?, let name?):
            // The same rules as for Qdrant's URL hold here: absolute, http or https, no password, no query.
            guard let endpoint = try? QdrantEndpoint(url: url, apiKey: key.map(Secret.init)) else {
                problems.append(
                    "OPENAI_BASE_URL is not an absolute http or https URL without password and query, or OPENAI_API_KEY "
                        + "holds characters that a header cannot"
                )
                return nil
            }
            guard !endpoint.exposesKey else {
                problems.append("OPENAI_BASE_URL is http: OPENAI_API_KEY would cross the network unencrypted")
                return nil
            }
            return ModelSettings(
                baseURL: endpoint.url,
                apiKey: endpoint.apiKey,
                name: name,
                timeout: .seconds(seconds)
            )
        }
    }
}
