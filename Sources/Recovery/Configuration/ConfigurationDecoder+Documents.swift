/// The section `documents`.
extension ConfigurationDecoder {
    mutating func documents(
        _ node: ConfigurationNode,
        repository: HoldfastConfiguration.RepositoryLocation?
    ) -> [HoldfastConfiguration.Documents] {
        guard
            let items = entries(
                node,
                of: "documents",
                empty: "'documents' names no folder",
                suggestion: "Write one entry '- path: ./docs' for each folder.",
                revealing: .value
            )
        else { return [] }
        var folders: [HoldfastConfiguration.Documents] = []
        for item in items {
            guard let folder = documents(item) else { continue }
            checkUnique(folder, among: folders, at: item.position)
            if case .folder(let location)? = repository { checkApart(folder, location, at: item.position) }
            folders.append(folder)
        }
        return folders
    }

    private mutating func documents(_ node: ConfigurationNode) -> HoldfastConfiguration.Documents? {
        guard var section = section(.documents, node) else { return nil }
        let pathNode = section.take("path")
        let path = pathNode.flatMap { node in
            text(node, of: "path", example: "path: ./docs").flatMap { self.path($0, at: node.position, of: "path") }
        }
        let nameNode = section.take("name")
        let name =
            nameNode == nil
            ? path.flatMap { self.name(from: $0, at: pathNode?.position ?? node.position) }
            : nameNode.flatMap { self.name($0, of: "name") }
        let include = section.take("include").map { patterns($0, of: "include") } ?? []
        let exclude = section.take("exclude").map { patterns($0, of: "exclude") } ?? []
        close(section, required: ["path"])
        guard let name, let path else { return nil }
        return .init(name: name, path: path, selection: PathSelection(include: include, exclude: exclude))
    }

    mutating func name(from path: String, at position: ConfigurationPosition) -> String? {
        if let name = ConfigurationPath.name(of: path), Self.isName(name) { return name }
        report.error(
            .missingKey,
            at: position,
            "the folder's own name cannot be its name in restore points",
            suggestion: "Add 'name: NAME' to this entry.",
            revealing: .value
        )
        return nil
    }

    mutating func patterns(
        _ node: ConfigurationNode,
        of key: String,
        example: String = "**/*.mdx"
    ) -> [PathPattern] {
        let items = entries(
            node,
            of: key,
            empty: "'\(key)' has no pattern",
            remedy: key == "files" ? nil : "Leave '\(key)' out, or give it patterns.",
            suggestion: "Write '\(key): [\"\(example)\"]'.",
            revealing: .value
        )
        return (items ?? []).compactMap { pattern($0, of: key, example) }
    }

    private mutating func pattern(_ node: ConfigurationNode, of key: String, _ example: String) -> PathPattern? {
        guard let text = text(node, of: key, example: "\(key): [\"\(example)\"]") else { return nil }
        do {
            return try PathPattern(text)
        } catch {
            report.error(
                .invalidValue,
                at: place(of: error.offset, in: text, node),
                "in '\(key)', \(error.message)",
                suggestion: error.hint,
                revealing: .value
            )
            return nil
        }
    }

    /// The place of a character of a text, if the text stands in the file as it is; else that of the text.
    private func place(of offset: Int, in text: String, _ node: ConfigurationNode) -> ConfigurationPosition {
        var position = node.position
        if case .text(_, isPlain: false) = node.content { position.column += 1 }
        let line = report.source.line(position.line).dropFirst(position.column - 1)
        guard line.starts(with: text.unicodeScalars) else { return node.position }
        position.column += offset
        return position
    }

    private mutating func checkUnique(
        _ folder: HoldfastConfiguration.Documents,
        among others: [HoldfastConfiguration.Documents],
        at position: ConfigurationPosition
    ) {
        if others.contains(where: { $0.name == folder.name }) {
            report.error(
                .duplicateValue,
                at: position,
                "two entries of 'documents' have the name '\(folder.name)'",
                suggestion: "Give one of them another 'name'.",
                revealing: .value
            )
        } else if others.contains(where: { $0 == folder.renamed($0.name) }) {
            report.error(
                .duplicateValue,
                at: position,
                "two entries of 'documents' select the same files",
                suggestion: "Remove one of them.",
                revealing: .value
            )
        }
    }

    /// A repository among the documents would be backed up into itself, a little larger every time.
    private mutating func checkApart(
        _ folder: HoldfastConfiguration.Documents,
        _ repository: String,
        at position: ConfigurationPosition
    ) {
        if let inside = ConfigurationPath.relative(repository, to: folder.path) {
            let components = inside.split(separator: "/")
            let isLeftOut = components.indices.contains { index in
                let ancestor = components[...index].joined(separator: "/")
                return folder.selection.decision(forFolder: ancestor.utf8) == .excluded
            }
            guard !isLeftOut else { return }
            report.error(
                .overlap,
                at: position,
                "the repository lies inside the documents folder '\(folder.name)'",
                suggestion: inside.isEmpty
                    ? "Move the repository somewhere else." : "Move the repository, or add \"\(inside)\" to 'exclude'.",
                revealing: .value
            )
        } else if ConfigurationPath.relative(folder.path, to: repository) != nil {
            report.error(
                .overlap,
                at: position,
                "the documents folder '\(folder.name)' lies inside the repository",
                suggestion: "Move the repository somewhere else.",
                revealing: .value
            )
        }
    }
}

extension HoldfastConfiguration.Documents {
    fileprivate func renamed(_ name: String) -> Self {
        var copy = self
        copy.name = name
        return copy
    }
}
