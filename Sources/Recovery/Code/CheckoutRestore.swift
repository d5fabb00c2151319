internal import Foundation
internal import NIOCore
internal import ResticFormat
internal import ResticRepository

/// Brings one checkout back.
struct CheckoutRestore: Sendable {
    let stored: StoredCheckout
    let target: String
    let point: String
    let appliesChanges: Bool
    let progress: @Sendable (Int64) -> Void

    var manifest: CodeManifest { stored.manifest }

    // MARK: Anew

    /// Makes the checkout beside its place, and gives it its name when it is whole.
    func rebuild(_ outcome: inout CodeRestore.Outcome) async throws {
        let place = URL(filePath: target)
        let parent = place.deletingLastPathComponent().path
        // The name is always the same: what an interrupted restore left is found, and removed by the next one.
        let folder = "\(parent)/.\(place.lastPathComponent).holdfast-\(point)"
        try Self.attempt("the folder '\(folder)' cannot be made") {
            if GitLayout.type(folder) != nil { try FileManager.default.removeItem(atPath: folder) }
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        do {
            var git = Git(gitDirectory: manifest.isBare ? folder : "\(folder)/.git")
            git.workTree = manifest.isBare ? nil : folder
            git.settings = manifest.settings
            git.runsInWorkTree = !manifest.isBare
            try await fill(git, &outcome)
            try await restoreFiles(git, in: folder, &outcome)
            outcome.differences += try await differences(at: folder)
            try Self.publish(folder, as: target)
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }

    private func fill(_ git: Git, _ outcome: inout CodeRestore.Outcome) async throws {
        var make = ["init", "--quiet", "--template=", "--object-format=\(manifest.objectFormat)"]
        if manifest.isBare { make.append("--bare") }
        var plain = git
        plain.settings.append("init.defaultBranch=main")
        plain.runsInWorkTree = false
        try await plain.run(make)
        if !manifest.shallow.isEmpty {
            try Self.attempt("the list of a shallow clone's commits cannot be written") {
                let lines = manifest.shallow.map { $0 + "\n" }.joined()
                try Data(lines.utf8).write(to: URL(filePath: "\(git.gitDirectory)/shallow"))
            }
        }
        let held = try await unpack(git)
        var commands = manifest.refs.sorted { $0.key < $1.key }.map { "create \($0.key) \($0.value)" }
        commands += held.map { "delete \($0)" }
        try await git.run(["update-ref", "--stdin"], input: Self.lines(commands))
        try await setHead(git)
        for setting in manifest.settings {
            let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
            try await git.run(["config", parts[0], parts[1]])
        }
        outcome.warnings += try await setRemotes(git, existing: GitSettings())
        if manifest.commit != nil, !manifest.isBare { try await git.run(["reset", "--hard", "--quiet"]) }
    }

    func setHead(_ git: Git) async throws {
        if let branch = manifest.branch {
            try await git.run(["symbolic-ref", "HEAD", branch])
        } else if let commit = manifest.commit {
            try await git.run(["update-ref", "--no-deref", "HEAD", commit])
        }
    }

    /// Unpacks the bundles that are needed, one after the other, each checked against what came before.
    ///
    /// - Returns: the refs that hold what was unpacked until the branches do.
    func unpack(_ git: Git) async throws -> [String] {
        var held: [String] = []
        for bundle in manifest.bundles {
            if try await !has(bundle, git) {
                let path = CodeManifest.bundlePath(manifest.name, bundle.number)
                try await git.feed(["bundle", "unbundle", "/dev/stdin"], stored.content(at: path))
            }
            progress(bundle.bytes)
            let refs = bundle.tips.enumerated().map { ("refs/holdfast/\(point)/\(bundle.number)/\($0)", $1) }
            try await git.run(["update-ref", "--stdin"], input: Self.lines(refs.map { "update \($0.0) \($0.1)" }))
            held += refs.map(\.0)
        }
        return held
    }

    /// Whether everything that a bundle was made for is there with all that it needs.
    private func has(_ bundle: CodeManifest.Bundle, _ git: Git) async throws -> Bool {
        try await git.attempt(
            ["rev-list", "--objects", "--quiet", "--stdin", "--not", "--all"],
            input: Self.lines(bundle.tips)
        ).succeeded
    }

    /// Sets the remotes that are missing; one that is there keeps its address, which may have credentials that no backup has.
    func setRemotes(_ git: Git, existing: GitSettings) async throws -> [String] {
        var warnings: [String] = []
        for remote in manifest.remotes {
            let present = existing.all("remote.\(remote.name).url")
            guard present.isEmpty else {
                if present.map({ CredentialFilter.stripped($0) }) != remote.urls {
                    warnings.append(
                        "remote '\(remote.name)' has another address than in the restore point; it was left alone"
                    )
                }
                continue
            }
            guard remote.urls.allSatisfy({ !$0.hasSuffix("::") }) else {
                warnings.append(
                    "remote '\(remote.name)' was a command, which is not stored; set it with 'git remote add'"
                )
                continue
            }
            for (key, values) in [("url", remote.urls), ("pushurl", remote.pushURLs), ("fetch", remote.fetch)] {
                for value in values { try await git.run(["config", "--add", "remote.\(remote.name).\(key)", value]) }
            }
        }
        for upstream in manifest.upstreams where existing["branch.\(upstream.branch).remote"] == nil {
            try await git.run(["config", "branch.\(upstream.branch).remote", upstream.remote])
            try await git.run(["config", "branch.\(upstream.branch).merge", upstream.merge])
        }
        return warnings
    }

    // MARK: What was not committed

    func restoreFiles(
        _ git: Git,
        in folder: String,
        _ outcome: inout CodeRestore.Outcome,
        withPatch: Bool = true
    ) async throws {
        if GitView.text(of: "\(folder)/.gitattributes").contains("filter=") {
            outcome.warnings.append(
                "'.gitattributes' names filters, such as that of Git LFS, which were not run: run 'git lfs pull' or what the filter needs"
            )
        }
        guard let dirty = manifest.dirty else { return }
        for item in dirty.leftOut {
            outcome.warnings.append("'\(item.path)' \(item.reason): the backup does not have it")
        }
        guard appliesChanges else { return }
        if dirty.patchBytes > 0, withPatch {
            try await git.feed(
                ["apply", "--index", "--binary", "--whitespace=nowarn", "-"],
                stored.content(at: CodeManifest.patchPath(manifest.name))
            )
            outcome.changedFiles = dirty.changedFiles
        }
        if let tree = try await stored.untracked() {
            var restorer = DirectoryRestorer(target: RawPath(folder))
            restorer.existing = .replaceDifferent
            outcome.untrackedFiles = try await restorer.restore(tree, from: stored.repository).restoredFiles
        }
    }

    // MARK: Proof

    /// Compares the repository at a place with what was captured, and has `git` look whether all objects are there.
    func differences(at folder: String) async throws -> [String] {
        var found: [String] = []
        let comparison = try await CodeComparison.compare(stored, at: folder)
        if appliesChanges, !comparison.hasSameContent, comparison.finding.state != .same {
            found.append(comparison.finding.detail)
        }
        try await GitView.with(folder) { view in
            if view.commit != manifest.commit {
                found.append("HEAD is at \(view.commit ?? "no commit"), not \(manifest.commit ?? "none")")
            }
            if view.branch != manifest.branch { found.append("\(view.branch ?? "no branch") is checked out") }
            for (name, id) in manifest.refs.sorted(by: { $0.key < $1.key }) where view.refs[name] != id {
                found.append("\(name) is at \(view.refs[name] ?? "nothing"), not \(id)")
            }
            let check = try await view.git.attempt(["fsck", "--connectivity-only", "--no-dangling", "--no-progress"])
            if !check.succeeded {
                found.append("git fsck: \(check.errors.split(separator: "\n").first ?? "it failed")")
            }
        }
        return found
    }

    // MARK: Small things

    static func lines(_ commands: [String]) -> [UInt8] { Array(commands.map { $0 + "\n" }.joined().utf8) }

    /// Replaces an empty folder, and nothing else (rename(2)).
    private static func publish(_ folder: String, as target: String) throws {
        guard rename(folder, target) == 0 else {
            throw RecoveryError(
                .targetNotEmpty,
                "the restored checkout cannot be given its name '\(target)': \(String(cString: strerror(errno)))",
                hint: "Did something come there meanwhile? Run the command again."
            )
        }
    }

    static func attempt(_ message: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            throw RecoveryError(
                .refused,
                message,
                hint: "May this user write there, and is there space on the disk?",
                cause: error
            )
        }
    }
}
