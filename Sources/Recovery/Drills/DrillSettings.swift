public import FoundationEssentials

/// Where drills restore to, as the configuration says.
public struct DrillSettings: Sendable, Hashable {
    /// The Qdrant server that collections are restored into.
    public enum Server: Sendable, Hashable {
        /// A `qdrant` program of this machine, by name or path.
        case program(String)
        /// A container of this image, by `docker` or `podman`.
        case container(String)
        /// Any program that serves Qdrant's REST API: `{storage}` and `{port}` stand for its folder and its port on 127.0.0.1.
        case command(ConfiguredCommand)
        /// The embedded Qdrant of a checkout of this project.
        case embedded
        /// A server that runs already, its key, and what restarts it. Collections get names of their own there, and are deleted
        /// afterwards.
        case running(URL, apiKey: SecretReference?, restart: ConfiguredCommand?)
    }

    /// A staging copy of the application, for a full drill.
    public struct Application: Sendable, Hashable {
        /// What runs it until it is stopped; it finds the restored system by its environment.
        public var command: ConfiguredCommand
        /// What is asked of it.
        public var probes: [Probe]

        /// Makes an application; see the properties.
        public init(_ command: ConfiguredCommand, probes: [Probe]) {
            self.command = command
            self.probes = probes
        }
    }

    /// The scratch server; `nil` when none is configured.
    public var server: Server?
    /// The folder in which each drill makes one of its own; `nil` for the system's temporary one.
    public var folder: String?
    /// The staging copy; `nil` when none is configured.
    public var application: Application?

    /// Makes settings in which nothing is configured.
    public init() {}
}
