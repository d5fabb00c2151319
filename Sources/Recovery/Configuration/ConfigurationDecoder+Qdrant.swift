internal import FoundationEssentials

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
        let collectionsNode = section.take("collections")
        let collections = collectionsNode.flatMap { self.collections($0) }
        let exclude = section.take("exclude").map { collectionPatterns($0, of: "exclude") } ?? []
        let cold = section.take("cold").map { self.cold($0) }
        let timeout = section.take("timeout").flatMap { duration($0, of: "timeout", example: "30s") }
        close(section, required: ["url"])
        guard let url, let urlNode else { return nil }
        remark(on: url, at: urlNode.position, apiKey: keyNode, certificate: certificateNode)
        // A list that cannot be used must not become "all".
        guard collections != nil || collectionsNode == nil else { return nil }
        // A storage that cannot be used must not become the other route.
        if let cold, cold == nil { return nil }
        remarkOnCold(cold.flatMap(\.self), collections: collectionsNode)
        if let collections, let collectionsNode { checkApart(collections, exclude, at: collectionsNode.position) }
        return .init(
            url: url,
            apiKey: apiKey,
            caCertificate: certificate,
            collections: collections ?? [],
            exclude: exclude,
            timeout: timeout ?? HoldfastConfiguration.Qdrant.defaultTimeout,
            cold: cold.flatMap(\.self)
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
}
