internal import HTTPTypes
internal import Hummingbird
internal import QdrantClient

/// The members of a request's JSON body. A member that the endpoint does not know is refused: a misspelt `files` would
/// otherwise ingest everything.
struct RequestFields {
    /// The longest body, in bytes.
    static let byteLimit = 64 * 1024

    private let object: JSONObject

    /// Reads the body of a request.
    init(_ request: Request, known: [String]) async throws {
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
        // Asking for this type has a use beside order: a page of another site cannot send it without being allowed to.
        guard type == "application/json" else {
            throw ChatbotError(
                .notJSON,
                "the body is not declared as JSON",
                hint: "Send 'Content-Type: application/json'."
            )
        }
        var request = request
        let body = try await request.collectBody(upTo: Self.byteLimit)
        do {
            let limits = JSONLimits(byteCount: Self.byteLimit, depth: 8)
            guard let object = try JSONValue(reading: body, limits: limits).objectValue else {
                throw ChatbotError(
                    .badRequest,
                    "the body is not a JSON object",
                    hint: "Send '{}' when there is nothing to say."
                )
            }
            self.object = object
        } catch let error as JSONError {
            throw ChatbotError(
                .badRequest,
                "the body is not JSON: \(error)",
                hint: "Send an object with the members \(known.joined(separator: ", ")).",
                cause: error
            )
        }
        for key in object.keys where !known.contains(key) {
            throw ChatbotError(
                .badRequest,
                "the body has a member that this endpoint does not know",
                hint: "It knows \(known.joined(separator: ", "))."
            )
        }
    }

    /// The longest question, in characters.
    static let questionLimit = 1000

    /// What is asked.
    func question() throws(ChatbotError) -> String {
        let text = object["question"]?.stringValue ?? ""
        guard text.contains(where: { !$0.isWhitespace }), text.count <= Self.questionLimit else {
            throw ChatbotError(
                .badRequest,
                "'question' is missing, empty, not a text or longer than \(Self.questionLimit) characters",
                hint: "Send {\"question\": \"How old are the rings of Saturn?\"}."
            )
        }
        return text
    }

    /// How many passages at most.
    func limit() throws(ChatbotError) -> Int {
        guard let value = object["limit"] else { return 5 }
        guard let limit = value.int64Value, (1...20).contains(limit) else {
            throw ChatbotError(.badRequest, "'limit' is not a whole number from 1 to 20", hint: "Leave it out for 5.")
        }
        return Int(limit)
    }

    /// A truth value; `false` when it is not there.
    func flag(_ name: String) throws(ChatbotError) -> Bool {
        guard let value = object[name] else { return false }
        guard let flag = value.boolValue else {
            throw ChatbotError(.badRequest, "'\(name)' is neither true nor false", hint: "Leave it out for false.")
        }
        return flag
    }

    /// Whether the body has a member.
    func has(_ name: String) -> Bool { object[name] != nil }

    /// A list of texts; `nil` when it is not there.
    ///
    /// - Parameter least: how many it has to have.
    func texts(_ name: String, least: Int, limit: Int) throws(ChatbotError) -> [String]? {
        guard let value = object[name] else { return nil }
        let texts = value.arrayValue?.map(\.stringValue)
        guard let texts, (least...limit).contains(texts.count), texts.allSatisfy({ $0 != nil }) else {
            throw ChatbotError(
                .badRequest,
                "'\(name)' is not a list of \(least) to \(limit) texts",
                hint: "Send {} for the whole folder, or for example {\"files\": [\"index.mdx\"]}."
            )
        }
        return texts.compactMap { $0 }
    }
}
