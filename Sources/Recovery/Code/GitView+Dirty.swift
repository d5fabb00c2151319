internal import Foundation
internal import NIOCore

/// What is in a checkout and not in its commit.
struct DirtyState: Sendable {
    /// Paths that differ from the commit, staged or not; those left out are not among them.
    var changed: [String] = []
    /// How many of them the commit lacks.
    var added = 0
    /// Paths that git does not know and does not ignore; those left out are not among them.
    var untracked: [String] = []
    var leftOut: [CodeManifest.LeftOut] = []
    /// Paths of ``leftOut`` that a patch must not mention.
    var hidden: [String] = []
}

extension GitView {
    /// What a patch is made against: the commit, or nothing.
    private func base() async throws -> String {
        if let commit { return commit }
        return try await git.run(["hash-object", "-t", "tree", "--stdin"]).line
    }

    /// Lists what is not committed.
    ///
    /// - Parameters:
    ///   - includesUntracked: whether untracked files are looked for.
    ///   - foreign: absolute paths of folders that are left out, the backup's own repository among them.
    func dirtyState(includesUntracked: Bool, leavingOut foreign: [String]) async throws -> DirtyState {
        var state = DirtyState()
        guard !layout.isBare else { return state }
        let listing = try await git.run(
            [
                "diff", "--name-status", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=all",
                try await base(),
            ]
        ).items
        for index in stride(from: 0, to: listing.count - 1, by: 2) {
            let (status, path) = (listing[index], listing[index + 1])
            if SecretLookalike.isSuspicious(path: path) {
                guard !path.contains("\u{FFFD}") else { throw unspeakable(path) }
                state.hidden.append(path)
                state.leftOut.append(
                    CodeManifest.LeftOut(path: path, reason: "has uncommitted changes and looks like a secret")
                )
            } else if state.changed.last != path {
                state.changed.append(path)
                if status.hasPrefix("A") { state.added += 1 }
            }
        }
        if includesUntracked { try await addUntracked(to: &state, leavingOut: foreign) }
        state.leftOut.sort { $0.path < $1.path }
        return state
    }

    private func unspeakable(_ path: String) -> RecoveryError {
        RecoveryError(
            .codeUnreadable,
            "the file '\(path)' looks like a secret, and its name is not UTF-8, so that it cannot be left out of a patch",
            hint: "Rename it, commit it, or revert its changes."
        )
    }

    private func addUntracked(to state: inout DirtyState, leavingOut foreign: [String]) async throws {
        let root = URL(filePath: layout.path).resolvingSymlinksInPath().path
        let excluded = foreign.compactMap { path -> String? in
            let full = URL(filePath: path).resolvingSymlinksInPath().path
            return full.hasPrefix("\(root)/") ? String(full.dropFirst(root.utf8.count + 1)) : nil
        }
        for path in try await git.run(["ls-files", "--others", "--exclude-standard", "-z"]).items {
            if excluded.contains(where: { path == $0 || path.hasPrefix("\($0)/") }) { continue }
            if path.hasSuffix("/") {
                state.leftOut.append(
                    CodeManifest.LeftOut(
                        path: path,
                        reason: "is a repository of its own; give it an entry under 'code'"
                    )
                )
            } else if SecretLookalike.isSuspicious(path: path) || holdsKey("\(layout.path)/\(path)") {
                state.leftOut.append(CodeManifest.LeftOut(path: path, reason: "is untracked and looks like a secret"))
            } else {
                state.untracked.append(path)
            }
        }
    }

    private func holdsKey(_ path: String) -> Bool {
        guard GitLayout.type(path) == .typeRegular, let file = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? file.close() }
        return (try? file.read(upToCount: SecretLookalike.sniffedLength)).map {
            SecretLookalike.isSuspicious(content: $0)
        } ?? false
    }

    /// Gives out the patch that makes the checked-out files of the commit, binary files included.
    ///
    /// The same options for captures and comparisons: what they give must be comparable.
    func patch(of state: DirtyState, _ body: (ByteBuffer) async throws -> Void) async throws {
        guard !state.changed.isEmpty else { return }
        let command = [
            "diff", "--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames",
            "--ignore-submodules=all", "--src-prefix=a/", "--dst-prefix=b/", try await base(), "--", ":(top)",
        ]
        try await git.stream(command + state.hidden.map { ":(top,exclude,literal)\($0)" }, body)
    }

    func fingerprint(of state: DirtyState) async throws -> PatchFingerprint {
        var fingerprint = PatchFingerprint()
        try await patch(of: state) { fingerprint.take($0) }
        return fingerprint
    }
}
