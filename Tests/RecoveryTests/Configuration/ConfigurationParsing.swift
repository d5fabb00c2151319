import Recovery
import Testing

/// Reads a configuration as if it stood in `/etc/app/holdfast.yaml`.
func parse(_ text: String) throws -> HoldfastConfiguration {
    try HoldfastConfiguration.parse(Array(text.utf8), file: "holdfast.yaml", folder: "/etc/app")
}

/// The findings of a configuration that must be refused.
func findings(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> [ConfigurationDiagnostic] {
    let error = try #require(throws: ConfigurationError.self, sourceLocation: sourceLocation) { try parse(text) }
    #expect(error.code == .invalid, sourceLocation: sourceLocation)
    return error.diagnostics
}
