/// The section `recovery`.
extension ConfigurationDecoder {
    mutating func recovery(_ node: ConfigurationNode) -> RecoverySettings? {
        guard var section = section(.recovery, node) else { return nil }
        var settings = RecoverySettings()
        if let hooks = section.take("hooks") { settings.hooks = self.hooks(hooks) }
        settings.reingest = section.take("reingest").flatMap { reingest($0) }
        settings.watch = section.take("watch").flatMap { watch($0) }
        close(section, required: [])
        return settings
    }

    private mutating func hooks(_ node: ConfigurationNode) -> [HookPoint: Hook] {
        guard var section = section(.hooks, node) else { return [:] }
        var hooks: [HookPoint: Hook] = [:]
        for point in HookPoint.all {
            guard let node = section.take(point.key) else { continue }
            hooks[point] = hook(node, of: point.key)
        }
        close(section, required: [])
        return hooks
    }

    private mutating func hook(_ node: ConfigurationNode, of key: String) -> Hook? {
        guard case .mapping = node.content else { return command(node, of: key).map { Hook($0) } }
        guard var section = section(.hook, node) else { return nil }
        let command = section.take("command").flatMap { self.command($0, of: "command") }
        let timeout = section.take("timeout").flatMap { duration($0, of: "timeout", example: "2m") }
        close(section, required: ["command"])
        return command.map { Hook($0, timeout: timeout ?? Hook.defaultTimeout) }
    }

    private mutating func reingest(_ node: ConfigurationNode) -> Reingest? {
        guard var section = section(.reingest, node) else { return nil }
        let command = section.take("command").flatMap { self.command($0, of: "command") }
        let http = section.take("http").flatMap { request($0) }
        let timeout = section.take("timeout").flatMap { duration($0, of: "timeout", example: "10m") }
        let status = section.take("status").flatMap { ingestStatus($0, timeout ?? Reingest.defaultTimeout) }
        close(section, required: [])
        guard section.has("command") != section.has("http") else {
            if section.has("http") || !section.hasLookalike(of: ["command", "http"]) {
                report.error(
                    section.has("http") ? .duplicateValue : .missingKey,
                    at: section.position,
                    "'reingest' needs one of 'command' and 'http'",
                    suggestion: "Write for example 'command: ./reingest.sh'."
                )
            }
            return nil
        }
        let recipient = command.map { Reingest.Recipient.command($0) } ?? http
        return recipient.map { Reingest($0, timeout: timeout ?? Reingest.defaultTimeout, status: status) }
    }

    private mutating func request(_ node: ConfigurationNode) -> Reingest.Recipient? {
        guard var section = section(.http, node) else { return nil }
        let method = section.take("method").flatMap { self.method($0) }
        let call = call(&section, method: method ?? "POST")
        let status = status(&section)
        for key in ["json", "contains"] where section.has(key) {
            _ = section.take(key)
            report.error(
                .unknownKey,
                at: section.position,
                "'\(key)' belongs to a probe, not to 'reingest'",
                suggestion: "Use 'status' to ask whether it has finished."
            )
        }
        close(section, required: ["url"])
        return call.map { .http($0, status: status) }
    }

    private mutating func ingestStatus(_ node: ConfigurationNode, _ timeout: Duration) -> Reingest.Status? {
        guard var section = section(.status, node) else { return nil }
        let call = call(&section, method: "GET")
        let path = section.take("path").flatMap { jsonPath($0, of: "path", example: "state") }
        let done = section.take("done").flatMap { text($0, of: "done", example: "done: idle") }
        let failed = section.take("failed").flatMap { text($0, of: "failed", example: "failed: error") }
        let within = section.take("within").flatMap { duration($0, of: "within", example: "10m") }
        close(section, required: ["url", "path", "done"])
        guard let call, let path, let done else { return nil }
        return Reingest.Status(call, path: path, done: done, failed: failed, within: within ?? timeout)
    }

    private mutating func watch(_ node: ConfigurationNode) -> Watch? {
        guard case .mapping = node.content else {
            return duration(node, of: "watch", example: "10m").map { Watch(length: $0) }
        }
        guard var section = section(.watch, node) else { return nil }
        let length = section.take("for").flatMap { duration($0, of: "for", example: "10m") }
        let interval = section.take("every").flatMap { duration($0, of: "every", example: "15s") }
        close(section, required: ["for"])
        return length.map { Watch(length: $0, interval: interval ?? Watch.defaultInterval) }
    }
}
