internal import Foundation
internal import ResticRepository

/// In place: a repository that is there is brought to the restore point's state, and loses nothing.
///
/// A file in the repository's own folder says that a restore is under way, from before the first change until after the last. A restore
/// that finds it was interrupted: what is uncommitted then is half of what that restore was writing. It is kept as a patch all the same.
extension CheckoutRestore {
    private func mark(_ layout: GitLayout) -> String { "\(layout.gitDirectory)/holdfast-restore" }

    private func isInterrupted(_ layout: GitLayout) -> Bool { GitView.text(of: mark(layout)) == point }

    /// - Throws: ``RecoveryError/Code/refused`` when something would be lost.
    func checkUpdate() async throws {
        try await GitView.with(target) { view in
            guard view.layout.isBare == manifest.isBare, view.objectFormat == manifest.objectFormat else {
                throw refusal(
                    "is another kind of repository than was backed up",
                    "Move it away, or use '--target DIR'."
                )
            }
            if let operation = view.operation {
                throw refusal("has a \(operation) under way", "Finish it or give it up, then run the command again.")
            }
            try checkWorktrees(view)
            guard !view.layout.isBare, !isInterrupted(view.layout) else { return }
            try await checkClean(view)
            try await checkUntracked(view)
        }
    }

    private func refusal(_ what: String, _ hint: String) -> RecoveryError {
        RecoveryError(.refused, "the checkout at '\(target)' \(what): nothing was changed", hint: hint)
    }

    /// Changes that are those of the restore point are none.
    private func checkClean(_ view: GitView) async throws {
        let state = try await view.dirtyState(includesUntracked: false, leavingOut: [])
        guard !state.changed.isEmpty || !state.hidden.isEmpty else { return }
        let found = try await view.fingerprint(of: state)
        let isRestored = view.commit == manifest.commit && found.finish() == manifest.dirty?.fingerprint
        if state.hidden.isEmpty, isRestored || found.byteCount == 0 { return }
        throw refusal(
            "has uncommitted changes (\((state.changed + state.hidden).prefix(3).joined(separator: ", ")))",
            "Commit them, or put them aside with 'git stash', then run the command again."
        )
    }

    private func checkUntracked(_ view: GitView) async throws {
        guard appliesChanges, let tree = try await stored.untracked() else { return }
        let present = try await CodeComparison.untrackedNames(stored).filter {
            GitLayout.type("\(target)/\($0)") != nil
        }
        let different = try await DirectoryRestorer(target: RawPath(target))
            .comparing(files: present, tree, with: stored.repository)
        guard !different.isEmpty else { return }
        throw refusal(
            "has other untracked files than the restore point under the same names (\(different.prefix(3).joined(separator: ", ")))",
            "Move them away, or use '--target DIR', then run the command again."
        )
    }

    /// A branch must not be moved under another worktree's feet.
    private func checkWorktrees(_ view: GitView) throws {
        let folder = "\(view.layout.commonDirectory)/worktrees"
        var heads = (try? FileManager.default.contentsOfDirectory(atPath: folder))?.map { "\(folder)/\($0)" } ?? []
        heads.append(view.layout.commonDirectory)
        for head in heads
        where URL(filePath: head).standardizedFileURL != URL(filePath: view.layout.gitDirectory).standardizedFileURL {
            let text = GitView.text(of: "\(head)/HEAD")
            guard text.hasPrefix("ref: "), let line = text.split(separator: "\n").first else { continue }
            let branch = String(line.dropFirst(5))
            guard let id = manifest.refs[branch], view.refs[branch] != id else { continue }
            throw refusal(
                "shares the branch '\(branch)' with another worktree",
                "Switch that one to another branch first."
            )
        }
    }

    /// Fetches from the bundles, moves branches and tags, and then the checked-out files.
    func update(_ outcome: inout CodeRestore.Outcome) async throws {
        let before = try await GitView.with(target) { Before($0, wasInterrupted: isInterrupted($0.layout)) }
        var git = Git(gitDirectory: before.layout.gitDirectory)
        git.workTree = before.layout.isBare ? nil : target
        git.runsInWorkTree = !before.layout.isBare
        // The repository's own configuration holds here, but for what runs programs.
        let own = GitSettings(listing: try await git.run(["config", "--includes", "--null", "--list"]).items)
        git.settings = own.filterRemovals
        let held = try await unpack(git)
        var commands = try await refCommands(before, git, &outcome)
        commands += held.map { "delete \($0)" }
        if !before.layout.isBare, !before.wasInterrupted, let commit = manifest.commit {
            try await moveFiles(git, from: before.commit, to: commit, isTrial: true)
        }
        let mark = mark(before.layout)
        try Self.attempt("the file '\(mark)' cannot be written") {
            try Data(point.utf8).write(to: URL(filePath: mark), options: .atomic)
        }
        try await git.run(["update-ref", "--stdin"], input: Self.lines(commands))
        try await setHead(git)
        outcome.warnings += try await setRemotes(git, existing: own)
        if !before.layout.isBare {
            try await updateFiles(git, before, &outcome)
        }
        outcome.differences += try await differences(at: target)
        try? FileManager.default.removeItem(atPath: mark)
    }

    /// The repository before it was changed.
    private struct Before: Sendable {
        let layout: GitLayout
        let refs: [String: String]
        let branch: String?
        let commit: String?
        let wasInterrupted: Bool

        init(_ view: GitView, wasInterrupted: Bool) {
            layout = view.layout
            refs = view.refs
            branch = view.branch
            commit = view.commit
            self.wasInterrupted = wasInterrupted
        }
    }

    /// What has to be done to branches and tags, in one transaction. Commits that nothing would lead to any more get a branch of their own.
    private func refCommands(_ before: Before, _ git: Git, _ outcome: inout CodeRestore.Outcome) async throws
        -> [String]
    {
        var commands: [String] = []
        func keep(_ id: String, of name: String) {
            let kind = name.hasPrefix("refs/tags/") ? "refs/tags/" : "refs/heads/"
            let short = name.replacing(kind, with: "")
            var place = "\(kind)holdfast-\(point)/\(short)"
            while let taken = before.refs[place], taken != id { place += "-" }
            guard before.refs[place] == nil else { return }
            commands.append("create \(place) \(id)")
            outcome.kept.append(place)
        }
        for (name, id) in manifest.refs.sorted(by: { $0.key < $1.key }) {
            guard let old = before.refs[name] else {
                commands.append("create \(name) \(id)")
                continue
            }
            guard old != id else { continue }
            let isForward = try await git.attempt(["merge-base", "--is-ancestor", old, id]).succeeded
            if !isForward || name.hasPrefix("refs/tags/") { keep(old, of: name) }
            commands.append("update \(name) \(id) \(old)")
        }
        if before.branch == nil, let commit = before.commit {
            let lost = try await git.run(["rev-list", "--max-count=1", commit, "--not", "--branches", "--tags"])
            if !lost.output.isEmpty { keep(commit, of: "refs/heads/HEAD") }
        }
        return commands
    }

    private func updateFiles(_ git: Git, _ before: Before, _ outcome: inout CodeRestore.Outcome) async throws {
        if before.wasInterrupted {
            if let path = try await keepChanges(before.layout) { outcome.kept.append(path) }
            if manifest.commit != nil { try await git.run(["reset", "--hard", "--quiet"]) }
        } else if let commit = manifest.commit, before.commit != commit {
            try await moveFiles(git, from: before.commit, to: commit, isTrial: false)
        } else if before.commit == manifest.commit, try await isDirty() {
            // `checkClean` found that these are the restore point's: they need not be applied again.
            var rest = outcome
            try await restoreFiles(git, in: target, &rest, withPatch: false)
            outcome = rest
            return
        }
        try await restoreFiles(git, in: target, &outcome)
    }

    private func isDirty() async throws -> Bool {
        try await GitView.with(target) { view in
            let state = try await view.dirtyState(includesUntracked: false, leavingOut: [])
            return try await view.fingerprint(of: state).byteCount > 0
        }
    }

    /// Untracked files in the way are refused by `git`, in the trial already.
    private func moveFiles(_ git: Git, from old: String?, to new: String, isTrial: Bool) async throws {
        guard old != new else { return }
        let trees = old.map { [$0, new] } ?? [new]
        let moved = try await git.attempt(["read-tree", "-m", "-u"] + (isTrial ? ["--dry-run"] : []) + trees)
        guard !moved.succeeded else { return }
        throw refusal(
            "cannot be brought to commit \(new.prefix(12)): \(moved.errors.split(separator: "\n").first ?? "git refused")",
            "Move the files that are in the way aside, then run the command again."
        )
    }

    private func keepChanges(_ layout: GitLayout) async throws -> String? {
        try await GitView.with(target) { view in
            let state = try await view.dirtyState(includesUntracked: false, leavingOut: [])
            var path = "\(layout.gitDirectory)/holdfast-\(point).patch"
            while GitLayout.type(path) != nil { path += "~" }
            guard !state.changed.isEmpty else { return nil }
            try await NewFile.write(at: RawPath(path)) { file in
                try await view.patch(of: state) { try await file.append($0) }
            }
            return path
        }
    }
}
