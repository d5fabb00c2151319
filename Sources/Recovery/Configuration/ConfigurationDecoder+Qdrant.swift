internal import FoundationEssentials
internal import QdrantCapture

/// The section `qdrant`.
extension ConfigurationDecoder {
    mutating func qdrant(_ node: ConfigurationNode) -> HoldfastConfiguration.Qdrant? {
        guard var section = section(.qdrant, node) else { return nil }
        let urlNode = section.take("url")
        let url = urlNode.flatMap { self.url($0) }
        let keyNode = section.take("api_key")
        let apiKey = keyNode.flatMap { secret($0, of: "api_key", example: "env:QDRANT_API_KEY") }
        let certificateNode = section.take("ca_certificate")
        let certificate = certificateNode.flatMap { certificatePath($0) }
        let collections = section.take("collections").flatMap { self.collections($0) }
        let timeout = section.take("timeout").flatMap { duration($0, of: "timeout", example: "30s") }
        close(section, required: ["url", "collections"])
        guard let url, let urlNode else { return nil }
        remark(on: url, at: urlNode.position, apiKey: keyNode, certificate: certificateNode)
        guard let collections else { return nil }
        return .init(
            url: url,
            apiKey: apiKey,
            caCertificate: certificate,
            collections: collections,
            timeout: timeout ?? HoldfastConfiguration.Qdrant.defaultTimeout
        )
    }

    private mutating func certificatePath(_ node: ConfigurationNode) -> String? {
        text(node, of: "ca_certificate", example: "ca_certificate: ./ca.pem")
            .flatMap { path($0, at: node.position, of: "ca_certificate") }
    }

    private mutating func url(_ node: ConfigurationNode) -> URL? {
        let example = "url: http://127.0.0.1:6333"
        guard let text = text(node, of: "url", example: example) else { return nil }
        guard text.lowercased().hasPrefix("http://") || text.lowercased().hasPrefix("https://") else {
            report.error(
                .invalidValue,
                at: node.position,
                "'url' must begin with http:// or https://",
                suggestion: "Write for example '\(example)'.",
                revealing: .value
            )
            return nil
        }
        guard var parts = URLComponents(string: text), let host = parts.host, !host.isEmpty,
            parts.port.map((1...65535).contains) ?? true, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            report.error(
                .invalidValue,
                at: node.position,
                "'url' is not a valid address",
                suggestion: "Write for example '\(example)'.",
                revealing: .value
            )
            return nil
        }
        guard parts.user == nil, parts.password == nil else {
            report.error(
                .literalSecret,
                at: node.position,
                "'url' must not hold a user name or password",
                suggestion: "Leave out what stands before the @; name an API key with 'api_key: env:QDRANT_API_KEY'."
            )
            return nil
        }
        guard parts.query == nil, parts.fragment == nil else {
            report.error(
                .invalidValue,
                at: node.position,
                "'url' must not hold a ? or a #",
                suggestion: "Name only the server, as in '\(example)'."
            )
            return nil
        }
        while parts.path.hasSuffix("/") { parts.path.removeLast() }
        return parts.url
    }

    /// What works, but rarely as it was meant.
    private mutating func remark(
        on url: URL,
        at position: ConfigurationPosition,
        apiKey: ConfigurationNode?,
        certificate: ConfigurationNode?
    ) {
        let isPlain = url.scheme?.lowercased() == "http"
        if url.port == 6334 {
            report.warn(
                .invalidValue,
                at: position,
                "port 6334 is usually Qdrant's gRPC port",
                suggestion: "The REST API that is needed here listens on 6333.",
                revealing: .value
            )
        } else if isPlain, url.port == nil {
            report.warn(
                .invalidValue,
                at: position,
                "'url' names no port, so 80 is used",
                suggestion: "Qdrant listens on 6333 unless it was told otherwise.",
                revealing: .value
            )
        }
        if isPlain, let apiKey, !Self.isLoopback(url.host ?? "") {
            report.warn(
                .insecure,
                at: apiKey.position,
                "the API key travels unencrypted to '\(url.host ?? "")'",
                suggestion: "Use https."
            )
        }
        if isPlain, let certificate {
            report.warn(
                .invalidValue,
                at: certificate.position,
                "'ca_certificate' has no effect with http",
                revealing: .value
            )
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        let host = host.lowercased()
        return host == "localhost" || host.hasSuffix(".localhost") || host.hasPrefix("127.") || host == "::1"
            || host == "[::1]"
    }

    private mutating func collections(_ node: ConfigurationNode) -> [HoldfastConfiguration.Collection]? {
        guard case .list(let items) = node.content, !items.isEmpty else {
            let isEmpty = node.isNothing || node.kind == "a list"
            report.error(
                isEmpty ? .emptyValue : .wrongType,
                at: node.position,
                isEmpty ? "'collections' names no collection" : "'collections' must be a list, found \(found(node))",
                suggestion: "Write one line '- NAME' for each collection.",
                revealing: .value
            )
            return nil
        }
        var lines: [String: Int] = [:]
        var collections: [HoldfastConfiguration.Collection] = []
        for item in items {
            guard let collection = collection(item) else { continue }
            if let first = lines[collection.name] {
                report.error(
                    .duplicateValue,
                    at: item.position,
                    "collection '\(collection.name)' is listed twice, first on line \(first)",
                    suggestion: "Remove one of the two.",
                    revealing: .value
                )
            } else {
                lines[collection.name] = item.position.line
                collections.append(collection)
            }
        }
        return collections.isEmpty ? nil : collections
    }

    private mutating func collection(_ node: ConfigurationNode) -> HoldfastConfiguration.Collection? {
        var collection = HoldfastConfiguration.Collection(
            name: "",
            method: .stream,
            goldenQueries: HoldfastConfiguration.Collection.defaultGoldenQueries
        )
        guard case .mapping = node.content else {
            guard let name = collectionName(node, of: "collections", example: "- NAME") else { return nil }
            collection.name = name
            return collection
        }
        guard var section = section(.collection, node) else { return nil }
        let name = section.take("name").flatMap { collectionName($0, of: "name", example: "name: NAME") }
        if let method = section.take("method") {
            collection.method =
                choice(method, of: "method", CaptureMethod.self) ?? collection.method
        }
        if let count = section.take("golden_queries") {
            collection.goldenQueries =
                integer(count, of: "golden_queries", in: 0...100, example: "golden_queries: 5")
                ?? collection.goldenQueries
        }
        close(section, required: ["name"])
        guard let name else { return nil }
        collection.name = name
        return collection
    }

    /// Qdrant takes names of 1 to 255 bytes without the characters below, NUL and U+001F; other control characters are
    /// refused here as well.
    private mutating func collectionName(_ node: ConfigurationNode, of key: String, example: String) -> String? {
        guard let name = text(node, of: key, example: example) else { return nil }
        let isValid =
            name.utf8.count <= 255
            && !name.unicodeScalars.contains {
                "<>:\"/\\|?*".unicodeScalars.contains($0) || $0.properties.generalCategory == .control
            }
        guard isValid, name != ".", name != ".." else {
            report.error(
                .invalidValue,
                at: node.position,
                "a collection of Qdrant cannot have this name",
                suggestion: "Names have up to 255 bytes, without < > : \" / \\ | ? and *.",
                revealing: .value
            )
            return nil
        }
        return name
    }
}
