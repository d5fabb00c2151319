internal import ArgumentParser
internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// `holdfast prune`
struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove from the repository what no snapshot needs, in two phases.",
        discussion: """
            Packs that no snapshot needs are marked first, and removed by a later run when the grace period is over and they are
            still unneeded. Backups go on meanwhile; the repository is locked for others only while its index is rewritten.
            Run it daily, after 'holdfast forget'.

              holdfast prune
              holdfast prune --dry-run --list-packs
              holdfast prune --max-repack-size 2G
              holdfast prune --grace 0            mark and remove at once; also frees a disk without a free byte
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(
        help: ArgumentHelp(
            "How long a pack stays marked before it is removed: 0, 90s, 30m, 24h, 7d.",
            valueName: "span"
        )
    )
    var grace = TimeQuantity(.seconds(24 * 60 * 60), "24h")

    @Option(help: ArgumentHelp("Read no more than this for repacking: bytes, or with k, M, G, T.", valueName: "size"))
    var maxRepackSize: ByteQuantity?

    @Option(
        help: ArgumentHelp(
            "How much may stay unneeded in packs that are needed: 5%, a size, or unlimited.",
            valueName: "limit"
        )
    )
    var maxUnused = UnusedQuantity.standard

    @Option(help: ArgumentHelp("How long to wait for others before packs are removed: 0, 90s, 5m.", valueName: "span"))
    var wait = TimeQuantity(.seconds(5 * 60), "5m")

    @Flag(name: .long, help: "Print what would be done, and do nothing.")
    var dryRun = false

    @Flag(name: .long, help: "Print a line for every pack.")
    var listPacks = false

    func run() async throws {
        let session = try Session(common)
        let repository = try await session.openRepository()
        var prune = PruneRun(repository, options: options)
        let progress = common.makeProgress()
        prune.onPhase = { name, bytes in
            progress.end()
            progress.begin(name, totalBytes: bytes)
        }
        prune.onAdvance = { progress.advance($0) }
        defer { progress.end() }
        if dryRun {
            let plan = try await prune.plan()
            progress.end()
            return try PruneRendering.print(plan, common, listsPacks: listPacks)
        }
        let report = try await prune.run()
        progress.end()
        try PruneRendering.print(report, common, listsPacks: listPacks)
        if report.plan.sweepRefusal != nil || !report.problems.isEmpty { throw ExitStatus.partial }
    }

    private var options: PruneOptions {
        var options = PruneOptions()
        options.grace = grace.duration
        options.maxRepackBytes = maxRepackSize?.bytes
        options.maxUnused = maxUnused.limit
        options.wait = wait.duration
        return options
    }
}

/// How a prune is shown.
enum PruneRendering {
    private struct PackOutput: Encodable {
        let id: String
        let action: PrunePlan.Action
        let reason: String
        let bytes: Int64
        let neededBytes: Int64
        let unneededBytes: Int64
    }

    private struct PlanOutput: Encodable {
        let dryRun: Bool
        let packs: [PackOutput]
        let refusal: String?
        var marked: Int?
        var unmarked: Int?
        var repacked: Int?
        var copiedBytes: Int64?
        var removed: Int?
        var freedBytes: Int64?
        var waiting: Int?
        var waitsFor: String?
        var problems: [String]?
        /// Packs that nobody needs and the store retains.
        struct Retained: Encodable {
            let packs: Int
            let bytes: Int64
            let until: String
        }
        let retained: Retained?
        var extendedFiles: Int?
        var erasedObjects: Int?
        var erasedBytes: Int64?
        var retainedVersions: Int?
        var retainedVersionBytes: Int64?
        var versionsRetainedUntil: String?

        init(_ plan: PrunePlan, isDryRun: Bool) {
            dryRun = isDryRun
            refusal = plan.sweepRefusal
            retained = plan.retained.map {
                Retained(packs: $0.packs, bytes: $0.byteCount, until: $0.until.rfc3339)
            }
            packs = plan.packs.map { pack in
                PackOutput(
                    id: pack.id.hex,
                    action: pack.action,
                    reason: "\(pack.reason)",
                    bytes: pack.byteCount,
                    neededBytes: pack.neededBytes,
                    unneededBytes: pack.unneededBytes
                )
            }
        }
    }

    static func print(_ plan: PrunePlan, _ common: CommonOptions, listsPacks: Bool) throws {
        if common.json { return try Console.json(PlanOutput(plan, isDryRun: true)) }
        printTable(plan, listsPacks: listsPacks)
        common.remark("nothing was changed (--dry-run)")
    }

    static func print(_ report: PruneReport, _ common: CommonOptions, listsPacks: Bool) throws {
        if common.json {
            var output = PlanOutput(report.plan, isDryRun: false)
            output.marked = report.markedPacks
            output.unmarked = report.unmarkedPacks
            output.repacked = report.repackedPacks
            output.copiedBytes = report.copiedBytes
            output.removed = report.removedPacks
            output.freedBytes = report.freedBytes
            output.waiting = report.waitingPacks
            output.waitsFor = report.waitsFor
            output.problems = report.problems
            output.extendedFiles = report.extendedFiles
            output.erasedObjects = report.erasedObjects
            output.erasedBytes = report.erasedBytes
            output.retainedVersions = report.retainedVersions
            output.retainedVersionBytes = report.retainedVersionBytes
            output.versionsRetainedUntil = report.versionsRetainedUntil?.rfc3339
            return try Console.json(output)
        }
        printTable(report.plan, listsPacks: listsPacks)
        Console.result(
            "marked \(report.markedPacks), unmarked \(report.unmarkedPacks), repacked \(report.repackedPacks) "
                + "(\(Formatting.bytes(report.copiedBytes)) copied), removed \(Formatting.count(report.removedPacks, "pack")): "
                + "\(Formatting.bytes(report.freedBytes)) freed"
        )
        if report.waitingPacks > 0 {
            Console.result(
                "\(Formatting.count(report.waitingPacks, "pack")) could not be removed now: "
                    + "\(report.waitsFor ?? "others use the repository"); the next prune removes them"
            )
        }
        printRetention(report)
        for problem in report.problems { Console.note("warning: \(problem)") }
    }

    /// What object lock made of it.
    private static func printRetention(_ report: PruneReport) {
        if report.extendedFiles > 0 {
            Console.result("retention extended for \(Formatting.count(report.extendedFiles, "file")) still needed")
        }
        if report.erasedObjects > 0 {
            Console.result(
                "versions of \(Formatting.count(report.erasedObjects, "removed object")) are gone for good: "
                    + "\(Formatting.bytes(report.erasedBytes)) freed"
            )
        }
        if let until = report.versionsRetainedUntil {
            Console.result(
                "versions of \(Formatting.count(report.retainedVersions, "removed object")), "
                    + "\(Formatting.bytes(report.retainedVersionBytes)), are retained until \(until.rfc3339)"
            )
        }
    }

    private static func printTable(_ plan: PrunePlan, listsPacks: Bool) {
        if listsPacks {
            var table = Table([
                ("pack", .left), ("action", .left), ("size", .right), ("unneeded", .right), ("why", .left),
            ])
            for pack in plan.packs {
                table.add(
                    pack.id.short,
                    pack.action.rawValue,
                    Formatting.bytes(pack.byteCount),
                    Formatting.bytes(pack.unneededBytes),
                    "\(pack.reason)"
                )
            }
            Console.result(table.render())
        } else {
            var table = Table([("action", .left), ("packs", .right), ("size", .right), ("why", .left)])
            for (action, reason, packs, bytes) in summary(of: plan) {
                table.add(action.rawValue, "\(packs)", Formatting.bytes(bytes), reason)
            }
            Console.result(table.render())
        }
        if let retained = plan.retained {
            Console.result(
                "\(Formatting.count(retained.packs, "pack")), \(Formatting.bytes(retained.byteCount)) are unreferenced and wait for "
                    + "their retention until \(retained.until.rfc3339); a later prune removes them"
            )
        }
        if let refusal = plan.sweepRefusal { Console.note("warning: nothing is removed: \(refusal)") }
    }

    /// One line an action and reason.
    private static func summary(of plan: PrunePlan) -> [(PrunePlan.Action, String, Int, Int64)] {
        var lines: [PrunePlan.Action: [String: (packs: Int, bytes: Int64)]] = [:]
        for pack in plan.packs {
            lines[pack.action, default: [:]]["\(pack.reason)", default: (0, 0)].packs += 1
            lines[pack.action, default: [:]]["\(pack.reason)", default: (0, 0)].bytes += pack.byteCount
        }
        return PrunePlan.Action.allCases.flatMap { action in
            (lines[action] ?? [:]).sorted { $0.key < $1.key }.map { (action, $0.key, $0.value.packs, $0.value.bytes) }
        }
    }
}
