import QdrantClient
import Testing

import struct Foundation.Data
import class Foundation.FileManager
import struct Foundation.URL

@testable import TextbookExample

/// The textbook that is shipped with this package.
enum Textbook {
    struct Question: Sendable, CustomTestStringConvertible {
        struct Source: Sendable, Hashable {
            var path: String
            var heading: String
        }

        var id: String
        var text: String
        var sources: Set<Source>

        var testDescription: String { id }
    }

    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static var docs: String { folder.appendingPathComponent("docs").path }

    static func pages() throws -> [MDXPage] { try MDXPage.pages(in: docs) }

    /// The pages after the edits in `changes`.
    static func changedPages() throws -> [MDXPage] {
        let changes = try MDXPage.pages(in: folder.appendingPathComponent("changes").path)
        return try pages().map { page in changes.first { $0.path == page.path } ?? page }
    }

    static func questions() throws -> [Question] {
        let data = try Data(contentsOf: folder.appendingPathComponent("questions.json"))
        return try #require(try JSONValue(reading: Array(data)).arrayValue).map { question in
            let sources = try #require(question["sources"]?.arrayValue).map { source in
                Question.Source(
                    path: try #require(source["path"]?.stringValue),
                    heading: try #require(source["heading"]?.stringValue)
                )
            }
            return Question(
                id: try #require(question["id"]?.stringValue),
                text: try #require(question["question"]?.stringValue),
                sources: Set(sources)
            )
        }
    }
}

extension Passage {
    var source: Textbook.Question.Source { .init(path: path, heading: heading) }
}
