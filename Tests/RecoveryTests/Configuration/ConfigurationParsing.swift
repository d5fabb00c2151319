import Recovery
import Testing

/// Reads a configuration as if it stood in `/etc/app/holdfast.yaml`.
func parse(_ text: String) throws -> HoldfastConfiguration {
    try HoldfastConfiguration.parse(Array(text.utf8), file: "holdfast.yaml", folder: "/etc/app")
}

/// The findings of a configuration that must be refused.
func findings(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> [ConfigurationDiagnostic] {
    let error = try #require(throws: ConfigurationError.self, sourceLocation: sourceLocation) { try parse(text) }
    #expect(error.code == .invalid, sourceLocation: sourceLocation)
    return error.diagnostics
}

enum ConfigurationTexts {
    /// The smallest configuration: other tests add to it or break it.
    static let minimal = """
        version: 1
        repository:
          location: ./backup
          password: env:HOLDFAST_PASSWORD
        system: textbook
        documents:
          - path: ./docs

        """

    static let full = """
        version: 1
        repository:
          location: /mnt/backup/./repo//
          password: file:keys/repo
          compression: max
        system: textbook
        qdrant:
          url: https://qdrant.example:6333/base/
          api_key: "command:pass show 'my qdrant'"
          ca_certificate: ./ca.pem
          collections:
            - textbook_knowledge
            - name: other
              method: snapshot
              golden_queries: 0
          timeout: 500ms
        documents:
          - name: handbook
            path: ../docs
            include: ["**/*.mdx", '**/*.md']
            exclude:
              - "**/.git/**"
          - path: blog
        restore:
          green_within: 1h
          score_tolerance: 1e-3
        """
}
