internal import ArgumentParser
internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// `holdfast forget`
struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Drop restore points that the retention policy does not keep.",
        discussion: """
            Without options, what 'retention' in the configuration says; without that, the newest of each hour for 2 days, of each day
            for 30 days, of each week for 90 days, of each month for a year, of each year for 7 years, counted back from the newest
            restore point. A restore point stays while any of its components needs it. Any '--keep-…' option replaces all of that, for all
            components. Never dropped: the last restore point that holds a component, the newest that is proven for a component, and
            what is pinned ('holdfast pin'); nor, without --drop-vanished, the last one that holds a collection, folder, set or checkout
            which newer ones lack. Space is freed by 'holdfast prune'.

              holdfast forget --dry-run
              holdfast forget
              holdfast forget --keep-last 3 --keep-within-daily 30d
              holdfast forget 4f2a9c01            exactly this one
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("Drop exactly these restore points or foreign snapshots.", valueName: "id"))
    var ids: [String] = []

    @OptionGroup(title: "Policy") var rules: RetentionArguments

    @Flag(name: .long, help: "Restore points of every system, not only the configured one.")
    var all = false

    @Flag(name: .long, help: "Also snapshots that are no part of a restore point, grouped by host and paths.")
    var foreign = false

    @Flag(name: .long, help: "Allow that more than half are dropped at once.")
    var yesDropMany = false

    @Flag(name: .long, help: "Let also go what is the last of a collection, folder, set or checkout, and name it.")
    var dropVanished = false

    @Flag(name: .long, help: "Print what would be done, and do nothing.")
    var dryRun = false

    func validate() throws {
        if !ids.isEmpty, !rules.policy.isEmpty {
            throw ValidationError(
                "ids and '--keep-…' options exclude each other: either name what goes, or say what stays"
            )
        }
        if rules.zone == nil { throw ValidationError("there is no time zone '\(rules.timeZone ?? "")'") }
    }

    func run() async throws {
        let session = try Session(common)
        let repository = try await session.openRepository()
        var options = ForgetOptions()
        options.ids = ids
        options.rules = rules.rules(over: session.configuration.retention)
        options.system = all ? nil : session.configuration.system
        options.includesForeign = foreign
        options.allowsMany = yesDropMany
        options.dropsVanished = dropVanished
        let forget = ForgetRun(repository, options: options)
        if dryRun {
            let plan = try await forget.plan()
            try printResult(plan, removedSnapshots: nil)
            if plan.dropsMany, !yesDropMany {
                common.remark("more than half would go: '--yes-drop-many' would be needed")
            }
            return common.remark("nothing was changed (--dry-run)")
        }
        let report = try await forget.run()
        try printResult(report.plan, removedSnapshots: report.removedSnapshots)
        if report.droppedEntries > 0 { common.remark("run 'holdfast prune' to free what only they needed") }
    }

    private struct Output: Encodable {
        struct Entry: Encodable {
            let kind: ForgetPlan.Kind
            let id: String
            let system: String
            let time: String
            let components: [String]
            let snapshots: [String]
            let action: String
            let reasons: [String]
        }
        let dryRun: Bool
        let entries: [Entry]
        let kept: Int
        let dropped: Int
        let removedSnapshots: Int
    }

    private func printResult(_ plan: ForgetPlan, removedSnapshots: Int?) throws {
        if common.json {
            return try Console.json(
                Output(
                    dryRun: dryRun,
                    entries: plan.entries.map { entry in
                        Output.Entry(
                            kind: entry.kind,
                            id: entry.id,
                            system: entry.system,
                            time: "\(entry.time)",
                            components: entry.components,
                            snapshots: entry.snapshots.map(\.hex),
                            action: entry.isKept ? "keep" : "drop",
                            reasons: entry.reasons
                        )
                    },
                    kept: plan.entries.count - plan.dropped.count,
                    dropped: plan.dropped.count,
                    removedSnapshots: removedSnapshots ?? 0
                )
            )
        }
        guard !plan.entries.isEmpty else { return Console.note("there is nothing to forget") }
        var table = Table([("id", .left), ("time", .left), ("system", .left), ("action", .left), ("why", .left)])
        for entry in plan.entries {
            table.add(
                entry.id,
                String("\(entry.time)".prefix(19)).replacing("T", with: " "),
                entry.system,
                entry.isKept ? "keep" : "drop",
                (entry.kind == .foreign ? "(foreign snapshot) " : "") + entry.reasons.joined(separator: ", ")
            )
        }
        Console.result(table.render())
        Console.result("\(plan.entries.count - plan.dropped.count) kept, \(plan.dropped.count) dropped")
    }
}

/// What is kept, as options.
struct RetentionArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Keep the newest ones.", valueName: "n")) var keepLast: Int?
    @Option(help: ArgumentHelp("Keep the newest of this many hours.", valueName: "n")) var keepHourly: Int?
    @Option(help: ArgumentHelp("Keep the newest of this many days.", valueName: "n")) var keepDaily: Int?
    @Option(help: ArgumentHelp("Keep the newest of this many weeks (from Monday).", valueName: "n")) var keepWeekly:
        Int?
    @Option(help: ArgumentHelp("Keep the newest of this many months.", valueName: "n")) var keepMonthly: Int?
    @Option(help: ArgumentHelp("Keep the newest of this many years.", valueName: "n")) var keepYearly: Int?
    @Option(help: ArgumentHelp("Keep all in this span: 1y6m, 30d, 48h.", valueName: "span")) var keepWithin:
        RetentionSpan?
    @Option(help: ArgumentHelp("In this span, the newest of each hour.", valueName: "span"))
    var keepWithinHourly: RetentionSpan?
    @Option(help: ArgumentHelp("In this span, the newest of each day.", valueName: "span"))
    var keepWithinDaily: RetentionSpan?
    @Option(help: ArgumentHelp("In this span, the newest of each week.", valueName: "span"))
    var keepWithinWeekly: RetentionSpan?
    @Option(help: ArgumentHelp("In this span, the newest of each month.", valueName: "span"))
    var keepWithinMonthly: RetentionSpan?
    @Option(help: ArgumentHelp("In this span, the newest of each year.", valueName: "span"))
    var keepWithinYearly: RetentionSpan?
    @Option(
        name: .customLong("keep-tag"),
        help: ArgumentHelp("Keep those with this tag; may be repeated.", valueName: "tag")
    )
    var keepTags: [String] = []
    @Option(
        help: ArgumentHelp(
            "Whose calendar decides: UTC, a name like Europe/Berlin, or own: each one's own.",
            valueName: "zone"
        )
    )
    var timeZone: String?

    func validate() throws {
        for count in [keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly] {
            if let count, count < 1 { throw ValidationError("a number of restore points to keep is 1 or more") }
        }
    }

    /// The policy without its time zone; empty when no rule was given.
    var policy: RetentionPolicy {
        var policy = RetentionPolicy()
        policy.keepLast = keepLast ?? 0
        policy.keep = [
            .hourly: keepHourly, .daily: keepDaily, .weekly: keepWeekly, .monthly: keepMonthly, .yearly: keepYearly,
        ].compactMapValues(\.self)
        policy.keepWithin = keepWithin
        policy.keepWithinPeriod = [
            .hourly: keepWithinHourly, .daily: keepWithinDaily, .weekly: keepWithinWeekly,
            .monthly: keepWithinMonthly, .yearly: keepWithinYearly,
        ].compactMapValues(\.self)
        policy.keepTags = keepTags
        return policy
    }

    /// `nil` when there is no such zone.
    var zone: RetentionTimeZone? { timeZone.map { $0 == "own" ? .own : RetentionTimeZone(named: $0) } ?? .own }

    /// What the options leave of what the configuration says: rules replace all of it, a time zone only that.
    func rules(over configured: RetentionRules) -> RetentionRules {
        let zone = timeZone == nil ? configured.general.timeZone : zone ?? .own
        return (policy.isEmpty ? configured : RetentionRules(general: policy)).with(zone)
    }
}
