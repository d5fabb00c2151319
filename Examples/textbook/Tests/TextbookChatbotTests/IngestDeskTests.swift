import QdrantClient
import Testing

@testable import TextbookChatbot
@testable import TextbookExample

@Suite("The ingestion desk")
struct IngestDeskTests {
    @Test("lets one ingestion run at a time, and remembers the last one")
    func oneAtATime() async throws {
        let desk = IngestDesk()
        #expect(desk.json["running"] == false)
        #expect(desk.json["state"] == "idle")
        #expect(desk.json["last"] == .null)
        _ = try await desk.run(.folder(allowsMassRemoval: false)) {
            #expect(desk.json["running"] == true)
            #expect(desk.json["state"] == "running")
            #expect(desk.json["current"]?["scope"] == "folder")
            let error = await #expect(throws: ChatbotError.self) {
                _ = try await desk.run(.files(["a.mdx"])) { IngestSummary(pageCount: 1, passageCount: 1) }
            }
            #expect(error?.code == .ingestRunning)
            return IngestSummary(pageCount: 3, passageCount: 9)
        }
        #expect(desk.json["running"] == false)
        #expect(desk.json["last"]?["outcome"] == "succeeded")
        #expect(desk.json["last"]?["pages"]?["read"] == 3)
        #expect(desk.json["finished"] == 1)
    }

    @Test("remembers why an ingestion failed, and lets the next one run")
    func failure() async throws {
        let desk = IngestDesk()
        let error = await #expect(throws: ChatbotError.self) {
            _ = try await desk.run(.files(["a.mdx"])) { throw TextbookError(.notUTF8, "the page 'a.mdx' is not UTF-8") }
        }
        #expect(error?.code == .pageUnreadable)
        #expect(desk.json["last"]?["outcome"] == "failed")
        #expect(desk.json["state"] == "failed")
        #expect(desk.json["last"]?["error"]?["code"] == "page_unreadable")
        #expect(desk.json["last"]?["scope"]?["files"] == ["a.mdx"])
        _ = try await desk.run(.folder(allowsMassRemoval: false)) { IngestSummary(pageCount: 1, passageCount: 1) }
        #expect(desk.json["last"]?["outcome"] == "succeeded")
    }
}
