internal import Foundation
internal import ResticFormat
public import ResticRepository

/// Compares checkouts of the live system with those of a restore point. Nothing is written, and nothing of the checkouts is executed.
public struct CodeComparison: Sendable {
    private let point: RestorePoint
    private let repository: IndexedRepository
    private let leavingOut: [String]

    /// - Parameter leavingOut: absolute paths of folders that never belong to a checkout: that of the repository.
    public init(_ point: RestorePoint, from repository: IndexedRepository, leavingOut: [String] = []) {
        self.point = point
        self.repository = repository
        self.leavingOut = leavingOut
    }

    /// One finding a checkout of the restore point, in its order. `missing` counts commits and files that the live checkout lacks, `extra`
    /// those that only it has, `different` changed files, remotes, branches and tags.
    ///
    /// - Parameter path: where a checkout is now; `nil` where it was.
    public func compare(at path: @Sendable (String) -> String? = { _ in nil }) async throws -> [LiveFinding] {
        var findings: [LiveFinding] = []
        for checkout in point.manifest[.code]?.checkouts ?? [] {
            let stored = try await StoredCheckout(checkout.name, in: point.tree(of: .code), of: repository)
            let place = path(checkout.name) ?? checkout.path
            findings.append(try await Self.compare(stored, at: place, leavingOut: leavingOut).finding)
        }
        return findings
    }

    /// What a checkout's comparison counted.
    struct Result: Sendable {
        var finding: LiveFinding
        /// Whether commit, branches, tags and uncommitted changes are those of the restore point; remotes may be others, and there may
        /// be more branches, tags and untracked files.
        var hasSameContent = false
    }

    static func compare(
        _ stored: StoredCheckout,
        at path: String,
        leavingOut: [String] = []
    ) async throws -> Result {
        let manifest = stored.manifest
        func result(_ state: LiveFinding.State, _ detail: String) -> Result {
            Result(finding: LiveFinding(.code, manifest.name, state, detail))
        }
        if GitLayout.type(path) == nil { return result(.missing, "there is nothing at '\(path)'") }
        do {
            return try await GitView.with(path) { try await compare(stored, with: $0, leavingOut) }
        } catch let error as RecoveryError where error.code == .codeUnreadable {
            return result(.unreadable, error.message)
        }
    }

    private static func compare(
        _ stored: StoredCheckout,
        with view: GitView,
        _ leavingOut: [String]
    ) async throws -> Result {
        let manifest = stored.manifest
        var remarks: [String] = []
        var (missing, different, extra) = (0, 0, 0)
        let commits = try await distance(manifest.commit, view)
        if let sentence = commits.sentence { remarks.append(sentence) }
        missing += commits.behind
        extra += commits.ahead
        if view.branch != manifest.branch {
            remarks.append("\(view.branch ?? "no branch") is checked out, not \(manifest.branch ?? "a commit alone")")
            different += 1
        }
        let refs = manifest.refs.filter { $0.key != manifest.branch && view.refs[$0.key] != $0.value }
        if !refs.isEmpty {
            remarks.append("\(refs.count) of \(manifest.refs.count) branches and tags are missing or elsewhere")
            different += refs.count
        }
        let dirty = try await compareDirty(stored, with: view, leavingOut)
        remarks += dirty.remarks
        missing += dirty.missing
        different += dirty.different
        let isSame = remarks.isEmpty
        if dirty.extra > 0 {
            remarks.append("\(dirty.extra) untracked files are only there")
            extra += dirty.extra
        }
        if view.remotes != manifest.remotes {
            remarks.append("its remotes are others")
            different += 1
        }
        let state: LiveFinding.State =
            if remarks.isEmpty { .same } else if remarks.count == 1, commits.isOnlyBehind {
                .smaller
            } else if remarks.count == 1,
                commits.isOnlyAhead
            { .larger } else { .different }
        return Result(
            finding: LiveFinding(
                .code,
                manifest.name,
                state,
                remarks.isEmpty
                    ? "at commit \(manifest.commit?.prefix(12) ?? "none") as in the restore point"
                    : remarks.joined(separator: "; "),
                missing: missing,
                different: different,
                extra: extra
            ),
            hasSameContent: isSame
        )
    }

    /// How far the checked-out commits are from each other.
    private struct Distance {
        var behind = 0
        var ahead = 0
        var sentence: String?

        var isOnlyBehind: Bool { behind > 0 && ahead == 0 }
        var isOnlyAhead: Bool { ahead > 0 && behind == 0 }
    }

    private static func distance(_ wanted: String?, _ view: GitView) async throws -> Distance {
        guard wanted != view.commit else { return Distance() }
        guard let wanted else { return Distance(sentence: "it has commits; there were none") }
        guard let commit = view.commit else {
            return Distance(sentence: "it has no commit; \(wanted.prefix(12)) is wanted")
        }
        let counts = try await view.git.attempt(["rev-list", "--left-right", "--count", "\(wanted)...\(commit)"])
        let numbers = counts.line.split(separator: "\t").compactMap { Int($0) }
        guard counts.succeeded, numbers.count == 2 else {
            return Distance(
                sentence: "it is at commit \(commit.prefix(12)) and does not have \(wanted.prefix(12))"
            )
        }
        return Distance(
            behind: numbers[0],
            ahead: numbers[1],
            sentence:
                "it is at commit \(commit.prefix(12)), \(numbers[0]) commits behind and \(numbers[1]) ahead of \(wanted.prefix(12))"
        )
    }

    private struct DirtyDifference {
        var remarks: [String] = []
        var missing = 0
        var different = 0
        var extra = 0
    }

    private static func compareDirty(
        _ stored: StoredCheckout,
        with view: GitView,
        _ leavingOut: [String]
    ) async throws -> DirtyDifference {
        var result = DirtyDifference()
        guard let dirty = stored.manifest.dirty, !view.layout.isBare else { return result }
        let state = try await view.dirtyState(includesUntracked: true, leavingOut: leavingOut)
        if try await view.fingerprint(of: state).finish() != dirty.fingerprint {
            result.remarks.append(
                "its uncommitted changes differ (\(state.changed.count) files now, \(dirty.changedFiles) then)"
            )
            result.different += max(state.changed.count, dirty.changedFiles)
        }
        let names = try await untrackedNames(stored)
        if let tree = try await stored.untracked() {
            let differences = try await DirectoryRestorer(target: RawPath(view.layout.path))
                .comparing(files: names, tree, with: stored.repository)
            if !differences.isEmpty {
                result.remarks.append("\(differences.count) of \(names.count) untracked files are missing or differ")
                result.missing += differences.count
            }
        }
        let more = state.untracked.filter { !names.contains($0) }
        result.extra = more.count
        return result
    }

    static func untrackedNames(_ stored: StoredCheckout) async throws -> Set<String> {
        var names: Set<String> = []
        guard let tree = try await stored.untracked() else { return names }
        try await stored.repository.walk(tree) { entry in
            if entry.node.type != .dir { names.insert(entry.path.description) }
            return true
        }
        return names
    }
}
