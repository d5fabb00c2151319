import Crypto
import Foundation
import HTTPTypes
import QdrantClient
import TestSupport
import Testing

@testable import TextbookChatbot
@testable import TextbookExample

@Suite("The endpoints")
struct RefusalTests {
    @Test(
        "refuse what they cannot use, with a code and a hint",
        arguments: [
            ("/query", "{}", 400, "bad_request"), ("/query", "", 400, "bad_request"),
            ("/query", "[]", 400, "bad_request"), ("/query", "{\"question\": \"  \"}", 400, "bad_request"),
            ("/query", "{\"question\": 5}", 400, "bad_request"),
            ("/query", "{\"question\": \"a\", \"limit\": 0}", 400, "bad_request"),
            ("/query", "{\"question\": \"a\", \"limit\": 21}", 400, "bad_request"),
            ("/query", "{\"question\": \"a\", \"limit\": 1.5}", 400, "bad_request"),
            ("/query", "{\"question\": \"a\", \"top_k\": 3}", 400, "bad_request"),
            ("/query", "{\"question\": \"a\", \"question\": \"b\"}", 400, "bad_request"),
            ("/chat", "{\"question\": \"\(String(repeating: "a", count: 1001))\"}", 400, "bad_request"),
            ("/chat", String(repeating: " ", count: RequestFields.byteLimit + 1), 413, "body_too_large"),
            ("/chat", "{\"question\": \"comets\"}", 502, "qdrant_failed"),
            ("/ingest", "{\"file\": [\"a.mdx\"]}", 400, "bad_request"),
            ("/ingest", "{\"files\": []}", 400, "bad_request"),
            ("/ingest", "{\"removed\": []}", 400, "bad_request"),
            ("/ingest", "{\"removed\": [\"index.mdx\"]}", 400, "bad_path"),
            ("/ingest", "{\"files\": \"a.mdx\"}", 400, "bad_request"),
            ("/ingest", "{\"files\": [\"a.mdx\", 5]}", 400, "bad_request"),
            ("/ingest", "{\"allow_mass_removal\": 1}", 400, "bad_request"),
            ("/ingest", "{\"files\": [\"01-sky/none.mdx\"]}", 404, "page_missing"),
            ("/ingest", "{}", 502, "qdrant_failed"),
            ("/nothing", "{}", 404, "not_found"), ("/health", "{}", 404, "not_found"),
        ]
    )
    func refusals(path: String, body: String, status: Int, code: String) async throws {
        try await ChatbotFixture.with { chatbot in
            let reply = try await chatbot.post(path, body, token: ChatbotFixture.token)
            #expect(reply.status == status, "\(reply.text)")
            #expect(reply.errorCode == code)
            #expect(reply.json["error"]?["hint"]?.stringValue?.hasSuffix(".") ?? false || code == "qdrant_failed")
            #expect(reply.headers[.contentSecurityPolicy] != nil)
        }
    }

    @Test(
        "let nothing out of the documents folder in",
        arguments: [
            "../secret.mdx", "01-sky/../../secret.mdx", "/etc/passwd", "/secret.mdx", "./index.mdx",
            "01-sky//eclipses.mdx", "", "01-sky/", "..", "..\\\\secret.mdx", "a\\u0000.mdx", "link.mdx",
            "folder/secret.mdx",
        ]
    )
    func paths(path: String) async throws {
        try await ChatbotFixture.with { chatbot in
            let manager = FileManager.default
            try Data("secret".utf8).write(to: URL(filePath: chatbot.folder.path("secret.mdx")))
            for (name, target) in [("link.mdx", "../secret.mdx"), ("folder", "..")] {
                try manager.createSymbolicLink(atPath: chatbot.docs + "/" + name, withDestinationPath: target)
            }
            let reply = try await chatbot.ingest("{\"files\": [\"index.mdx\", \"\(path)\"]}")
            #expect(reply.status == 400, "\(reply.text)")
            #expect(reply.errorCode == "bad_path")
        }
    }

    @Test(
        "ask for the admin token before they look at anything else",
        arguments: [
            nil, "", "x", String(ChatbotFixture.token.dropLast()), ChatbotFixture.token + "x",
            ChatbotFixture.token.uppercased(),
        ]
    )
    func token(token: String?) async throws {
        try await ChatbotFixture.with { chatbot in
            let reply = try await chatbot.post("/ingest", "no JSON", token: token)
            #expect(reply.status == 401)
            #expect(reply.errorCode == "unauthorized")
            #expect(reply.headers[.wwwAuthenticate]?.hasPrefix("Bearer") == true)
        }
    }

    @Test(
        "ask for JSON by its name, which a page of another site cannot send",
        arguments: [nil, "text/plain", "application/jsonp"]
    )
    func contentType(type: String?) async throws {
        try await ChatbotFixture.with { chatbot in
            let reply = try await chatbot.post("/chat", "{\"question\": \"comets\"}", type: type)
            #expect(reply.errorCode == "not_json")
            let parameters = try await chatbot.post("/chat", "{}", type: "Application/JSON; charset=utf-8")
            #expect(parameters.errorCode == "bad_request")
        }
    }

    @Test("serve a page that needs nothing from elsewhere and runs nothing but its own script")
    func page() async throws {
        try await ChatbotFixture.with { chatbot in
            let reply = try await chatbot.get("/")
            #expect(reply.status == 200)
            #expect(reply.headers[.contentType] == "text/html; charset=utf-8")
            let policy = try #require(reply.headers[.contentSecurityPolicy])
            #expect(policy.hasPrefix("default-src 'none'; "))
            #expect(!policy.contains("unsafe"))
            for (tag, directive) in [("script", "script-src"), ("style", "style-src")] {
                let parts = reply.text.components(separatedBy: "<\(tag)>")
                #expect(parts.count == 2)
                let content = try #require(parts.last?.components(separatedBy: "</\(tag)>").first)
                let digest = Data(SHA256.hash(data: Array(content.utf8))).base64EncodedString()
                #expect(policy.contains("\(directive) 'sha256-\(digest)'"))
            }
            for outside in ["http:", "https:", "//cdn", " src=", "onclick", "style=", "innerHTML"] {
                #expect(!reply.text.contains(outside), "the page has '\(outside)'")
            }
            for need in ["lang=\"en\"", "<label for=\"question\">", "role=\"status\"", "<h1>"] {
                #expect(reply.text.contains(need))
            }
        }
    }

    @Test("log neither questions nor secrets, at no level")
    func logs() async throws {
        try await ChatbotFixture.with { chatbot in
            let question = "Where does the white rabbit live?"
            _ = try await chatbot.post("/chat", "{\"question\": \"\(question)\"}")
            _ = try await chatbot.post("/query?question=rabbit", "{\"question\": \"\(question)\", \"white\": 1}")
            _ = try await chatbot.get("/rabbit?white")
            _ = try await chatbot.ingest()
            _ = try await chatbot.post("/ingest", "{}", token: "wrong rabbit")
            let lines = chatbot.logLines
            #expect(lines.filter { $0.contains("status") }.count >= 5)
            for line in lines {
                #expect(!line.contains("rabbit") && !line.contains("white") && !line.contains(ChatbotFixture.token))
            }
        }
    }
}
