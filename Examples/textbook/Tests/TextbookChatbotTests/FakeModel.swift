import Foundation
import HTTPTypes
import Hummingbird
import Locks
import Logging
import NIOCore
import QdrantClient

/// An endpoint of OpenAI's kind on loopback, which does as a test says.
final class FakeModel: Sendable {
    enum Behaviour: Sendable {
        /// Answers with this text.
        case says(String)
        /// Answers with this status and body.
        case answers(Int, String)
        /// Does not answer until the asker has gone.
        case isSilent
        /// Sends the head and the beginning of a body, and no more.
        case stalls
    }

    struct Received: Sendable {
        var path: String
        var authorization: String?
        var body: JSONValue
    }

    private let state = Mutex<[Received]>([])
    let behaviour: Behaviour

    init(_ behaviour: Behaviour) {
        self.behaviour = behaviour
    }

    /// Everything that was asked, in order.
    var received: [Received] { state.withLock { $0 } }

    /// Runs `body` with a model, which is told under which URL, and stops it.
    static func with<Answer: Sendable>(
        _ behaviour: Behaviour,
        _ body: @escaping @Sendable (FakeModel, String) async throws -> Answer
    ) async throws -> Answer {
        let model = FakeModel(behaviour)
        let (ports, report) = AsyncStream<Int>.makeStream()
        let application = Application(
            responder: model.router().buildResponder(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in report.yield(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "model") { _ in SwiftLogNoOpLogHandler() }
        )
        return try await withThrowingTaskGroup(of: Answer?.self) { group in
            group.addTask {
                try await application.run()
                return nil
            }
            group.addTask {
                for await port in ports { return try await body(model, "http://127.0.0.1:\(port)/v1") }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            while let answer = try await group.next() {
                if let answer { return answer }
            }
            throw CancellationError()
        }
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.post("/v1/chat/completions") { request, _ in
            let body = try await request.body.collect(upTo: 1 << 20)
            self.state.withLock {
                $0.append(
                    Received(
                        path: request.uri.path,
                        authorization: request.headers[.authorization],
                        body: (try? JSONValue(reading: body)) ?? .null
                    )
                )
            }
            switch self.behaviour {
            case .says(let text):
                let reply: JSONObject = [
                    "choices": [["index": 0, "message": ["role": "assistant", "content": .string(text)]]]
                ]
                return Response(status: .ok, body: ResponseBody(byteBuffer: try reply.written()))
            case .answers(let status, let text):
                return Response(status: .init(code: status), body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
            case .isSilent:
                try await Task.sleep(for: .seconds(600))
                return Response(status: .ok)
            case .stalls:
                return Response(
                    status: .ok,
                    body: ResponseBody { writer in
                        try await writer.write(ByteBuffer(string: "{\"choices\": ["))
                        try await Task.sleep(for: .seconds(600))
                    }
                )
            }
        }
        return router
    }
}
