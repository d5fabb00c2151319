/// Collects what is found in one file.
struct ConfigurationReport {
    /// More findings than this help nobody; the rest is counted.
    static let maximumCount = 50

    let source: ConfigurationSource
    private(set) var diagnostics: [ConfigurationDiagnostic] = []

    init(_ source: ConfigurationSource) { self.source = source }

    var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    /// The findings in the order of the lines.
    var sorted: [ConfigurationDiagnostic] {
        diagnostics.enumerated().sorted {
            ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
        }.map(\.element)
    }

    mutating func error(
        _ code: ConfigurationDiagnostic.Code,
        at position: ConfigurationPosition,
        _ message: String,
        suggestion: String? = nil,
        revealing: ConfigurationSource.Revealing = .nothing
    ) {
        add(code, .error, position, message, suggestion, revealing)
    }

    mutating func warn(
        _ code: ConfigurationDiagnostic.Code,
        at position: ConfigurationPosition,
        _ message: String,
        suggestion: String? = nil,
        revealing: ConfigurationSource.Revealing = .nothing
    ) {
        add(code, .warning, position, message, suggestion, revealing)
    }

    private mutating func add(
        _ code: ConfigurationDiagnostic.Code,
        _ severity: ConfigurationDiagnostic.Severity,
        _ position: ConfigurationPosition,
        _ message: String,
        _ suggestion: String?,
        _ revealing: ConfigurationSource.Revealing
    ) {
        diagnostics.append(
            .init(
                code: code,
                severity: severity,
                file: source.file,
                line: position.line,
                column: position.column,
                message: message,
                suggestion: suggestion,
                quotation: source.quotation(at: position, revealing: revealing)
            )
        )
    }
}
