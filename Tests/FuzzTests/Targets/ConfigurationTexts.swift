import TestSupport

@testable import Recovery

extension FuzzTarget {
    /// What people write, or whoever can write the file.
    static let configurationTexts: [FuzzTarget] = [
        FuzzTarget(
            "configuration",
            .text,
            words: [
                "version: 1\n", "collections:\n", "  - name: x\n", "timeout: 999999999h\n", "golden_queries: -1\n",
            ],
            seeds: { [ConfigurationTemplate().render(), fullConfiguration].map { Array($0.utf8) } },
            refuses: { error in
                guard let error = error as? ConfigurationError else { return false }
                return error.diagnostics.count <= ConfigurationReport.maximumCount
            }
        ) { bytes in
            let configuration = try HoldfastConfiguration.parse(bytes, file: "holdfast.yaml", folder: "/etc/app")
            try hold(configuration.version == ConfigurationSchema.version, "version \(configuration.version)")
            try hold(
                configuration.qdrant != nil || !configuration.documents.isEmpty || !configuration.sealed.isEmpty,
                "nothing to back up"
            )
            for set in configuration.sealed {
                try hold(set.path.hasPrefix("/") && !set.selection.include.isEmpty, "a set of everything")
                try hold(!set.recipients.publicNames.isEmpty, "a set that is sealed to nobody")
            }
            let names = configuration.documents.map(\.name)
            try hold(Set(names).count == names.count, "two folders of one name")
            try hold(configuration.documents.allSatisfy { $0.path.hasPrefix("/") }, "a relative path")
            for collection in configuration.qdrant?.collections ?? [] {
                try hold((0...100).contains(collection.goldenQueries), "\(collection.goldenQueries) golden queries")
            }
        },
        FuzzTarget(
            "path-pattern",
            .text,
            words: ["**/", "**", "{a,b}", "[!a-z]", "\\", "[]-]", "{,}", "{{{{{{{{{", "?", "é"],
            seeds: {
                ["**/*.mdx", "a/{b,c/**}/[a-z_]?.md", "\\!x[!]-]*", "**/.git/**", "{a,{b,c}}d"].map { Array($0.utf8) }
            },
            refuses: { $0 is PathPatternError }
        ) { bytes in
            guard let text = String(validating: bytes, as: UTF8.self) else { throw Refused() }
            let pattern = try PathPattern(text)
            for path in ["a/b/c.md", "docs/é.mdx", "", "a", ".git/config", String(repeating: "a/", count: 200)] {
                let parent = path.utf8.split(separator: UInt8(ascii: "/")).dropLast().joined(separator: Array("/".utf8))
                guard !path.isEmpty, !path.hasSuffix("/") else {
                    _ = pattern.matches(path)
                    continue
                }
                // What is said about a folder must be true of what is in it.
                let isMatch = pattern.matches(path)
                try hold(
                    !isMatch || pattern.mayMatch(inside: parent),
                    "'\(path)' matches in a folder that would be skipped"
                )
                try hold(
                    isMatch || !pattern.matchesEverything(inside: parent),
                    "'\(path)' does not match where all does"
                )
            }
        },
        FuzzTarget(
            "secret-reference",
            .text,
            words: ["env:", "file:", "command:", "'", "\"", "\\", "$", "~"],
            seeds: {
                ["env:NAME", "file:keys/repo", "command:pass show 'my key' \"a b\" c\\ d"].map { Array($0.utf8) }
            },
            refuses: { $0 is SecretError }
        ) { bytes in
            guard let text = String(validating: bytes, as: UTF8.self) else { throw Refused() }
            switch try SecretReference(text, relativeTo: "/etc/app") {
            case .environment(let name): try hold(!name.isEmpty && !name.contains("="), "a variable '\(name)'")
            case .file(let path): try hold(path.hasPrefix("/"), "a relative path")
            case .command(let command): try hold(!command.program.isEmpty, "no program")
            }
        },
        FuzzTarget(
            "duration",
            .text,
            words: ["ms", "h", "999999999"],
            seeds: { ["500ms", "30s", "24h"].map { Array($0.utf8) } }
        ) { bytes in
            guard let span = ConfigurationDuration.parse(String(decoding: bytes, as: UTF8.self)) else {
                throw Refused()
            }
            try hold(span >= .zero && span <= .seconds(86_400 * 1000), "a span of \(span)")
            try hold(
                ConfigurationDuration.parse(ConfigurationDuration.render(span)) == span,
                "is written as another span"
            )
        },
    ]

    private static let fullConfiguration = """
        \(ConfigurationTexts.full)
        configuration:
          - name: app
            path: .
            files: [.env.production, "config/*.yaml"]
            recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]
            identity: file:/media/key.txt
          - {path: kit, files: ["**"], passphrase: env:KIT}
        """
}
