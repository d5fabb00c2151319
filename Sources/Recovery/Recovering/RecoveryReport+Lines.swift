/// The report's content as sections of plain text, which Markdown and HTML render each in its way.
extension RecoveryReport {
    /// A heading with what stands under it.
    struct Section: Sendable, Hashable {
        var title: String
        /// Paragraphs, before the table.
        var paragraphs: [String] = []
        /// The first row is the header; empty for no table.
        var table: [[String]] = []
        /// What is said when there is nothing in the table.
        var emptyText: String?
    }

    /// The title of the report.
    var title: String { "Recovery of \(system): \(outcome.rawValue)" }

    var sections: [Section] {
        [
            summary, lost, sources, stepTable, restoredTable, checkTable, reingestTable, watchTable, differenceTable,
            warningTable,
        ].compactMap { $0 }
    }

    private var summary: Section {
        var rows = [
            ["", ""], ["Outcome", outcome.rawValue], ["Kind of loss", scenario.summary],
            ["Restored from", "restore point \(point.id) of \(point.startedAt)"],
        ]
        if let rpoSeconds {
            rows.append([
                "Recovery point (RPO)",
                "\(Self.text(rpoSeconds)) before the \(rpoReference == "loss" ? "loss" : "assessment")",
            ])
        }
        rows.append([
            "Recovery time (RTO)",
            rtoSeconds.map { "\(Self.text($0)) from the first assessment until everything was verified" }
                ?? "not reached",
        ])
        rows.append(["Assessed", assessedAt])
        if let startedAt { rows.append(["Begun", startedAt]) }
        rows.append(["Ended", finishedAt])
        if attempts > 1 { rows.append(["Attempts", "\(attempts), the earlier ones interrupted or failed"]) }
        rows.append(["By", "\(tool) on \(host)"])
        if rtoSeconds == nil, stoppedAt == nil, steps.isEmpty { rows.removeAll { $0[0] == "Recovery time (RTO)" } }
        var section = Section(title: "Summary", table: rows)
        if let stoppedAt {
            section.paragraphs.append(
                "Stopped at step '\(stoppedAt)'. Run 'holdfast recover' again when the cause is removed: it goes on from there."
            )
        }
        return section
    }

    private var lost: Section {
        Section(
            title: "What was lost",
            table: [["Component", "Name", "State", "Found"]]
                + findings.map { [$0.component.rawValue, $0.name, $0.state.rawValue, $0.detail] }
        )
    }

    private var sources: Section {
        var section = Section(
            title: "What it was restored from",
            table: [["Component", "Captured", "Age", "Files", "Size", "Integrity", "Proven"]]
                + available.map {
                    [
                        $0.component.rawValue, $0.capturedAt, Self.text($0.ageSeconds), "\($0.files)",
                        ByteText.text($0.bytes), "\($0.integrity.rawValue): \($0.detail)",
                        $0.provenAt ?? "not yet",
                    ]
                }
        )
        if let distance = point.distanceSeconds {
            section.paragraphs.append("Its captures ended \(Self.text(distance)) before the wished moment.")
        }
        section.paragraphs += point.passed.map {
            "Passed over: restore point \($0.id) of \($0.startedAt) \($0.reason)."
        }
        section.paragraphs += point.doubts.map { "Doubt: \($0)" }
        return section
    }

    private var stepTable: Section {
        Section(
            title: "Steps",
            table: [["Step", "Begun", "Took", "Outcome", "What was done"]]
                + steps.map { [$0.id, $0.startedAt, Self.text($0.seconds), $0.outcome.rawValue, $0.detail] },
            emptyText: "Nothing was done."
        )
    }

    private var restoredTable: Section? {
        guard !restored.isEmpty else { return nil }
        return Section(
            title: "What was restored",
            table: [["Component", "Name", "What was done", "Written", "Outcome"]]
                + restored.map {
                    [
                        $0.component.rawValue, $0.name, $0.detail, ByteText.text($0.bytes),
                        $0.differences.isEmpty ? "verified" : "failed",
                    ]
                }
        )
    }

    private var checkTable: Section? {
        guard !checks.isEmpty else { return nil }
        return Section(
            title: "Checks and probes",
            table: [["Check", "Kind", "Outcome", "Took", "Attempts", "Found"]]
                + checks.map {
                    [$0.name, $0.kind, $0.outcome.rawValue, Self.text($0.seconds), "\($0.attempts)", $0.detail]
                }
        )
    }

    /// The longest list of documents that is printed; JSON has all.
    private static let shownChanges = 200

    private var reingestTable: Section? {
        guard let reingest else { return nil }
        var section = Section(
            title: "Documents to be ingested again",
            paragraphs: [reingest.detail.isEmpty ? reingest.outcome.rawValue : reingest.detail],
            table: [["Change", "Documents", "Path"]]
                + reingest.changes.prefix(Self.shownChanges).map { [$0.change.rawValue, $0.documents, $0.path] }
        )
        if reingest.changes.count > Self.shownChanges {
            section.paragraphs.append(
                "The first \(Self.shownChanges) of \(reingest.changes.count); the report in JSON has all."
            )
        }
        return section
    }

    private var watchTable: Section? {
        guard let watch else { return nil }
        return Section(
            title: "Watched afterwards",
            paragraphs: ["\(watch.rounds) rounds in \(Self.text(watch.seconds))."],
            table: [["Probe", "Passed", "Failed", "Last failure"]]
                + watch.counts.map { [$0.name, "\($0.passed)", "\($0.failed)", $0.lastFailure ?? ""] },
            emptyText: "No probe is configured that could be asked."
        )
    }

    private var differenceTable: Section {
        Section(
            title: "What differs",
            table: [["Difference"]] + differences.map { [$0] },
            emptyText: outcome == .failed
                ? "Nothing that was compared; see the steps." : "Nothing of what was compared."
        )
    }

    private var warningTable: Section? {
        guard !warnings.isEmpty else { return nil }
        return Section(title: "Remarks", table: [["Remark"]] + warnings.map { [$0] })
    }

    static func text(_ seconds: Double) -> String { ByteText.text(.seconds(seconds)) }
}
