internal import ArgumentParser
internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// `holdfast repo repair snapshots`
struct RepairSnapshotsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshots",
        abstract: "Write copies of damaged restore points and snapshots without what is lost.",
        discussion: """
            For what no backup can bring back. The copy of a restore point has an id of its own, and a manifest that says what is
            missing. Files that lost a part are shortened, files that lost all are left out, folders whose tree is lost are empty. The
            originals stay; '--forget' sets those aside that have a whole copy, or of which nothing is left.

            Repair the index and the packs first.

              holdfast repo repair snapshots
              holdfast repo repair snapshots --apply
              holdfast repo repair snapshots --forget --apply
            """
    )

    @OptionGroup var options: RepairOptions

    @Flag(
        name: .long,
        help: "Set aside the originals of copies that are there, and snapshots of which nothing is left."
    )
    var forget = false

    private struct Output: Encodable {
        struct Item: Encodable {
            let restorePoint: String?
            let copy: String?
            let originals: [String]
            let missing: [RestorePointManifest.MissingItem]
            let record: String?
            let copied: Bool
        }
        struct Hopeless: Encodable {
            let snapshot: String
            let restorePoint: String?
            let reason: String
        }
        let applied: Bool
        let items: [Item]
        let hopeless: [Hopeless]
        let forgotten: [String]
    }

    func run() async throws {
        let (isApplied, forgets) = (options.apply, forget)
        let plan = try await options.withRepository { repository in
            let run = SnapshotRepairRun(repository)
            let plan = isApplied && !forgets ? try await run.apply() : try await run.plan()
            if isApplied, forgets { try await run.forget(plan) }
            return plan
        }
        if options.common.json {
            return try Console.json(
                Output(
                    applied: isApplied,
                    items: plan.items.map {
                        .init(
                            restorePoint: $0.restorePoint,
                            copy: $0.copy,
                            originals: $0.originals.map(\.hex),
                            missing: $0.missing,
                            record: $0.record,
                            copied: $0.isDone
                        )
                    },
                    hopeless: plan.hopeless.map {
                        .init(snapshot: $0.snapshot.hex, restorePoint: $0.restorePoint, reason: $0.reason)
                    },
                    forgotten: forgets ? plan.forgettable.map(\.hex) : []
                )
            )
        }
        if plan.isEmpty { return Console.result("every snapshot is whole: nothing to repair") }
        for item in plan.items { print(item) }
        for lost in plan.hopeless { print(lost) }
        options.printHint()
    }

    private func print(_ item: SnapshotRepairPlan.Item) {
        let snapshots = item.originals.map(\.short).joined(separator: ", ")
        let name =
            item.restorePoint.map { "restore point \($0) (snapshots \(snapshots))" }
            ?? item.record.map { "record about restore point \($0) (snapshot \(snapshots))" } ?? "snapshot \(snapshots)"
        let copy = item.copy.map { " \($0)" } ?? ""
        if forget {
            Console.result(
                item.isDone
                    ? "\(options.apply ? "forgot" : "forget") \(name): replaced by its copy\(copy)"
                    : "keep \(name): it has no copy yet"
            )
            return
        }
        Console.result("\(name): \(item.isDone ? "copied" : "to copy") as\(copy.isEmpty ? " a snapshot" : copy)")
        for missing in item.missing.prefix(20) {
            Console.result("  \(missing.kind.rawValue): \(missing.path) (\(Formatting.bytes(missing.lostBytes)) lost)")
        }
        if item.missing.count > 20 { Console.result("  and \(item.missing.count - 20) more (--json lists all)") }
    }

    private func print(_ lost: SnapshotRepairPlan.Hopeless) {
        let point = lost.restorePoint.map { " of restore point \($0)" } ?? ""
        let verb = forget ? (options.apply ? "forgot" : "forget") : "cannot copy"
        Console.result("\(verb) snapshot \(lost.snapshot.short)\(point): \(lost.reason)")
    }
}

/// `holdfast repo repair confirm`
struct RepairConfirmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "confirm",
        abstract: "Delete what repairs have set aside.",
        discussion: """
            Do this when 'holdfast repo check --read-data' is content and a restore was verified. What is deleted cannot be had again.

              holdfast repo repair confirm
              holdfast repo repair confirm --apply
            """
    )

    @OptionGroup var options: RepairOptions

    private struct Output: Encodable {
        struct File: Encodable {
            let original: String
            let bytes: Int64
        }
        let applied: Bool
        let files: [File]
    }

    func run() async throws {
        let isApplied = options.apply
        let files = try await options.withRepository { repository in
            let replaced = ReplacedFiles(repository)
            let files = try await replaced.list()
            if isApplied { try await replaced.delete(files) }
            return files
        }
        if options.common.json {
            return try Console.json(
                Output(applied: isApplied, files: files.map { .init(original: $0.original, bytes: $0.byteCount) })
            )
        }
        guard !files.isEmpty else { return Console.result("no repair has set anything aside") }
        for file in files {
            Console.result("\(isApplied ? "deleted" : "delete") \(file.original) (\(Formatting.bytes(file.byteCount)))")
        }
        options.printHint()
    }
}
