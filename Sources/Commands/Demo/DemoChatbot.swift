internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import Recovery

/// The textbook's chatbot, as a program beside this one: started by the script that its checkout has, and asked over HTTP.
struct DemoChatbot: Sendable {
    /// An answer, as far as it is compared.
    struct Reply: Decodable, Sendable, Hashable {
        let answer: String
        let mode: String
        let sources: [DemoQuestion.Source]
    }

    /// The program `textbook-chatbot`.
    let program: String
    /// The folder of its process id, port and log.
    let run: String
    let port: Int
    let token: String

    /// What the scripts of the checkout are told.
    var environment: [String: String] {
        [
            "CHATBOT_PROGRAM": program, "CHATBOT_RUN": run,
            "CHATBOT_PARENT": "\(ProcessInfo.processInfo.processIdentifier)",
        ]
    }

    // MARK: Questions

    func ask(_ question: String) async throws -> Reply {
        try JSONDecoder().decode(Reply.self, from: try await post("chat", ["question": question]))
    }

    /// Has it bring its collection in step with the whole folder.
    func ingest() async throws {
        _ = try await post("ingest", [:])
    }

    private func post(_ path: String, _ body: [String: String]) async throws -> Data {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/\(path)")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        request.body = .bytes(Array(try JSONEncoder().encode(body)))
        let (response, bytes) = try await send(request)
        guard response.status.code == 200 else {
            throw RecoveryError(
                .undetermined,
                "the chatbot answers '\(path)' with status \(response.status.code): \(String(buffer: bytes).prefix(400))"
            )
        }
        return Data(bytes.readableBytesView)
    }

    /// Over a connection of its own: the program is another one after it was lost.
    private func send(_ request: HTTPClientRequest) async throws -> (HTTPClientResponse, ByteBuffer) {
        var configuration = HTTPClient.Configuration()
        // Nobody listens is an answer, too.
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Result<(HTTPClientResponse, ByteBuffer), any Error>
        do {
            let response = try await client.execute(request, timeout: .seconds(120))
            result = .success((response, try await response.body.collect(upTo: 1 << 22)))
        } catch {
            result = .failure(error)
        }
        try? await client.shutdown()
        do {
            return try result.get()
        } catch {
            try Task.checkCancellation()
            throw RecoveryError(.undetermined, "the chatbot does not answer on port \(port)", cause: error)
        }
    }

    // MARK: The process

    /// Ends the program at once, if it runs.
    ///
    /// - Returns: what runs under its number instead, and was left alone; `nil` when there is no such thing.
    @discardableResult
    func kill() -> String? {
        let file = run + "/chatbot.pid"
        guard let text = try? String(contentsOfFile: file, encoding: .utf8),
            let processID = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)), processID > 1
        else { return nil }
        defer { try? FileManager.default.removeItem(atPath: file) }
        // Its number may have gone to somebody else; nobody may have it any more.
        guard let running = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(processID)/exe") else {
            return nil
        }
        // The program may be behind a link, and one that was built anew meanwhile is marked.
        let ours = URL(filePath: program).resolvingSymlinksInPath().path
        guard running == ours || running == ours + " (deleted)" else { return "process \(processID), \(running)" }
        Foundation.kill(processID, SIGKILL)
        return nil
    }
}
