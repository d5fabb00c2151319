internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import QdrantClient
internal import TextbookExample

/// Why a model's answer is not used.
struct ModelFailure: Error, Sendable, Hashable {
    enum Reason: String, Sendable {
        case unreachable = "model_unreachable"
        case timeout = "model_timeout"
        case status = "model_refused"
        case invalid = "model_answer_invalid"
        case uncited = "model_cited_nothing"
        case wrongCitation = "model_cited_what_was_not_given"
    }

    var reason: Reason
    /// One sentence for people: lower case, no full stop, nothing of what the endpoint said.
    var message: String

    init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}

/// A language model behind an endpoint of OpenAI's kind.
struct ChatModel: Sendable {
    /// The longest answer that is read, in bytes.
    static let byteLimit = 1024 * 1024

    let settings: ModelSettings
    let http: HTTPClient

    /// Asks for an answer made of passages, and checks what it cites.
    ///
    /// - Returns: the answer and the numbers of the passages it cites; none when the model found no answer in them.
    /// - Throws: ``ModelFailure``; `CancellationError`.
    func answer(_ question: String, from passages: [Answer]) async throws -> (text: String, cited: [Int]) {
        let body = try ModelPrompt.body(question, passages, model: settings.name).written()
        let text = try await completion(of: body)
        if text.trimmingPrefix(while: { $0.isWhitespace }).hasPrefix(ModelPrompt.noAnswer) { return ("", []) }
        let found = Citations.find(in: text)
        let paths = Set(passages.map(\.path))
        guard found.numbers.allSatisfy({ (1...passages.count).contains($0) }),
            found.paths.allSatisfy({ paths.contains($0) })
        else {
            throw ModelFailure(.wrongCitation, "the model cited a passage that it was not given")
        }
        guard !found.numbers.isEmpty else { throw ModelFailure(.uncited, "the model cited no passage") }
        return (text, found.numbers)
    }

    private func completion(of body: ByteBuffer) async throws -> String {
        let (bytes, status) = try await withLimit(settings.timeout) { try await send(body) }
        guard status == 200 else {
            throw ModelFailure(.status, "the model's endpoint answered with HTTP status \(status)")
        }
        let message = (try? JSONValue(reading: bytes))?["choices"]?.arrayValue?.first?["message"]
        guard let text = message?["content"]?.stringValue, text.contains(where: { !$0.isWhitespace }) else {
            throw ModelFailure(.invalid, "the model's endpoint sent no chat completion")
        }
        return text
    }

    private func send(_ body: ByteBuffer) async throws -> (ByteBuffer, UInt) {
        var request = HTTPClientRequest(url: settings.baseURL + "/chat/completions")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "holdfast-textbook-chatbot")
        if let key = settings.apiKey { request.headers.add(name: "Authorization", value: "Bearer \(key.exposed)") }
        request.body = .bytes(body)
        do {
            let response = try await http.execute(request, timeout: TimeAmount(settings.timeout))
            return (try await response.body.collect(upTo: Self.byteLimit), response.status.code)
        } catch is NIOTooManyBytesError {
            throw ModelFailure(.invalid, "the model's endpoint sent more than \(Self.byteLimit) bytes")
        } catch {
            if Task.isCancelled { throw CancellationError() }
            if [.connectTimeout, .readTimeout, .deadlineExceeded].contains(error as? HTTPClientError) {
                throw ModelFailure(.timeout, "the model did not answer within \(settings.timeout)")
            }
            throw ModelFailure(.unreachable, "the model's endpoint cannot be reached")
        }
    }

    /// Runs `body` and gives up after a time, whatever has arrived by then: the client's own limit ends with the answer's head.
    private func withLimit<Result: Sendable>(
        _ limit: Duration,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            if let result = try await group.next() ?? nil { return result }
            throw ModelFailure(.timeout, "the model did not answer within \(settings.timeout)")
        }
    }
}
