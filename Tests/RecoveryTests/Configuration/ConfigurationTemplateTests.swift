import Foundation
import Recovery
import ResticRepository
import Testing

@Suite("The first configuration that is written")
struct ConfigurationTemplateTests {
    @Test("is read by our own reader, with the values it was given")
    func parses() throws {
        let template = ConfigurationTemplate(
            system: "shop",
            repositoryLocation: "/mnt/my disk/repo",
            password: "command:pass show 'a b'",
            qdrantURL: "https://q.example:6333",
            apiKey: "file:/run/secrets/key",
            collections: ["a", "b c's"],
            documents: ["./docs", "/srv/blog"]
        )
        let configuration = try parse(template.render())
        #expect(configuration.warnings.isEmpty)
        #expect(configuration.system == "shop")
        #expect(configuration.repository.location == .folder("/mnt/my disk/repo"))
        #expect(configuration.repository.compression == .auto)
        #expect(configuration.repository.password.description == "command:pass …")
        #expect(configuration.qdrant?.apiKey == .file(path: "/run/secrets/key"))
        #expect(configuration.documents.map(\.path) == ["/etc/app/docs", "/srv/blog"])
        #expect(configuration.restore == .standard)
    }

    @Test("sets nothing but the defaults in what a user has not chosen")
    func defaults() throws {
        let configuration = try parse(ConfigurationTemplate().render())
        #expect(configuration.qdrant?.timeout == HoldfastConfiguration.Qdrant.defaultTimeout)
        #expect(configuration.qdrant?.collections == [.init("textbook_knowledge")])
        #expect(configuration.qdrant?.apiKey == nil)
    }

    @Test("holds every key of the schema, and is still read when all of its options are set")
    func everyOption() throws {
        let text = ConfigurationTemplate().render()
        let option = /^( *)# ([a-z_]+: .*)$/.anchorsMatchLineEndings()
        let set = text.replacing(option) { "\($0.output.1)\($0.output.2)" }
        let configuration = try parse(set)
        #expect(configuration.qdrant?.apiKey == .environment(name: "QDRANT_API_KEY"))
        #expect(configuration.qdrant?.caCertificate == "/etc/app/ca.pem")
        #expect(configuration.documents.map(\.name) == ["documents"])
        #expect(configuration.documents[0].selection.include.map(\.text) == ["**/*.mdx"])
        let keys = [
            "version", "repository", "location", "password", "compression", "system", "qdrant", "url", "api_key",
            "ca_certificate",
            "collections", "name", "method", "golden_queries", "timeout", "documents", "path", "include", "exclude",
            "restore",
            "green_within", "score_tolerance",
        ]
        for key in keys { #expect(set.contains(try Regex("(?m)^[ -]*\(key):")), "\(key)") }
    }

    @Test("leaves out what is not there, as comments")
    func partial() throws {
        let documents = try parse(ConfigurationTemplate(qdrantURL: nil, collections: []).render())
        #expect(documents.qdrant == nil)
        let qdrant = try parse(ConfigurationTemplate(documents: []).render())
        #expect(qdrant.documents.isEmpty)
    }

    @Test(
        "keeps any text as it is, so that none of it becomes YAML",
        arguments: [
            "a: b", "x # y", "\"", "'", "\\", "- a", "*a", "&a", "!a", "null", "~", "{a", "a\u{2028}b", "é日", "[",
            "a,b", "%", "@", "`", "|", "---", "1", "a:",
        ]
    )
    func quoting(_ name: String) throws {
        let configuration = try? parse(ConfigurationTemplate(documents: ["./docs/" + name, name]).render())
        // Some make no folder's name, but each must come back as it was or be refused by name.
        if let configuration {
            #expect(configuration.documents.map(\.path) == ["/etc/app/docs/" + name, "/etc/app/" + name])
        } else {
            let found = try findings(ConfigurationTemplate(documents: ["./docs/" + name, name]).render())
            #expect(Set(found.map(\.code)).isSubset(of: [.missingKey, .invalidValue, .duplicateValue]))
        }
        let collection = try? parse(ConfigurationTemplate(collections: [name]).render())
        #expect(collection.map { $0.qdrant?.collections.map(\.name) == [name] } ?? true)
    }
}
