internal import FoundationEssentials

/// The section `drill`.
extension ConfigurationDecoder {
    mutating func drill(_ node: ConfigurationNode) -> DrillSettings? {
        guard var section = section(.drill, node) else { return nil }
        var settings = DrillSettings()
        settings.server = section.take("qdrant").flatMap { scratchServer($0) }
        if let folder = section.take("folder") {
            settings.folder = text(folder, of: "folder", example: "folder: /var/tmp")
                .flatMap { path($0, at: folder.position, of: "folder") }
        }
        settings.application = section.take("application").flatMap { application($0) }
        close(section, required: [])
        return settings
    }

    private static let serverKinds = ["program", "container", "command", "url"]

    private mutating func scratchServer(_ node: ConfigurationNode) -> DrillSettings.Server? {
        if case .text("embedded", _) = node.content { return .embedded }
        guard case .mapping = node.content else {
            report.error(
                node.isNothing ? .emptyValue : .wrongType,
                at: node.position,
                "'drill.qdrant' must be 'embedded' or a mapping, found \(found(node))",
                suggestion: "Write for example 'qdrant: {program: qdrant}'.",
                revealing: .value
            )
            return nil
        }
        guard var section = section(.scratch, node) else { return nil }
        let program = section.take("program").flatMap { text($0, of: "program", example: "program: qdrant") }
        let container = section.take("container")
            .flatMap { text($0, of: "container", example: "container: qdrant/qdrant:v1.19.0") }
        let command = section.take("command").flatMap { self.scratchCommand($0) }
        let url = section.take("url").flatMap { scratchURL($0) }
        let key = section.take("api_key").flatMap { secret($0, of: "api_key", example: "env:SCRATCH_API_KEY") }
        let restart = section.take("restart").flatMap { self.command($0, of: "restart") }
        close(section, required: [])
        let given = Self.serverKinds.filter { section.has($0) }
        guard given.count == 1 else {
            if given.count > 1 || !section.hasLookalike(of: Self.serverKinds) {
                report.error(
                    given.isEmpty ? .missingKey : .duplicateValue,
                    at: section.position,
                    "'drill.qdrant' needs one of \(Self.serverKinds.map { "'\($0)'" }.joined(separator: ", "))",
                    suggestion: "Write for example 'qdrant: {program: qdrant}', or 'qdrant: embedded'."
                )
            }
            return nil
        }
        if !section.has("url"), section.has("api_key") || section.has("restart") {
            report.error(
                .unknownKey,
                at: section.position,
                "'api_key' and 'restart' belong to a scratch server that runs already, which 'url' names",
                suggestion: "Leave them out: a server that a drill starts has no key, and is restarted by the drill."
            )
        }
        return program.map { .program($0) } ?? container.map { .container($0) } ?? command.map { .command($0) }
            ?? url.map { .running($0, apiKey: key, restart: restart) }
    }

    private mutating func scratchCommand(_ node: ConfigurationNode) -> ConfiguredCommand? {
        guard let command = command(node, of: "command") else { return nil }
        for place in ["{storage}", "{port}"] where !command.arguments.contains(where: { $0.contains(place) }) {
            report.error(
                .invalidValue,
                at: node.position,
                "'command' does not say where \(place) goes",
                suggestion: "Write for example 'command: my-qdrant --storage {storage} --port {port}'."
            )
            return nil
        }
        return command
    }

    private mutating func scratchURL(_ node: ConfigurationNode) -> URL? {
        guard let text = text(node, of: "url", example: "url: http://127.0.0.1:16333") else { return nil }
        guard let url = URL(string: text), ["http", "https"].contains(url.scheme?.lowercased() ?? ""),
            url.host?.isEmpty == false, url.user == nil, url.password == nil, url.query == nil
        else {
            report.error(
                .invalidValue,
                at: node.position,
                "'url' must be an address that begins with http:// or https://, without user, password and query",
                suggestion: "Write for example 'url: http://127.0.0.1:16333'.",
                revealing: .value
            )
            return nil
        }
        return url
    }

    private mutating func application(_ node: ConfigurationNode) -> DrillSettings.Application? {
        guard var section = section(.application, node) else { return nil }
        let command = section.take("command").flatMap { self.command($0, of: "command") }
        let probes = section.take("probes").map { self.probes($0) }
        close(section, required: ["command", "probes"])
        guard let command, let probes, !probes.isEmpty else { return nil }
        return DrillSettings.Application(command, probes: probes)
    }
}
