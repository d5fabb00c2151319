internal import ArgumentParser
internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// `holdfast repo repair`: each subcommand prints its plan and changes nothing until `--apply`.
struct RepoRepairCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Mend a damaged repository: first the plan, then new objects; the old are kept until confirmed.",
        discussion: """
            In this order, after a copy of the damaged files from elsewhere was looked for in vain:

              holdfast repo check --read-data
              holdfast repo repair index --apply
              holdfast repo repair packs --apply
              holdfast backup                              # stores again what its sources still hold
              holdfast repo repair snapshots --apply       # for what is lost for good
              holdfast repo repair snapshots --forget --apply
              holdfast repo repair confirm --apply

            Without '--apply' each prints what it would do and why.
            """,
        subcommands: [
            RepairIndexCommand.self, RepairPacksCommand.self, RepairSnapshotsCommand.self, RepairConfirmCommand.self,
        ]
    )
}

/// What the repairs have in common.
struct RepairOptions: ParsableArguments {
    @OptionGroup var common: CommonOptions

    @Flag(name: .long, help: "Do what the plan says; without it nothing is changed.")
    var apply = false

    /// Runs `body` under an exclusive lock when it is going to change something, else under a shared one.
    func withRepository<Value: Sendable>(_ body: @escaping @Sendable (Repository) async throws -> Value) async throws
        -> Value
    {
        let repository = try await Session(common).openRepository()
        return try await repository.withLock(apply ? .exclusive : .shared, timing: Session.patientTiming) {
            try await body(repository)
        }
    }

    /// Says at the end of a plan how it is carried out.
    func printHint() {
        if !apply { common.remark("nothing was changed; '--apply' carries this out") }
    }
}

/// `holdfast repo repair index`
struct RepairIndexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Build what is missing or wrong in the index from the packs.",
        discussion: """
            Index files that are damaged, or that name what is not there, are replaced by new ones; the old are set aside in
            'holdfast/replaced' of the repository, where restic does not look.

              holdfast repo repair index
              holdfast repo repair index --apply
            """
    )

    @OptionGroup var options: RepairOptions

    private struct Output: Encodable {
        struct File: Encodable {
            let id: String
            let reason: String
        }
        let applied: Bool
        let replaced: [File]
        let missingPacks: [String]
        let rebuiltPacks: [String]
        let rebuiltBlobs: Int
        let unreadablePacks: [File]
    }

    func run() async throws {
        let isApplied = options.apply
        let plan = try await options.withRepository { repository in
            let repair = IndexRepair(repository)
            let plan = try await repair.plan()
            if isApplied { try await repair.apply(plan) }
            return plan
        }
        if options.common.json {
            return try Console.json(
                Output(
                    applied: isApplied,
                    replaced: plan.replaced.map { .init(id: $0.id.hex, reason: $0.reason) },
                    missingPacks: plan.missingPacks.map(\.hex),
                    rebuiltPacks: plan.rebuiltPacks.map(\.hex),
                    rebuiltBlobs: plan.rebuiltBlobs,
                    unreadablePacks: plan.unreadablePacks.map { .init(id: $0.id.hex, reason: $0.reason) }
                )
            )
        }
        for file in plan.replaced { Console.result("replace index \(file.id.short): \(file.reason)") }
        for pack in plan.rebuiltPacks { Console.result("list pack \(pack.short) as its header says") }
        for pack in plan.missingPacks { Console.result("no longer list pack \(pack.short), which is gone") }
        for pack in plan.unreadablePacks {
            Console.result("leave pack \(pack.id.short), whose header cannot be read: \(pack.reason)")
        }
        if !plan.unreadablePacks.isEmpty {
            options.common.remark(
                "'holdfast repo repair packs' salvages what the index knows of packs without a header"
            )
        }
        if plan.isEmpty { return Console.result("the index is right: nothing to repair") }
        Console.result(
            "\(isApplied ? "replaced" : "to replace"): \(Formatting.count(plan.replaced.count, "index file")); "
                + "\(Formatting.count(plan.rebuiltBlobs, "blob")) of \(Formatting.count(plan.rebuiltPacks.count, "pack")) listed anew"
        )
        options.printHint()
    }
}

/// `holdfast repo repair packs`
struct RepairPacksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "packs",
        abstract: "Salvage what is good in damaged packs, and take those out of use.",
        discussion: """
            Without ids every pack is read. Good blobs are stored in new packs; the damaged ones are set aside. What is lost is named
            with the files and restore points it hits; the next backup stores it again if its source still holds it.

              holdfast repo repair packs
              holdfast repo repair packs 3f1c09aa --apply
            """
    )

    @OptionGroup var options: RepairOptions

    @Argument(help: ArgumentHelp("Beginnings of the ids of damaged packs; none for all packs.", valueName: "pack"))
    var packs: [String] = []

    private struct Output: Encodable {
        struct Pack: Encodable {
            let id: String
            let bytes: Int64
            let problems: [String]
            let goodBlobs: Int
            let lostBlobs: Int
        }
        let applied: Bool
        let packs: [Pack]
        let intact: [String]
        let leftovers: [String]
        let findings: [RepoCheckRendering.Finding]
    }

    func run() async throws {
        let (isApplied, names, progress) = (options.apply, packs, options.common.makeProgress())
        let plan = try await options.withRepository { repository in
            defer { progress.end() }
            var repair = PackRepair(repository)
            repair.onPhase = { progress.begin($0, totalBytes: $1) }
            repair.onRead = { progress.advance($0) }
            let plan = try await repair.plan(names)
            if isApplied { try await repair.apply(plan) }
            return plan
        }
        if options.common.json {
            return try Console.json(
                Output(
                    applied: isApplied,
                    packs: plan.packs.map {
                        .init(
                            id: $0.id.hex,
                            bytes: $0.byteCount,
                            problems: $0.problems,
                            goodBlobs: $0.goodBlobs,
                            lostBlobs: $0.lostBlobs
                        )
                    },
                    intact: plan.intact.map(\.hex),
                    leftovers: plan.leftovers.map(\.hex),
                    findings: plan.findings.map(RepoCheckRendering.Finding.init)
                )
            )
        }
        for finding in plan.findings { RepoCheckRendering.print(finding) }
        for pack in plan.intact { Console.result("pack \(pack.short) is sound and stays") }
        for pack in plan.leftovers { Console.result("remove pack \(pack.short), which an earlier repair has replaced") }
        if plan.isEmpty { return Console.result("no damaged packs: nothing to repair") }
        let good = plan.packs.reduce(0) { $0 + $1.goodBlobs }
        let lost = plan.packs.reduce(0) { $0 + $1.lostBlobs }
        Console.result(
            "\(isApplied ? "replaced" : "to replace"): \(Formatting.count(plan.packs.count, "pack")); "
                + "\(Formatting.count(good, "blob")) salvaged, \(lost) lost"
        )
        options.printHint()
    }
}
