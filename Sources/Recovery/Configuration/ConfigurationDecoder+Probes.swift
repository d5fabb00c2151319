internal import QdrantClient

/// The section `probes`.
extension ConfigurationDecoder {
    mutating func probes(_ node: ConfigurationNode) -> [Probe] {
        guard
            let items = entries(
                node,
                of: "probes",
                empty: "'probes' names no probe",
                suggestion: "Write for example '- {name: health, http: {url: http://127.0.0.1:8080/health}}'."
            )
        else { return [] }
        var probes: [Probe] = []
        for item in items {
            guard let probe = probe(item) else { continue }
            guard !probes.contains(where: { $0.name == probe.name }) else {
                report.error(
                    .duplicateValue,
                    at: item.position,
                    "two probes have the name '\(probe.name)'",
                    suggestion: "Give one of them another 'name'."
                )
                continue
            }
            probes.append(probe)
        }
        return probes
    }

    private mutating func probe(_ node: ConfigurationNode) -> Probe? {
        guard var section = section(.probe, node) else { return nil }
        let name = section.take("name").flatMap { self.name($0, of: "name") }
        let http = section.take("http").flatMap { httpProbe($0) }.map { Probe.Kind.http($0) }
        let question = section.take("question").flatMap { questionProbe($0) }.map { Probe.Kind.question($0) }
        let command = section.take("command").flatMap { self.command($0, of: "command") }.map { Probe.Kind.command($0) }
        let timeout = section.take("timeout").flatMap { duration($0, of: "timeout", example: "10s") }
        let within = section.take("within").flatMap { duration($0, of: "within", example: "2m") }
        close(section, required: ["name"])
        let kinds = ["http", "question", "command"].filter { section.has($0) }
        guard kinds.count == 1 else {
            if kinds.count > 1 || !section.hasLookalike(of: ["http", "question", "command"]) {
                report.error(
                    kinds.isEmpty ? .missingKey : .duplicateValue,
                    at: section.position,
                    "an entry of 'probes' needs one of 'http', 'question' and 'command'",
                    suggestion: "Write for example 'http: {url: http://127.0.0.1:8080/health}'."
                )
            }
            return nil
        }
        guard let name, let kind = http ?? question ?? command else { return nil }
        return Probe(name: name, kind: kind, timeout: timeout ?? Probe.defaultTimeout, within: within ?? .zero)
    }

    private mutating func httpProbe(_ node: ConfigurationNode) -> HTTPProbe? {
        guard var section = section(.http, node) else { return nil }
        let method = section.take("method").flatMap { self.method($0) }
        let call = call(&section, method: method ?? (section.has("body") ? "POST" : "GET"))
        let probe = call.map { self.probe($0, &section) }
        close(section, required: ["url"])
        return probe
    }

    /// The expectations that both kinds of requests have.
    private mutating func probe(_ call: HTTPCall, _ section: inout ConfigurationSection) -> HTTPProbe {
        let status = status(&section)
        let json = section.take("json").map { expectations($0) } ?? []
        let contains = section.take("contains").flatMap { text($0, of: "contains", example: "contains: ready") }
        return HTTPProbe(call, status: status, json: json, contains: contains)
    }

    mutating func method(_ node: ConfigurationNode) -> String? {
        guard let text = text(node, of: "method", example: "method: POST") else { return nil }
        let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        if methods.contains(text.uppercased()) { return text.uppercased() }
        report.error(
            .invalidValue,
            at: node.position,
            "'method' must be one of \(methods.joined(separator: ", "))",
            revealing: .value
        )
        return nil
    }

    private mutating func questionProbe(_ node: ConfigurationNode) -> QuestionProbe? {
        guard var section = section(.question, node) else { return nil }
        let call = call(&section, method: "POST")
        let body = section.take("body")
        if let body, let text = call?.body, (try? JSONValue(reading: Array(text.utf8)))?.objectValue == nil {
            report.error(
                .invalidValue,
                at: body.position,
                "'body' is not a JSON object, in which the question could stand",
                suggestion: "Write for example \"body: '{\\\"limit\\\": 3}'\", or leave it out."
            )
        }
        let question = section.take("ask").flatMap { text($0, of: "ask", example: "ask: \"How do I find Polaris?\"") }
        let fieldNode = section.take("field")
        let field = fieldNode.map { jsonPath($0, of: "field", example: "question") } ?? JSONPath("question")
        if let field, let fieldNode, !field.canBeSet {
            report.error(
                .invalidValue,
                at: fieldNode.position,
                "'field' must be a path of names",
                suggestion: "Write for example 'field: input.question'.",
                revealing: .value
            )
        }
        let sources = section.take("sources").flatMap { jsonPath($0, of: "sources", example: "sources[*].path") }
        let cites = section.take("cites").map { texts($0, of: "cites", example: "[chapter-1/polaris.mdx]") } ?? []
        let http = call.map { probe($0, &section) }
        close(section, required: ["url", "ask", "sources", "cites"])
        guard let http, let question, let field, let sources, !cites.isEmpty else { return nil }
        return QuestionProbe(http, question: question, field: field, sources: sources, cites: cites)
    }

    /// A list of texts, not empty.
    mutating func texts(_ node: ConfigurationNode, of key: String, example: String) -> [String] {
        let items = entries(
            node,
            of: key,
            " of texts",
            empty: "'\(key)' names nothing",
            suggestion: "Write for example '\(key): \(example)'."
        )
        return (items ?? []).compactMap { text($0, of: key, example: "\(key): \(example)") }
    }
}
