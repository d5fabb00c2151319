import Recovery
import TestSupport
import Testing

@Suite("A mistake in a configuration")
struct ConfigurationDiagnosticTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
        var replacing: String
        var by: String
        var code: ConfigurationDiagnostic.Code
        var line: Int
        var column: Int
        var suggestion: String
        var testDescription: String { "\(replacing) → \(by)" }

        init(
            _ replacing: String,
            _ by: String,
            _ code: ConfigurationDiagnostic.Code,
            _ line: Int,
            _ column: Int,
            _ suggestion: String
        ) {
            (self.replacing, self.by, self.code, self.line, self.column, self.suggestion) = (
                replacing, by, code, line, column, suggestion
            )
        }
    }

    static let mistakes: [Mistake] = [
        Mistake("  compression: max", "  compresion: max", .unknownKey, 5, 3, "Did you mean 'compression'?"),
        Mistake("  timeout: 500ms", "  green_within: 5m", .unknownKey, 16, 3, "'green_within' belongs in 'restore'."),
        Mistake(
            "restore:\n",
            "lifetime: 7y\nrestore:\n",
            .unknownKey,
            24,
            1,
            "The keys of the configuration are version"
        ),
        Mistake("  compression: max", "  compression: maximum", .invalidValue, 5, 16, "Did you mean 'max'?"),
        Mistake("method: snapshot", "method: [stream]", .wrongType, 14, 15, "Write for example 'method: stream'."),
        Mistake("golden_queries: 0", "golden_queries: \"5\"", .wrongType, 15, 23, "golden_queries: 5"),
        Mistake("golden_queries: 0", "golden_queries: 101", .invalidValue, 15, 23, "golden_queries: 5"),
        Mistake("golden_queries: 0", "golden_queries: 1.5", .wrongType, 15, 23, "golden_queries: 5"),
        Mistake("golden_queries: 0", "golden_queries: -1", .wrongType, 15, 23, "golden_queries: 5"),
        Mistake("timeout: 500ms", "timeout: 30", .invalidValue, 16, 12, "timeout: 30s"),
        Mistake("timeout: 500ms", "timeout: 0s", .invalidValue, 16, 12, "timeout: 30s"),
        Mistake("timeout: 500ms", "timeout: soon", .invalidValue, 16, 12, "timeout: 30s"),
        Mistake("timeout: 500ms", "timeout:", .emptyValue, 16, 11, "timeout: 30s"),
        Mistake("green_within: 1h", "green_within: 99999999999h", .invalidValue, 25, 17, "green_within: 5m"),
        Mistake("score_tolerance: 1e-3", "score_tolerance: nan", .wrongType, 26, 20, "score_tolerance: 0.0001"),
        Mistake("score_tolerance: 1e-3", "score_tolerance: -1", .wrongType, 26, 20, "score_tolerance: 0.0001"),
        Mistake(
            "location: /mnt/backup/./repo//",
            "location: sftp:host:bucket",
            .notYetSupported,
            3,
            13,
            "rclone:REMOTE:PATH"
        ),
        Mistake("location: /mnt/backup/./repo//", "location: ~/backup", .invalidValue, 3, 13, "Write the whole path"),
        Mistake("location: /mnt/backup/./repo//", "location:", .emptyValue, 3, 12, "location: ./backup"),
        Mistake("system: textbook", "system: my textbook", .invalidValue, 6, 9, "Use up to 64 letters"),
        Mistake("system: textbook\n", "", .missingKey, 1, 1, "Add 'system: textbook'."),
        Mistake(
            "https://qdrant.example:6333/base/",
            "qdrant.example:6333",
            .invalidValue,
            8,
            8,
            "url: http://127.0.0.1:6333"
        ),
        Mistake(
            "https://qdrant.example:6333/base/",
            "http://host:port",
            .invalidValue,
            8,
            8,
            "url: http://127.0.0.1:6333"
        ),
        Mistake(
            "https://qdrant.example:6333/base/",
            "http://host:6333/?x=1",
            .invalidValue,
            8,
            8,
            "Name only the server"
        ),
        Mistake("name: other", "name: textbook_knowledge", .duplicateValue, 13, 7, "Remove one of the two."),
        Mistake("name: other", "name: a/b", .invalidValue, 13, 13, "Names have up to 255 bytes"),
        Mistake("name: other", "name: \"a/*\"", .invalidValue, 13, 13, "textbook_*"),
        Mistake("name: other", "name: \"!a*\"", .invalidValue, 13, 13, "under `exclude`"),
        Mistake("timeout: 500ms", "exclude: tmp_x", .wrongType, 16, 12, "exclude: [\"tmp_*\"]"),
        Mistake("timeout: 500ms", "exclude: []", .emptyValue, 16, 12, "Leave 'exclude' out"),
        Mistake("timeout: 500ms", "exclude: [other]", .overlap, 12, 5, "Remove it from one of the two."),
        Mistake("golden_queries: 0", "embedding: small", .wrongType, 15, 18, "Its keys are model"),
        Mistake("golden_queries: 0", "embedding: {dimension: 8}", .missingKey, 15, 18, "Add 'model:"),
        Mistake(
            "golden_queries: 0",
            "embedding: {model: m, distance: cosine}",
            .invalidValue,
            15,
            39,
            "Did you mean 'Cosine'?"
        ),
        Mistake("golden_queries: 0", "embedding: {model: m, dimension: 0}", .invalidValue, 15, 40, "dimension: 384"),
        Mistake("golden_queries: 0", "documents: blog", .missingKey, 15, 18, "Add 'source_field: path'"),
        Mistake("golden_queries: 0", "source_field: path", .missingKey, 15, 21, "Add 'documents: handbook'"),
        Mistake(
            "golden_queries: 0",
            "source_field: path\n      documents: handbok",
            .invalidValue,
            16,
            18,
            "Did you mean 'handbook'?"
        ),
        Mistake("name: other\n      ", "", .missingKey, 13, 7, "Add 'name: NAME'."),
        Mistake("- textbook_knowledge", "- []", .wrongType, 12, 7, "Write for example '- NAME'."),
        Mistake("path: blog", "path: blog\n    name: handbook", .duplicateValue, 23, 5, "another 'name'"),
        Mistake("path: blog", "path: my blog", .missingKey, 23, 11, "Add 'name: NAME'"),
        Mistake("path: blog", "paths: blog", .unknownKey, 23, 5, "Did you mean 'path'?"),
        Mistake("[\"**/*.mdx\", '**/*.md']", "[]", .emptyValue, 20, 14, "Leave 'include' out"),
        Mistake("[\"**/*.mdx\", '**/*.md']", "\"**\"", .wrongType, 20, 14, "include: [\"**/*.mdx\"]"),
        Mistake("[\"**/*.mdx\", '**/*.md']", "[\"a/[b\"]", .invalidValue, 20, 18, "Write `\\[`"),
        Mistake("\"**/.git/**\"", "\"!keep\"", .invalidValue, 22, 10, "List what to leave out under `exclude`"),
        Mistake("version: 1", "version: 2", .unsupportedVersion, 1, 10, "Use a newer Holdfast."),
        Mistake("version: 1", "version: one", .wrongType, 1, 10, "version: 1"),
        Mistake("version: 1\n", "", .missingKey, 1, 1, "Begin the file with 'version: 1'."),
        Mistake("path: blog", "path: /mnt/backup", .overlap, 23, 5, "add \"repo\" to 'exclude'"),
        Mistake("path: blog", "path: /mnt/backup/repo/data", .overlap, 23, 5, "Move the repository"),
    ]

    @Test(
        "is reported once, with its place and what to write instead",
        arguments: ConfigurationDiagnosticTests.mistakes
    )
    func single(_ mistake: Mistake) throws {
        let full = ConfigurationTexts.full
        try #require(full.contains(mistake.replacing))
        let found = try findings(full.replacing(mistake.replacing, with: mistake.by, maxReplacements: 1))
        #expect(found.map(\.code) == [mistake.code])
        let finding = try #require(found.first)
        #expect(finding.line == mistake.line)
        #expect(finding.column == mistake.column)
        #expect(finding.suggestion?.contains(mistake.suggestion) == true, "\(finding.suggestion ?? "")")
        #expect(finding.message.first?.isUppercase == false && !finding.message.hasSuffix("."))
    }

    @Test("does not hide the others: all are reported at once, in the order of the lines")
    func allAtOnce() throws {
        let found = try findings(
            """
            version: 1
            repository:
              location: sftp:bucket
              pasword: env:X
            system: ""
            qdrant:
              url: localhost:6333
              colections: [a]
              timeout: 30
            documents: docs
            extra: 1
            """
        )
        #expect(found.map(\.line) == [3, 4, 5, 7, 8, 9, 10, 11])
        #expect(
            found.map(\.code) == [
                .notYetSupported, .unknownKey, .emptyValue, .invalidValue, .unknownKey, .invalidValue, .wrongType,
                .unknownKey,
            ]
        )
    }

    @Test("is shown as a compiler shows it")
    func rendering() throws {
        let found = try findings(ConfigurationTexts.full.replacing("  compression: max", with: "  compresion: max"))
        #expect(
            found.first?.rendered == """
                holdfast.yaml:5:3: error: unknown key 'compresion' in 'repository'
                    5 |   compresion: ********
                      |   ^
                      = Did you mean 'compression'?
                """
        )
    }

    @Test("shows at most fifty findings and counts the rest")
    func many() throws {
        let lines = (0..<200).map { "key\($0): 1" }.joined(separator: "\n")
        let error = try #require(throws: ConfigurationError.self) { try parse(ConfigurationTexts.minimal + lines) }
        #expect(error.diagnostics.count == 50)
        #expect(error.message == "'holdfast.yaml' has 200 errors, of which the first 50 findings are shown")
    }

    @Test("given twice is reported for every key, with the line of the first")
    func duplicateKeys() throws {
        let found = try findings(
            """
            version: 1
            repository:
              location: ./backup
              "password": env:A
              location: ./other
              password: env:B
              'location': ./third
            system: a
            system: b
            documents: [{path: docs, path: x}]
            """
        )
        #expect(found.map(\.code) == [.duplicateKey, .duplicateKey, .duplicateKey, .duplicateKey, .duplicateKey])
        #expect(found.map(\.line) == [5, 6, 7, 9, 10])
        #expect(
            found.map(\.message) == [
                "'location' is given twice, first on line 3", "'password' is given twice, first on line 4",
                "'location' is given twice, first on line 3", "'system' is given twice, first on line 8",
                "'path' is given twice, first on line 10",
            ]
        )
    }

    @Test(
        "finds its words from near and far",
        arguments: [
            ("compresssion", "compression"), ("locaton", "location"), ("Password", "password"), ("pass", "password"),
        ]
    )
    func nearest(_ written: String, _ meant: String) throws {
        let found = try findings(
            ConfigurationTexts.minimal.replacing("  location:", with: "  \(written): x\n  location:")
        )
        #expect(found.first?.suggestion == "Did you mean '\(meant)'?")
    }
}
