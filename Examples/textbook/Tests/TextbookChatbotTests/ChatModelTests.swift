import AsyncHTTPClient
import NIOCore
import QdrantClient
import TestSupport
import Testing

@testable import TextbookChatbot
@testable import TextbookExample

@Suite("Citations")
struct CitationTests {
    @Test(
        "are the numbers in square brackets",
        arguments: [
            ("Red [2]. White [1].", [1, 2]), ("[3] begins, [3] ends", [3]), ("[1, 2; 4]", [1, 2, 4]),
            ("[1-3]", [1, 2, 3]),
            ("[2–3] and [1]", [1, 2, 3]), ("[1][2]", [1, 2]), ("none", []), ("[2024] [x] [] [1 [2", []), ("[0]", [0]),
            ("[3-1]", []), ("[-1]", [1]),
        ] as [(String, [Int])]
    )
    func numbers(text: String, numbers: [Int]) {
        #expect(Citations.find(in: text).numbers == numbers)
    }

    @Test("may be paths of pages")
    func paths() {
        #expect(Citations.find(in: "Red [mars.mdx], white [a/b.mdx: Ice] [see]").paths == ["mars.mdx", "a/b.mdx: Ice"])
    }
}

@Suite("The model")
struct ChatModelTests {
    private static let passages = (1...3).map { number in
        Answer(
            id: .number(UInt64(number)),
            path: "\(number).mdx",
            title: "Page \(number)",
            heading: "Part \(number)",
            text: "Text of \(number).",
            excerpt: "Excerpt of \(number).",
            score: 1
        )
    }

    @Test("is given the question and the passages, and its citations are the sources")
    func answer() async throws {
        try await FakeModel.with(.says("Mars is red [2], and [1] says so, too.")) { fake, url in
            let (text, cited) = try await answer(at: url)
            #expect(text == "Mars is red [2], and [1] says so, too.")
            #expect(cited == [1, 2])
            let received = try #require(fake.received.first)
            #expect(fake.received.count == 1)
            #expect(received.authorization == "Bearer key")
            #expect(received.body["model"] == "small")
            let messages = try #require(received.body["messages"]?.arrayValue)
            #expect(messages.map { $0["role"] } == ["system", "user"])
            let prompt = try #require(messages.last?["content"]?.stringValue)
            for number in 1...3 {
                #expect(prompt.contains("[\(number)] Page \(number): Part \(number) (\(number).mdx)"))
            }
            #expect(prompt.contains("Text of 3."))
            #expect(prompt.hasSuffix("Question: Why is Mars red?"))
        }
    }

    @Test("may say that the passages do not answer")
    func noAnswer() async throws {
        try await FakeModel.with(.says(" \(ModelPrompt.noAnswer).")) { _, url in
            let (text, cited) = try await answer(at: url)
            #expect(text.isEmpty)
            #expect(cited.isEmpty)
        }
    }

    @Test(
        "is not believed when it does not do as told",
        arguments: [
            (.says("Mars is red [4]."), .wrongCitation), (.says("Mars is red [0] [1]."), .wrongCitation),
            (.says("Mars is red [1] [9.mdx]."), .wrongCitation), (.says("Mars is red."), .uncited),
            (.says("  \n"), .invalid), (.answers(500, "boom"), .status), (.answers(302, ""), .status),
            (.answers(200, "{\"choices\": ["), .invalid), (.answers(200, "[]"), .invalid),
            (.answers(200, "{\"choices\": [{\"message\": {\"content\": null}}]}"), .invalid),
            (.answers(200, String(repeating: " ", count: ChatModel.byteLimit + 1)), .invalid),
            (.isSilent, .timeout), (.stalls, .timeout),
        ] as [(FakeModel.Behaviour, ModelFailure.Reason)]
    )
    func failures(behaviour: FakeModel.Behaviour, reason: ModelFailure.Reason) async throws {
        try await FakeModel.with(behaviour) { _, url in
            let failure = await #expect(throws: ModelFailure.self) {
                _ = try await answer(at: url, timeout: reason == .timeout ? .milliseconds(300) : .seconds(60))
            }
            #expect(failure?.reason == reason)
        }
    }

    @Test("may not be there at all")
    func unreachable() async throws {
        let failure = await #expect(throws: ModelFailure.self) { _ = try await answer(at: ChatbotFixture.nowhere) }
        #expect(failure?.reason == .unreachable)
    }

    private func answer(at url: String, timeout: Duration = .seconds(60)) async throws -> (text: String, cited: [Int]) {
        let settings = ModelSettings(baseURL: url, apiKey: Secret("key"), name: "small", timeout: timeout)
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        let http = HTTPClient(configuration: configuration)
        let result: Result<(text: String, cited: [Int]), any Error>
        do {
            result = .success(
                try await ChatModel(settings: settings, http: http).answer("Why is Mars red?", from: Self.passages)
            )
        } catch {
            result = .failure(error)
        }
        try await http.shutdown()
        return try result.get()
    }
}

@Suite("An extractive answer")
struct ExtractiveAnswerTests {
    @Test("cites every passage it was given, and says so when there is none")
    func sources() {
        let passages = (1...5).map {
            Answer(id: 1, path: "\($0)", title: "", heading: "", text: "", excerpt: "e\($0)", score: 1)
        }
        let answer = ChatAnswer.extractive(passages)
        #expect(answer.text == "e1 [1]\n\ne2 [2]\n\ne3 [3]\n\nSee also [4] [5].")
        #expect(Citations.find(in: answer.text).numbers == answer.sources.map(\.number))
        #expect(answer.sources.map(\.passage) == passages)
        #expect(ChatAnswer.extractive([]).sources.isEmpty)
        #expect(ChatAnswer.extractive([]).text.contains("no passage"))
    }
}
