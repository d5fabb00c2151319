/// Collects what is found in one file.
struct ConfigurationReport {
    /// More findings than this help nobody; the rest is counted.
    static let maximumCount = 50
    /// How many are kept to choose the first from: a file of 1 MiB can have half a million mistakes.
    private static let maximumKept = 1000

    let source: ConfigurationSource
    private(set) var diagnostics: [ConfigurationDiagnostic] = []
    /// Errors beyond those that are kept.
    private(set) var omittedErrors = 0

    init(_ source: ConfigurationSource) { self.source = source }

    var hasErrors: Bool { errorCount > 0 }

    /// How many errors there are, also those not kept.
    var errorCount: Int { diagnostics.count { $0.severity == .error } + omittedErrors }

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
        guard diagnostics.count < Self.maximumKept else {
            if severity == .error { omittedErrors += 1 }
            return
        }
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
