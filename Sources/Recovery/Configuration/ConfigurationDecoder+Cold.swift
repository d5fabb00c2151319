/// The section `qdrant.cold`.
extension ConfigurationDecoder {
    private static let coldPlaces = ["storage", "volume"]

    mutating func cold(_ node: ConfigurationNode) -> HoldfastConfiguration.Cold? {
        guard var section = section(.cold, node) else { return nil }
        let folder = section.take("storage").flatMap { node in
            text(node, of: "storage", example: "storage: /var/lib/qdrant/storage")
                .flatMap { path($0, at: node.position, of: "storage") }
        }
        let volume = section.take("volume").flatMap { name($0, of: "volume") }
        let container = section.take("stop_container").flatMap { name($0, of: "stop_container") }
        let socketNode = section.take("container_socket")
        let socket = socketNode.flatMap { containerSocket($0) }
        let stopLimit = section.take("stop_within").flatMap { duration($0, of: "stop_within", example: "60s") }
        let startLimit = section.take("start_within").flatMap { duration($0, of: "start_within", example: "2m") }
        close(section, required: [])
        let given = Self.coldPlaces.filter { section.has($0) }
        guard given.count == 1 else {
            if given.count > 1 || !section.hasLookalike(of: Self.coldPlaces) {
                report.error(
                    given.isEmpty ? .missingKey : .duplicateValue,
                    at: section.position,
                    "'qdrant.cold' needs one of 'storage' and 'volume'",
                    suggestion: "Write for example 'storage: /var/lib/qdrant/storage', or 'volume: qdrant_data'."
                )
            }
            return nil
        }
        if let socketNode, volume == nil, !section.has("stop_container"), !section.has("volume") {
            report.warn(
                .invalidValue,
                at: socketNode.position,
                "'container_socket' has no effect without 'volume' or 'stop_container'"
            )
        }
        guard let place = folder.map({ .folder($0) }) ?? volume.map({ HoldfastConfiguration.Cold.Place.volume($0) })
        else { return nil }
        var cold = HoldfastConfiguration.Cold(place, container: container, socket: socket)
        if let stopLimit { cold.stopLimit = stopLimit }
        if let startLimit { cold.startLimit = startLimit }
        return cold
    }

    private mutating func containerSocket(_ node: ConfigurationNode) -> String? {
        let example = "container_socket: /run/podman/podman.sock"
        guard let text = text(node, of: "container_socket", example: example) else { return nil }
        let plain = text.hasPrefix("unix://") ? String(text.dropFirst("unix://".count)) : text
        guard !plain.contains("://") else {
            report.error(
                .invalidValue,
                at: node.position,
                "'container_socket' must be the path of a unix socket",
                suggestion: "Write for example '\(example)'; engines on other machines cannot be used.",
                revealing: .value
            )
            return nil
        }
        return path(plain, at: node.position, of: "container_socket")
    }

    /// What of the section `qdrant` has no effect on the cold route.
    mutating func remarkOnCold(_ cold: HoldfastConfiguration.Cold?, collections: ConfigurationNode?) {
        guard cold != nil, let collections else { return }
        report.warn(
            .invalidValue,
            at: collections.position,
            "the cold route takes the whole storage: 'collections' chooses only for 'backup --method stream' and 'snapshot'"
        )
    }
}
