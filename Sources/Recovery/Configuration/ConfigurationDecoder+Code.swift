/// The section `code`.
extension ConfigurationDecoder {
    mutating func code(
        _ node: ConfigurationNode,
        repository: HoldfastConfiguration.RepositoryLocation?
    ) -> [HoldfastConfiguration.Code] {
        guard
            let items = entries(
                node,
                of: "code",
                empty: "'code' names no checkout",
                suggestion: "Write one entry '- path: .' for each checkout.",
                revealing: .value
            )
        else { return [] }
        var checkouts: [HoldfastConfiguration.Code] = []
        for item in items {
            guard let checkout = checkout(item) else { continue }
            checkUnique(checkout, among: checkouts, at: item.position)
            if case .folder(let location)? = repository { checkApart(checkout, location, at: item.position) }
            checkouts.append(checkout)
        }
        return checkouts
    }

    private mutating func checkout(_ node: ConfigurationNode) -> HoldfastConfiguration.Code? {
        guard var section = section(.code, node) else { return nil }
        let pathNode = section.take("path")
        let path = pathNode.flatMap { node in
            text(node, of: "path", example: "path: .").flatMap { self.path($0, at: node.position, of: "path") }
        }
        let nameNode = section.take("name")
        let name =
            nameNode == nil
            ? path.flatMap { checkoutName(from: $0, at: pathNode?.position ?? node.position) }
            : nameNode.flatMap { self.name($0, of: "name") }
        let bundle = section.take("bundle").map { truth($0, of: "bundle") } ?? true
        let untracked = section.take("untracked").map { truth($0, of: "untracked") } ?? true
        close(section, required: ["path"])
        guard let name, let path, let bundle, let untracked else { return nil }
        return .init(name, path: path, bundle: bundle, untracked: untracked)
    }

    private mutating func checkoutName(from path: String, at position: ConfigurationPosition) -> String? {
        if let name = ConfigurationPath.name(of: path), Self.isName(name) { return name }
        report.error(
            .missingKey,
            at: position,
            "the checkout's own name cannot be its name in restore points",
            suggestion: "Add 'name: NAME' to this entry.",
            revealing: .value
        )
        return nil
    }

    private mutating func truth(_ node: ConfigurationNode, of key: String) -> Bool? {
        switch node.content {
        case .text("true", isPlain: true): return true
        case .text("false", isPlain: true): return false
        default:
            report.error(
                node.isNothing ? .emptyValue : .wrongType,
                at: node.position,
                "'\(key)' must be true or false, found \(found(node))",
                suggestion: "Write '\(key): true' or '\(key): false'.",
                revealing: .value
            )
            return nil
        }
    }

    private mutating func checkUnique(
        _ checkout: HoldfastConfiguration.Code,
        among others: [HoldfastConfiguration.Code],
        at position: ConfigurationPosition
    ) {
        if others.contains(where: { $0.name == checkout.name }) {
            report.error(
                .duplicateValue,
                at: position,
                "two entries of 'code' have the name '\(checkout.name)'",
                suggestion: "Give one of them another 'name'.",
                revealing: .value
            )
        } else if others.contains(where: { $0.path == checkout.path }) {
            report.error(
                .duplicateValue,
                at: position,
                "two entries of 'code' name the same checkout",
                suggestion: "Remove one of them.",
                revealing: .value
            )
        }
    }

    /// A repository inside a checkout is left out of what is untracked; the other way round nothing makes sense.
    private mutating func checkApart(
        _ checkout: HoldfastConfiguration.Code,
        _ repository: String,
        at position: ConfigurationPosition
    ) {
        guard ConfigurationPath.relative(checkout.path, to: repository) != nil else { return }
        report.error(
            .overlap,
            at: position,
            "the checkout '\(checkout.name)' lies inside the repository",
            suggestion: "Move the repository somewhere else.",
            revealing: .value
        )
    }
}
