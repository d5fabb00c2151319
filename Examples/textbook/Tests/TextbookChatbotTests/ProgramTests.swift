import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import QdrantClient
import TestSupport
import Testing

@testable import TextbookChatbot

@Suite("The program")
struct ProgramTests {
    private static let settings = """
        QDRANT_URL=\(ChatbotFixture.nowhere)
        COLLECTION=books
        DOCS_FOLDER=docs
        ADMIN_TOKEN=\(ChatbotFixture.token)
        PORT=0
        """

    /// `swift build` puts the program and the test bundle into one folder.
    private static var path: String {
        let bundle = ProcessInfo.processInfo.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        return URL(filePath: bundle).deletingLastPathComponent().appendingPathComponent("textbook-chatbot").path
    }

    @Test(
        "answers on a free port until it is asked to stop, or its parent is gone",
        arguments: [
            // What stops it, told to a shell that has started it.
            "kill -TERM $chatbot", "kill -INT $chatbot",
            // Killed and not waited for: a zombie is gone, too.
            "kill -KILL $parent",
        ]
    )
    func stops(how: String) async throws {
        let script = """
            sleep 600 & parent=$!
            "$0" --env-file .env --port-file port --parent-pid $parent >out 2>err & chatbot=$!
            while [ ! -e stop ] && kill -0 $chatbot; do sleep 0.05; done
            \(how)
            wait $chatbot; status=$?
            kill -KILL $parent 2>/dev/null
            exit $status
            """
        try await TemporaryDirectory.with("holdfast-chatbot") { folder in
            try Data(Self.settings.utf8).write(to: URL(filePath: folder.path(".env")))
            let shell = Program(path: "/bin/sh")
            async let end = shell.run(["-c", script, Self.path], folder: folder.path, timeout: .seconds(60))
            let port = try await Self.port(in: folder.path("port"))
            let reply = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: "http://127.0.0.1:\(port)/health"),
                timeout: .seconds(30)
            )
            let health = try JSONValue(reading: try await reply.body.collect(upTo: 1 << 20))
            #expect(reply.status.code == 503)
            #expect(health["checks"]?["configuration"]?["status"] == "ok")
            #expect(health["checks"]?["qdrant"]?["status"] == "failed")
            try Data().write(to: URL(filePath: folder.path("stop")))
            let outcome = try await end
            #expect(outcome.status == 0, "\(outcome)")
            #expect(
                try String(contentsOfFile: folder.path("out"), encoding: .utf8).contains("http://127.0.0.1:\(port)\n")
            )
            #expect(!FileManager.default.fileExists(atPath: folder.path("port")))
        }
    }

    @Test("ends with status 2 when its settings are wrong, and says what is wrong with them")
    func wrongSettings() async throws {
        try await TemporaryDirectory.with("holdfast-chatbot") { folder in
            let program = Program(path: Self.path)
            let missing = try await program.run([], folder: folder.path)
            #expect(missing.status == 2)
            #expect(missing.errorText.contains("'.env.production'"))
            #expect(missing.errorText.contains("there is no such file"))
            try Data("ADMIN_TOKEN=geheim\nPORT=x\n".utf8).write(to: URL(filePath: folder.path("a.env")))
            let wrong = try await program.run(["--env-file", "a.env"], folder: folder.path)
            #expect(wrong.status == 2)
            for word in ["QDRANT_URL", "COLLECTION", "DOCS_FOLDER", "ADMIN_TOKEN", "PORT"] {
                #expect(wrong.errorText.contains(word))
            }
            #expect(!wrong.errorText.contains("geheim"))
            try Data(Self.settings.utf8).write(to: URL(filePath: folder.path("b.env")))
            let good = try await program.run(["--env-file", "b.env", "--check"], folder: folder.path)
            #expect(good.succeeded, "\(good)")
        }
    }

    @Test("ends with status 1 when it cannot listen or tell its port")
    func cannotListen() async throws {
        try await TemporaryDirectory.with("holdfast-chatbot") { folder in
            try Data(Self.settings.utf8).write(to: URL(filePath: folder.path(".env")))
            let program = Program(path: Self.path)
            let other = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: 0).get()
            let port = try #require(other.localAddress?.port)
            let taken = try await program.run(["--env-file", ".env", "--port", "\(port)"], folder: folder.path)
            try await other.close()
            #expect(taken.status == 1, "\(taken)")
            #expect(taken.errorText.contains("cannot listen on 127.0.0.1, port \(port)"))
            let file = ["--env-file", ".env", "--port-file", "none/port"]
            let unwritable = try await program.run(file, folder: folder.path)
            #expect(unwritable.status == 1, "\(unwritable)")
            #expect(unwritable.errorText.contains("cannot write the port file 'none/port'"))
        }
    }

    private static func port(in file: String) async throws -> Int {
        for _ in 0..<1200 {
            if let text = try? String(contentsOfFile: file, encoding: .utf8),
                let port = Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
            {
                return port
            }
            try await Task.sleep(for: .milliseconds(25))
        }
        throw CancellationError()
    }
}
