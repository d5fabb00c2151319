internal import FoundationEssentials
internal import QdrantClient

/// Requests and commands, which probes, hooks and re-ingestion have.
extension ConfigurationDecoder {
    /// The keys that every request has, taken from its section.
    mutating func call(
        _ section: inout ConfigurationSection,
        method: String
    ) -> HTTPCall? {
        let url = section.take("url").flatMap { address($0) }
        let headers = section.take("headers").map { self.headers($0) } ?? []
        let body = section.take("body").flatMap { node in
            text(node, of: "body", example: "body: '{\"limit\": 3}'")
        }
        guard let url else { return nil }
        return HTTPCall(url: url, method: method, headers: headers, body: body)
    }

    /// An address with path and query.
    private mutating func address(_ node: ConfigurationNode) -> String? {
        let example = "url: http://127.0.0.1:8080/health"
        guard let text = text(node, of: "url", example: example) else { return nil }
        let isHTTP = ["http://", "https://"].contains { text.lowercased().hasPrefix($0) }
        guard isHTTP, let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty,
            parts.port.map((1...65535).contains) ?? true, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            report.error(
                .invalidValue,
                at: node.position,
                "'url' is not a valid address of http or https",
                suggestion: "Write for example '\(example)'."
            )
            return nil
        }
        guard parts.user == nil, parts.password == nil else {
            report.error(
                .literalSecret,
                at: node.position,
                "'url' must not hold a user name or password",
                suggestion: "Leave out what stands before the @; use 'headers: {Authorization: \"Bearer env:NAME\"}'."
            )
            return nil
        }
        return text
    }

    private mutating func headers(_ node: ConfigurationNode) -> [HTTPCall.Header] {
        guard case .mapping(let entries) = node.content else {
            report.error(
                .wrongType,
                at: node.position,
                "'headers' must be a mapping of names to values, found \(found(node))",
                suggestion: "Write for example 'headers: {Authorization: \"Bearer env:APP_TOKEN\"}'."
            )
            return []
        }
        return entries.compactMap { header($0) }
    }

    /// A value that ends in `env:NAME`, `file:PATH` or `command:…`, alone or after a blank, names a secret.
    private mutating func header(_ entry: ConfigurationEntry) -> HTTPCall.Header? {
        let name = entry.key
        guard !name.isEmpty, name.utf8.allSatisfy({ Self.isTokenByte($0) }) else {
            report.error(.invalidValue, at: entry.keyPosition, "an entry of 'headers' is not a valid header name")
            return nil
        }
        let example = "\(name): \"Bearer env:APP_TOKEN\""
        guard let text = text(entry.value, of: name, example: example) else { return nil }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            report.error(
                .invalidValue,
                at: entry.value.position,
                "the value of header '\(name)' has a control character"
            )
            return nil
        }
        for scheme in ["env:", "file:", "command:"] {
            guard let range = text.firstRange(of: scheme),
                range.lowerBound == text.startIndex || text[..<range.lowerBound].hasSuffix(" ")
            else { continue }
            do {
                let reference = try SecretReference(String(text[range.lowerBound...]), relativeTo: folder)
                return HTTPCall.Header(name: name, text: String(text[..<range.lowerBound]), secret: reference)
            } catch {
                report.error(
                    .invalidReference,
                    at: entry.value.position,
                    "header '\(name)': \(error.message)",
                    suggestion: error.hint
                )
                return nil
            }
        }
        let lowered = name.lowercased()
        if ["authorization", "cookie", "key", "token", "secret", "password"].contains(where: lowered.contains) {
            report.error(
                .literalSecret,
                at: entry.value.position,
                "header '\(name)' must say where its secret is kept, not be the secret itself",
                suggestion: "Write for example '\(example)'."
            )
            return nil
        }
        return HTTPCall.Header(name: name, text: text)
    }

    /// RFC 9110, section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    mutating func jsonPath(_ node: ConfigurationNode, of key: String, example: String) -> JSONPath? {
        guard let text = text(node, of: key, example: "\(key): \(example)") else { return nil }
        if let path = JSONPath(text) { return path }
        report.error(
            .invalidValue,
            at: node.position,
            "'\(key)' is not a JSON path",
            suggestion: "Use names, [0] and [*], for example '\(key): \(example)'.",
            revealing: .value
        )
        return nil
    }

    mutating func expectations(_ node: ConfigurationNode) -> [JSONExpectation] {
        let items = entries(
            node,
            of: "json",
            empty: "'json' expects nothing",
            suggestion: "Write for example 'json: [{path: status, equals: ok}]'."
        )
        return (items ?? []).compactMap { expectation($0) }
    }

    private mutating func expectation(_ node: ConfigurationNode) -> JSONExpectation? {
        guard var section = section(.json, node) else { return nil }
        let path = section.take("path").flatMap { jsonPath($0, of: "path", example: "status") }
        let equals = section.take("equals").flatMap { text($0, of: "equals", example: "equals: ok") }
        let matchesNode = section.take("matches")
        let matches = matchesNode.flatMap { text($0, of: "matches", example: "matches: '^ok'") }
        close(section, required: ["path"])
        if let matches, let matchesNode, (try? Regex(matches)) == nil {
            report.error(
                .invalidValue,
                at: matchesNode.position,
                "'matches' is not a regular expression",
                suggestion: "Write for example \"matches: '^1[.]'\".",
                revealing: .value
            )
            return nil
        }
        guard section.has("equals") != section.has("matches") else {
            report.error(
                section.has("equals") ? .duplicateValue : .missingKey,
                at: section.position,
                "an entry of 'json' needs one of 'equals' and 'matches'",
                suggestion: "Write for example '{path: status, equals: ok}'."
            )
            return nil
        }
        guard let path, let test = equals.map({ JSONExpectation.Test.equals($0) }) ?? matches.map({ .matches($0) })
        else { return nil }
        return JSONExpectation(path, test)
    }

    mutating func command(_ node: ConfigurationNode, of key: String) -> ConfiguredCommand? {
        guard let text = text(node, of: key, example: "\(key): systemctl restart chatbot") else { return nil }
        do {
            return try ConfiguredCommand(text, folder: folder)
        } catch {
            report.error(
                .invalidValue,
                at: node.position,
                "'\(key)': \(error.message)",
                suggestion: error.hint?.replacing("command:sh", with: "sh").replacing("command:", with: "")
            )
            return nil
        }
    }

    /// An HTTP status.
    mutating func status(_ section: inout ConfigurationSection) -> Int {
        section.take("status").flatMap { integer($0, of: "status", in: 100...599, example: "status: 200") } ?? 200
    }
}
