internal import Recovery

/// What `holdfast verify --all` prints about the system's backups, and how it ends.
enum ExpectationRendering {
    static func print(_ lines: [BackupExpectations.Line], of system: String) {
        Console.result("backups of \(system):")
        for line in lines {
            let verdict =
                switch line.verdict {
                case .ok: "ok"
                case .failed: "FAILED"
                case .untested: "could not be tested"
                }
            Console.result("  \(line.component.rawValue) \(line.expectation.rawValue): \(verdict): \(line.detail)")
        }
    }

    /// - Throws: ``ExitStatus`` when not all expectations are met.
    static func check(_ lines: [BackupExpectations.Line]) throws {
        if lines.contains(where: { $0.verdict == .failed }) { throw ExitStatus.failed }
        if lines.contains(where: { $0.verdict == .untested }) { throw ExitStatus.partial }
    }
}
