import Foundation
import Recovery
import TestSupport
import Testing

@Suite("The reference of the configuration")
struct ConfigurationReferenceTests {
    private static let text: String? = {
        let root = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        return try? String(contentsOf: root.appending(path: "docs/reference/configuration.md"), encoding: .utf8)
    }()

    @Test("has an example that is read without an error or a warning")
    func example() throws {
        let text = try #require(Self.text)
        let example = try #require(text.split(separator: "```yaml\n").last?.split(separator: "```").first)
        let configuration = try parse(String(example))
        #expect(configuration.warnings.isEmpty)
        #expect(configuration.qdrant?.collections.map(\.goldenQueries) == [5, 0, 5])
    }

    @Test("shows an error as it is shown")
    func error() throws {
        let text = try #require(Self.text)
        let found = try findings(ConfigurationTexts.full.replacing("  compression: max", with: "  compresion: max"))
        #expect(text.contains(try #require(found.first).rendered))
    }

    @Test("explains every key of the template")
    func keys() throws {
        let text = try #require(Self.text)
        let keys = ConfigurationTemplate().render().matches(of: /(?m)^[ #-]*([a-z_]+):(?: |$)/).map(\.output.1)
        #expect(keys.count > 20)
        for key in Set(keys) { #expect(text.contains("| `\(key)` |"), "\(key)") }
    }
}
