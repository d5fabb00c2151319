internal import Recovery
internal import TextbookExample

/// The demo's `holdfast.yaml`: the four components, probes, the hook that starts the chatbot again, and where drills go.
struct DemoConfiguration {
    static let collection = "textbook_knowledge"
    static let alias = "textbook"

    let repository: DemoRepository
    let safe: DemoSafe
    let qdrantURL: String
    let chatbotPort: Int
    let stagingPort: Int
    let question: DemoQuestion

    var text: String {
        """
        # Made by 'holdfast demo'. Relative paths start from this file's folder.
        version: 1
        system: textbook
        repository:
          location: "\(repository.location)"
          password: "file:\(repository.passwordFile)"

        # The four components.
        qdrant:
          url: "\(qdrantURL)"
          api_key: "file:\(safe.apiKeyFile)"
          collections:
            - name: \(Self.collection)
              source_field: path
              documents: docs
              embedding:
                model: \(LocalEmbedding.name)
                revision: "\(LocalEmbedding.revision)"
                dimension: \(LocalEmbedding.dimensionCount)
                distance: Cosine
                vector: \(TextbookIndex.denseVectorName)
        documents:
          - {name: docs, path: project/docs}
        configuration:
          - {name: settings, path: project, files: [.env.production], recipients: [\(safe.recipient)]}
        code:
          - {name: app, path: project/app}

        # Is it back? Asked after a recovery, and by 'holdfast probe'.
        probes:
        \(probes(port: chatbotPort, indent: "  "))
        recovery:
          hooks: {after_code: sh project/app/restart.sh}
          reingest:
            http:
              url: http://127.0.0.1:\(chatbotPort)/ingest
              headers: {Authorization: "Bearer command:sed -n 's/^ADMIN_TOKEN=//p' project/.env.production"}
              body: '{"files": {{files}}, "removed": {{removed}}}'
          watch: {for: 3s, every: 1s}
        drill:
          qdrant: embedded
          folder: scratch
          application:
            command: sh -c 'exec sh "$HOLDFAST_DRILL_CODE/app/staging.sh"'
            probes:
        \(probes(port: stagingPort, indent: "      "))

        """
    }

    private func probes(port: Int, indent: String) -> String {
        let cites = Set(question.sources.map(\.path)).sorted().joined(separator: ", ")
        return [
            "- name: health",
            "  http: {url: \"http://127.0.0.1:\(port)/health\", json: [{path: status, equals: ok}]}",
            "  within: 30s",
            "- name: polaris",
            "  question:",
            "    url: http://127.0.0.1:\(port)/chat",
            "    ask: \"\(question.question)\"",
            "    sources: \"sources[*].path\"",
            "    cites: [\(cites)]",
        ].map { indent + $0 }.joined(separator: "\n")
    }
}
