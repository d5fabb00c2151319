internal import QdrantCapture

/// The entries of `qdrant.collections`, and `qdrant.exclude`.
extension ConfigurationDecoder {
    mutating func collections(_ node: ConfigurationNode) -> [HoldfastConfiguration.Collection]? {
        let items = entries(
            node,
            of: "collections",
            empty: "'collections' names no collection",
            remedy: "Leave 'collections' out for all, or write one line '- NAME' for each.",
            suggestion: "Write one line '- NAME' for each collection; leave 'collections' out for all.",
            revealing: .value
        )
        guard let items else { return nil }
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
        guard case .mapping = node.content else {
            return collectionName(node, of: "collections", example: "- NAME").map { .init($0) }
        }
        guard var section = section(.collection, node) else { return nil }
        let name = section.take("name").flatMap { collectionName($0, of: "name", example: "name: NAME") }
        var collection = HoldfastConfiguration.Collection(name ?? "")
        if let method = section.take("method") {
            collection.method =
                choice(method, of: "method", CaptureMethod.self) ?? collection.method
        }
        if let count = section.take("golden_queries") {
            collection.goldenQueries =
                integer(count, of: "golden_queries", in: 0...100, example: "golden_queries: 5")
                ?? collection.goldenQueries
        }
        collection.embedding = section.take("embedding").flatMap { embedding($0) }
        collection.lineage = lineage(&section, of: name)
        close(section, required: ["name"])
        return name == nil ? nil : collection
    }

    // MARK: Names

    /// Qdrant takes names of 1 to 255 bytes without the characters below, NUL and U+001F; other control characters are
    /// refused here as well. With `*` or `?` it is a pattern, and also with a class or alternatives that are written right.
    private mutating func collectionName(_ node: ConfigurationNode, of key: String, example: String) -> String? {
        guard let name = text(node, of: key, example: example) else { return nil }
        if name.contains("*") || name.contains("?") {
            return collectionPattern(name, node, of: key) == nil ? nil : name
        }
        let isValid =
            name.utf8.count <= 255
            && !name.unicodeScalars.contains {
                "<>:\"/\\|".unicodeScalars.contains($0) || $0.properties.generalCategory == .control
            }
        guard isValid, name != ".", name != ".." else {
            report.error(
                .invalidValue,
                at: node.position,
                "a collection of Qdrant cannot have this name",
                suggestion: "Names have up to 255 bytes, without < > : \" / \\ |; with * or ? it is a pattern.",
                revealing: .value
            )
            return nil
        }
        return name
    }

    private mutating func collectionPattern(
        _ text: String,
        _ node: ConfigurationNode,
        of key: String
    ) -> PathPattern? {
        guard !text.contains("/") else {
            report.error(
                .invalidValue,
                at: node.position,
                "in '\(key)', the pattern holds a /, which no collection's name does",
                suggestion: "Write for example \"textbook_*\".",
                revealing: .value
            )
            return nil
        }
        do {
            return try PathPattern(text)
        } catch {
            report.error(
                .invalidValue,
                at: node.position,
                "in '\(key)', \(error.message)",
                suggestion: error.hint,
                revealing: .value
            )
            return nil
        }
    }

    mutating func collectionPatterns(_ node: ConfigurationNode, of key: String) -> [PathPattern] {
        let items = entries(
            node,
            of: key,
            empty: "'\(key)' has no pattern",
            remedy: "Leave '\(key)' out, or give it patterns.",
            suggestion: "Write '\(key): [\"tmp_*\"]'.",
            revealing: .value
        )
        return (items ?? []).compactMap { item in
            text(item, of: key, example: "\(key): [\"tmp_*\"]").flatMap { collectionPattern($0, item, of: key) }
        }
    }

    /// The same name in both lists is a contradiction, not a question of which is stronger.
    mutating func checkApart(
        _ collections: [HoldfastConfiguration.Collection],
        _ exclude: [PathPattern],
        at position: ConfigurationPosition
    ) {
        guard let both = collections.first(where: { entry in exclude.contains { $0.text == entry.name } }) else {
            return
        }
        report.error(
            .overlap,
            at: position,
            "'\(both.name)' stands in 'collections' and in 'exclude'",
            suggestion: "Remove it from one of the two.",
            revealing: .value
        )
    }

    // MARK: Embedding

    private mutating func embedding(_ node: ConfigurationNode) -> EmbeddingContract? {
        guard var section = section(.embedding, node) else { return nil }
        func words(_ key: String, _ example: String, in section: inout ConfigurationSection) -> String?? {
            section.take(key).map { text($0, of: key, example: "\(key): \(example)") }
        }
        let model = words("model", "BAAI/bge-small-en-v1.5", in: &section)
        let revision = words("revision", "main", in: &section)
        let chunking = words("chunking", "\"headings, 800 characters\"", in: &section)
        let vector = words("vector", "text", in: &section)
        let dimension = section.take("dimension").map {
            integer($0, of: "dimension", in: 1...65_536, example: "dimension: 384")
        }
        let distance = section.take("distance").map { choice($0, of: "distance", EmbeddingContract.Distance.self) }
        close(section, required: ["model"])
        guard case .some(.some(let model)) = model else { return nil }
        return EmbeddingContract(
            model: model,
            revision: revision ?? nil,
            dimension: dimension ?? nil,
            distance: distance ?? nil,
            chunking: chunking ?? nil,
            vector: vector ?? nil
        )
    }

    // MARK: Lineage

    private mutating func lineage(_ section: inout ConfigurationSection, of name: String?) -> LineageSource? {
        let fieldNode = section.take("source_field")
        let documentsNode = section.take("documents")
        let prefixNodes = ["source_prefix", "path_prefix"].map { ($0, section.take($0)) }
        guard let fieldNode else {
            let others = [("documents", documentsNode)] + prefixNodes
            if let (key, node) = others.first(where: { $0.1 != nil }), let node {
                report.error(
                    .missingKey,
                    at: node.position,
                    "'\(key)' has no effect without 'source_field'",
                    suggestion: "Add 'source_field: path', the payload field that names a point's document."
                )
            }
            return nil
        }
        guard let field = text(fieldNode, of: "source_field", example: "source_field: path") else { return nil }
        let documents = documentsNode.flatMap { self.name($0, of: "documents") }
        let prefixes = prefixNodes.map { key, node in node.flatMap { text($0, of: key, example: "\(key): docs/") } }
        if let name { lineagePlaces[name] = (documentsNode ?? fieldNode).position }
        if documentsNode != nil, documents == nil { return nil }
        return LineageSource(
            documents: documents ?? "",
            field: field,
            sourcePrefix: prefixes[0] ?? "",
            pathPrefix: prefixes[1] ?? ""
        )
    }

    /// Finds the documents that each lineage is about: the ones named, or the only ones.
    mutating func resolveLineage(
        _ qdrant: inout HoldfastConfiguration.Qdrant?,
        documents: [HoldfastConfiguration.Documents]
    ) {
        let names = documents.map(\.name)
        for index in qdrant?.collections.indices ?? 0..<0 {
            guard let entry = qdrant?.collections[index], let lineage = entry.lineage,
                let position = lineagePlaces[entry.name]
            else { continue }
            if lineage.documents.isEmpty, names.count == 1 {
                qdrant?.collections[index].lineage?.documents = names[0]
            } else if lineage.documents.isEmpty {
                report.error(
                    .missingKey,
                    at: position,
                    names.isEmpty
                        ? "'source_field' names documents, but the configuration has none"
                        : "'source_field' does not say which of the \(names.count) 'documents' its values name",
                    suggestion: names.isEmpty
                        ? "Add 'documents:' with a folder." : "Add 'documents: \(names[0])' to the entry."
                )
            } else if !names.contains(lineage.documents) {
                report.error(
                    .invalidValue,
                    at: position,
                    "there is no entry of 'documents' with this name",
                    suggestion: EditDistance.nearest(to: lineage.documents, among: names).map {
                        "Did you mean '\($0)'?"
                    }
                        ?? (names.isEmpty
                            ? "Add 'documents:' with a folder." : "There are: \(names.joined(separator: ", "))."),
                    revealing: .value
                )
            }
        }
    }
}
