/// Configurations that tests read, add to or break.
public enum ConfigurationTexts {
    /// The smallest one.
    public static let minimal = """
        version: 1
        repository:
          location: ./backup
          password: env:HOLDFAST_PASSWORD
        system: textbook
        documents:
          - path: ./docs

        """

    /// One in which every value is written in another way than usual.
    public static let full = """
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
