internal import Glibc

/// Where the API of Docker or Podman is.
enum ContainerSocket {
    /// The sockets that are looked for when the configuration names none, in this order.
    static func candidates(_ environment: [String: String]) -> [String] {
        var paths = ["/var/run/docker.sock"]
        if let folder = environment["XDG_RUNTIME_DIR"], folder.hasPrefix("/") {
            paths += ["\(folder)/docker.sock", "\(folder)/podman/podman.sock"]
        }
        return paths + ["/run/podman/podman.sock"]
    }

    /// The socket to use.
    ///
    /// - Throws: ``RecoveryError/Code/notConfigured`` when there is none, or `DOCKER_HOST` names an engine elsewhere.
    static func find(configured: String?, _ environment: [String: String]) throws -> String {
        if let configured { return configured }
        if let host = environment["DOCKER_HOST"], !host.isEmpty {
            guard host.hasPrefix("unix:///") else {
                throw RecoveryError(
                    .notConfigured,
                    "DOCKER_HOST names a container engine that is not behind a unix socket of this machine",
                    hint:
                        "The files of a volume can be read only where they are: run Holdfast there, or name the socket in 'qdrant.cold.container_socket'."
                )
            }
            return String(host.dropFirst("unix://".count))
        }
        let candidates = candidates(environment)
        guard let found = candidates.first(where: isSocket) else {
            throw RecoveryError(
                .notConfigured,
                "there is no socket of Docker or Podman at \(candidates.joined(separator: ", "))",
                hint:
                    "Start the engine ('systemctl start docker', 'systemctl start podman.socket'), or name its socket in 'qdrant.cold.container_socket'."
            )
        }
        return found
    }

    private static func isSocket(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }
}
