/// A value of a configuration file with its place, free of the parser that read it.
struct ConfigurationNode: Sendable {
    enum Content: Sendable {
        /// Nothing: `key:` alone, `~` or `null`.
        case nothing
        /// Text; plain is what stood there without quotes and may be a number.
        case text(String, isPlain: Bool)
        case list([ConfigurationNode])
        case mapping([ConfigurationEntry])
    }

    var position: ConfigurationPosition
    var content: Content

    /// The value in an error text.
    var kind: String {
        switch content {
        case .nothing: "nothing"
        case .text: "text"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A key and its value.
struct ConfigurationEntry: Sendable {
    var key: String
    var keyPosition: ConfigurationPosition
    var value: ConfigurationNode
}
