extension HoldfastConfiguration {
    /// The storage of a Qdrant server that is stopped while it is read or written: the section `qdrant.cold`.
    public struct Cold: Sendable, Hashable {
        /// How long a container may take to end by itself, unless the file says otherwise. Qdrant flushes to the disk when it is
        /// told to end; the engines' own ten seconds are short for that.
        public static let defaultStopLimit = Duration.seconds(60)
        /// How long a server may take until it answers again, unless the file says otherwise.
        public static let defaultStartLimit = Duration.seconds(120)

        /// Where the storage is.
        public enum Place: Sendable, Hashable {
            /// A folder on this machine: its absolute path.
            case folder(String)
            /// A volume of Docker or Podman.
            case volume(String)
        }

        /// Where the storage is.
        public var place: Place
        /// The container that is stopped meanwhile; `nil` when somebody else sees to it.
        public var container: String?
        /// The absolute path of the socket of Docker or Podman; `nil` for the first of the usual ones.
        public var socket: String?
        /// How long the container may take to end by itself.
        public var stopLimit = Cold.defaultStopLimit
        /// How long the server may take until it answers again.
        public var startLimit = Cold.defaultStartLimit

        /// Makes settings; see the properties.
        public init(_ place: Place, container: String? = nil, socket: String? = nil) {
            self.place = place
            self.container = container
            self.socket = socket
        }
    }
}

extension HoldfastConfiguration.Cold.Place: CustomStringConvertible {
    /// For people: `the folder '/var/lib/qdrant'`, `the volume 'qdrant_data'`.
    public var description: String {
        switch self {
        case .folder(let path): "the folder '\(path)'"
        case .volume(let name): "the volume '\(name)'"
        }
    }
}

extension HoldfastConfiguration.Cold {
    var effective: EffectiveConfiguration.Value {
        var values: [String: EffectiveConfiguration.Value?] = [
            "stop_container": .optional(container), "container_socket": .optional(socket),
            "stop_within": .text(ConfigurationDuration.render(stopLimit)),
            "start_within": .text(ConfigurationDuration.render(startLimit)),
        ]
        switch place {
        case .folder(let path): values["storage"] = .text(path)
        case .volume(let name): values["volume"] = .text(name)
        }
        return .section(values)
    }
}
