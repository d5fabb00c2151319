/// What `GET /containers/{name}/json` says of a container, as far as it matters here. Docker and Podman answer alike.
struct ContainerState: Sendable, Hashable, Decodable {
    /// Something of the host that the container sees.
    struct Mount: Sendable, Hashable {
        /// The volume's name; `nil` or empty for a folder.
        var name: String?
        /// Where it is on the host.
        var source: String?
        /// Where the container sees it.
        var destination: String?
    }

    /// Its id, 64 hex digits.
    var id: String
    /// Its name, without the slash that the engines put before it.
    var name: String
    /// Whether a process of it runs, or is suspended.
    var isRunning: Bool
    /// Whether its processes are suspended.
    var isPaused: Bool
    /// Whether it is between two attempts to run.
    var isRestarting: Bool
    /// With which status it ended last.
    var exitStatus: Int
    /// The image it was made from.
    var image: String?
    /// Whether the engine removes it when it ends (`--rm`).
    var isRemovedWhenStopped: Bool
    /// What it sees of the host.
    var mounts: [Mount]

    init(from decoder: any Decoder) throws {
        let answer = try Answer(from: decoder)
        id = answer.Id
        name = answer.Name.hasPrefix("/") ? String(answer.Name.dropFirst()) : answer.Name
        isRunning = answer.State.Running
        isPaused = answer.State.Paused ?? false
        isRestarting = answer.State.Restarting ?? false
        exitStatus = answer.State.ExitCode ?? 0
        image = answer.Config?.Image
        isRemovedWhenStopped = answer.HostConfig?.AutoRemove ?? false
        mounts = (answer.Mounts ?? []).map { Mount(name: $0.Name, source: $0.Source, destination: $0.Destination) }
    }

    /// The answer, in the engines' own spelling.
    private struct Answer: Decodable {
        struct State: Decodable {
            let Running: Bool
            let Paused: Bool?
            let Restarting: Bool?
            let ExitCode: Int?
        }
        struct Config: Decodable { let Image: String? }
        struct HostConfig: Decodable { let AutoRemove: Bool? }
        struct Mount: Decodable { let Name: String?, Source: String?, Destination: String? }
        let Id: String
        let Name: String
        let State: State
        let Config: Config?
        let HostConfig: HostConfig?
        let Mounts: [Mount]?
    }
}

/// What `GET /volumes/{name}` says of a volume.
struct VolumeState: Sendable, Hashable, Decodable {
    /// Where it is on the host.
    var mountpoint: String
    /// What manages it; only `local` is a folder of this machine.
    var driver: String
    /// With which options it was made: a `device` is mounted only while a container uses the volume.
    var options: [String: String]

    init(from decoder: any Decoder) throws {
        let answer = try Answer(from: decoder)
        mountpoint = answer.Mountpoint
        driver = answer.Driver
        options = answer.Options ?? [:]
    }

    private struct Answer: Decodable {
        let Mountpoint: String
        let Driver: String
        let Options: [String: String]?
    }
}
