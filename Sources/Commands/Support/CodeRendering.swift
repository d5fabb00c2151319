internal import Recovery
internal import ResticRepository

/// Checkouts of code, for people and for programs.
enum CodeRendering {
    private typealias Summary = RestorePointManifest.CheckoutSummary

    /// What a backup says of a checkout.
    static func line(_ checkout: RestorePointManifest.CheckoutSummary) -> String {
        "  code       \(checkout.name): \(state(checkout)), "
            + "\(Formatting.count(checkout.bundles, "bundle")), \(Formatting.bytes(checkout.bundleBytes))"
    }

    /// `main at 1a2b3c4d5e6f (v1.2-3-g1a2b3c4), 2 files changed, 1 untracked`.
    static func state(_ checkout: RestorePointManifest.CheckoutSummary) -> String {
        let place = checkout.branch ?? "no branch"
        guard let commit = checkout.commit else { return "\(place), no commit yet\(dirt(checkout))" }
        let describe = checkout.describe.map { commit.hasPrefix($0) ? "" : " (\($0))" } ?? ""
        return "\(place) at \(commit.prefix(12))\(describe)\(dirt(checkout))"
    }

    private static func dirt(_ checkout: Summary) -> String {
        guard checkout.isDirty else { return ", clean" }
        var parts: [String] = []
        if checkout.changedFiles > 0 { parts.append("\(Formatting.count(checkout.changedFiles, "file")) changed") }
        if checkout.untrackedFiles > 0 { parts.append("\(checkout.untrackedFiles) untracked") }
        if checkout.leftOut > 0 { parts.append("\(checkout.leftOut) left out") }
        return ", " + parts.joined(separator: ", ")
    }

    /// For a table of restore points: the commit, with a `+` when something was not committed.
    static func short(_ point: RestorePointManifest) -> String {
        guard let checkouts = point[.code]?.checkouts, let first = checkouts.first else { return "-" }
        let more = checkouts.count > 1 ? " …" : ""
        return "\(first.commit?.prefix(8) ?? "none")\(first.isDirty ? "+" : "")\(more)"
    }

    static func show(_ checkout: RestorePointManifest.CheckoutSummary) {
        Console.result("  \(checkout.name)  from \(checkout.path)")
        Console.result("    commit          \(checkout.commit ?? "none")\(checkout.describe.map { " (\($0))" } ?? "")")
        Console.result("    branch          \(checkout.branch ?? "none (detached)")")
        Console.result("    history         \(Formatting.count(checkout.commits, "commit"))")
        Console.result("    state           \(String(dirt(checkout).dropFirst(2)))")
        Console.result(
            "    bundles         \(checkout.bundles == 0 ? "none" : "\(checkout.bundles), \(Formatting.bytes(checkout.bundleBytes))")"
        )
        if checkout.submodules > 0 { Console.result("    submodules      \(checkout.submodules), not in the bundles") }
        for warning in checkout.warnings { Console.result("    warning         \(warning)") }
        for item in checkout.skipped {
            Console.result("    skipped \(item.path): \(item.kind.rawValue): \(item.reason)")
        }
    }

    /// A line for each checkout that differs between two restore points. The count of commits is that of new ones when the older commit
    /// leads to the newer; else it says how many more or fewer there are.
    static func changes(from old: RestorePointManifest, to new: RestorePointManifest) -> [String] {
        (new[.code]?.checkouts ?? []).compactMap { checkout in
            guard let before = old[.code]?.checkouts?.first(where: { $0.name == checkout.name }), before != checkout,
                state(before) != state(checkout)
            else { return nil }
            let count = checkout.commits - before.commits
            let commits =
                before.commit == checkout.commit
                ? "same commit"
                : count >= 0
                    ? "\(Formatting.count(count, "commit")) more" : "\(Formatting.count(-count, "commit")) fewer"
            return "code \(checkout.name): \(state(before)) → \(state(checkout)): \(commits)"
        }
    }

    // MARK: Restores

    static func plan(_ step: CodeRestore.Step) -> String {
        "  code       \(step.checkout.name) into \(step.target): \(state(step.checkout)), from "
            + "\(Formatting.count(step.checkout.bundles, "bundle")), \(Formatting.bytes(step.checkout.bundleBytes))"
    }

    /// A checkout in the JSON of a restore.
    struct Restored: Encodable {
        let name: String
        let target: String
        let action: String
        let verdict: String
        let commit: String?
        let branch: String?
        let changedFiles: Int
        let untrackedFiles: Int
        let kept: [String]
        let submodules: [String]
        let differences: [String]
        let warnings: [String]

        init(_ outcome: CodeRestore.Outcome) {
            name = outcome.checkout.name
            target = outcome.target
            action = outcome.action.rawValue
            verdict = RestoreRendering.verdict(outcome.differences.isEmpty).lowercased()
            commit = outcome.checkout.commit
            branch = outcome.checkout.branch
            changedFiles = outcome.changedFiles
            untrackedFiles = outcome.untrackedFiles
            kept = outcome.kept
            submodules = outcome.submodules
            differences = outcome.differences
            warnings = outcome.warnings
        }
    }

    static func print(_ outcome: CodeRestore.Outcome, _ common: CommonOptions) {
        let checkout = outcome.checkout
        let done =
            switch outcome.action {
            case .rebuilt: "rebuilt from \(Formatting.count(checkout.bundles, "bundle"))"
            case .updated: "the repository there updated"
            case .unchanged: "as it should be already"
            }
        Console.result(
            "  code       \(checkout.name) in \(outcome.target): \(RestoreRendering.verdict(outcome.differences.isEmpty)): "
                + "\(checkout.branch ?? "no branch") at \(checkout.commit?.prefix(12) ?? "no commit"), \(done)"
        )
        if outcome.changedFiles + outcome.untrackedFiles > 0 {
            Console.result(
                "             not committed, put back: \(Formatting.count(outcome.changedFiles, "changed file")) (staged), \(outcome.untrackedFiles) untracked"
            )
        }
        for kept in outcome.kept { Console.result("             kept: \(kept)") }
        for module in outcome.submodules { Console.result("             submodule: \(module)") }
        for difference in outcome.differences { Console.result("    differs: \(difference)") }
        for warning in outcome.warnings { common.remark("warning: \(warning)") }
    }
}
