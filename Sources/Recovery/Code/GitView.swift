internal import Foundation

/// A repository as it was at one moment, behind a configuration of ours.
///
/// A temporary folder in the layout of a repository of `git`: objects are a link to the repository's, the index a copy, and the branches,
/// tags and `HEAD` were read once and written down. So all commands of a capture see the same state while people go on working, and no
/// hook, filter or setting of the repository is ever looked at (the layout is that of `contrib/workdir/git-new-workdir`). Nothing is
/// written into the repository.
struct GitView: Sendable {
    let layout: GitLayout
    /// Runs `git` on the view.
    let git: Git
    /// The repository's configuration.
    let settings: GitSettings
    /// Branches and tags by their whole names.
    let refs: [String: String]
    /// The branch's whole name; `nil` when `HEAD` is detached.
    let branch: String?
    /// The checked-out commit; `nil` when there is none yet.
    let commit: String?
    /// The commits whose parents were cut off, for a shallow clone.
    let shallow: [String]
    /// Tops of the stash, newest first.
    let stashes: Int

    /// Runs `body` with a view of the repository at a path.
    static func with<Answer>(_ path: String, _ body: (GitView) async throws -> Answer) async throws -> Answer {
        let layout = try GitLayout(at: path)
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-git-\(UUID().uuidString)").path
        try make(folder: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await body(GitView(layout, in: folder))
    }

    private static func make(folder: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw RecoveryError(
                .codeUnreadable,
                "no temporary folder can be made in '\(FileManager.default.temporaryDirectory.path)'",
                hint: "Set TMPDIR to a folder that this user may write to.",
                cause: error
            )
        }
    }

    private init(_ layout: GitLayout, in folder: String) async throws {
        self.layout = layout
        var git = Git(gitDirectory: folder)
        settings = try await Self.readSettings(layout, git)
        try Self.checkExtensions(settings, layout)
        git.settings = settings.harmless
        if let excludes = try await Self.excludesFile(settings, git) {
            git.settings.append("core.excludesFile=\(excludes)")
        }
        try Self.link(layout, settings, into: folder)
        // First with the refs as they are in the repository, in whatever form; then with those that were read.
        let names = try await git.run([
            "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags",
        ])
        var refs: [String: String] = [:]
        for line in names.lines {
            guard let blank = line.firstIndex(of: " ") else { continue }
            refs[String(line[line.index(after: blank)...])] = String(line[..<blank])
        }
        let symbolic = try await git.attempt(["symbolic-ref", "--quiet", "HEAD"])
        branch = symbolic.succeeded ? symbolic.line : nil
        let head = try await git.attempt(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
        commit = head.succeeded ? head.line : nil
        let reflog = try await git.attempt(["rev-list", "--walk-reflogs", "--count", "refs/stash"])
        stashes = Int(reflog.line) ?? 0
        if let branch, let commit { refs[branch] = commit }
        self.refs = refs
        shallow = Self.text(of: "\(layout.commonDirectory)/shallow").split(separator: "\n").map(String.init).sorted()
        try Self.freeze(refs, branch: branch, commit: commit, in: folder)
        if !layout.isBare {
            try Self.copyIndex(layout, to: folder)
            git.workTree = layout.path
        }
        self.git = git
    }

    // MARK: Settings

    private static func readSettings(_ layout: GitLayout, _ git: Git) async throws -> GitSettings {
        // `git config` looks for a repository, but runs nothing of it; the view is none yet.
        var settings = GitSettings()
        for file in ["\(layout.commonDirectory)/config", "\(layout.gitDirectory)/config.worktree"]
        where GitLayout.type(file) != nil {
            settings.add(try await git.run(["config", "--file", file, "--no-includes", "--null", "--list"]).items)
        }
        return settings
    }

    private static func checkExtensions(_ settings: GitSettings, _ layout: GitLayout) throws {
        guard let storage = settings["extensions.refstorage"], storage != "files" else { return }
        guard layout.gitDirectory == layout.commonDirectory else {
            throw RecoveryError(
                .codeUnreadable,
                "'\(layout.path)' is a linked worktree of a repository that keeps its refs as '\(storage)', which is not yet supported",
                hint: "Name the repository's main checkout as the 'path'."
            )
        }
    }

    /// What the user never wants to see as untracked must not enter a backup either: the one setting that is taken from the user's
    /// own configuration.
    private static func excludesFile(_ settings: GitSettings, _ git: Git) async throws -> String? {
        let home = ProcessInfo.processInfo.environment["HOME"]
        func expanded(_ path: String) -> String? {
            path.hasPrefix("~/") ? home.map { "\($0)/\(path.dropFirst(2))" } : path
        }
        if let own = settings["core.excludesfile"] { return expanded(own) }
        let folder = ProcessInfo.processInfo.environment["XDG_CONFIG_HOME"] ?? home.map { "\($0)/.config" }
        for file in [home.map { "\($0)/.gitconfig" }, folder.map { "\($0)/git/config" }, "/etc/gitconfig"] {
            guard let file, GitLayout.type(file) != nil else { continue }
            let found = try await git.attempt(["config", "--file", file, "--includes", "--get", "core.excludesFile"])
            if found.succeeded, !found.line.isEmpty { return expanded(found.line) }
        }
        return folder.map { "\($0)/git/ignore" }
    }

    // MARK: The folder

    private static func link(_ layout: GitLayout, _ settings: GitSettings, into folder: String) throws {
        var config = "[core]\n\tbare = \(layout.isBare)\n"
        let format = settings["extensions.objectformat"]
        let storage = settings["extensions.refstorage"]
        config += "\trepositoryformatversion = \(format == nil && storage == nil ? 0 : 1)\n"
        if let format, ["sha1", "sha256"].contains(format) { config += "[extensions]\n\tobjectFormat = \(format)\n" }
        if let storage, storage == "reftable" { config += "[extensions]\n\trefStorage = \(storage)\n" }
        try attempt("the repository '\(layout.path)' cannot be looked at") {
            try Data(config.utf8).write(to: URL(filePath: "\(folder)/config"))
            for name in ["objects", "refs", "packed-refs", "reftable", "logs", "shallow"] {
                let source = "\(layout.commonDirectory)/\(name)"
                guard GitLayout.type(source) != nil else { continue }
                try FileManager.default.createSymbolicLink(atPath: "\(folder)/\(name)", withDestinationPath: source)
            }
            try FileManager.default.createDirectory(atPath: "\(folder)/info", withIntermediateDirectories: false)
            for name in ["exclude", "sparse-checkout"] {
                let owner = name == "exclude" ? layout.commonDirectory : layout.gitDirectory
                guard GitLayout.type("\(owner)/info/\(name)") != nil else { continue }
                try FileManager.default.createSymbolicLink(
                    atPath: "\(folder)/info/\(name)",
                    withDestinationPath: "\(owner)/info/\(name)"
                )
            }
            try FileManager.default.copyItem(atPath: "\(layout.gitDirectory)/HEAD", toPath: "\(folder)/HEAD")
        }
    }

    /// Writes down what was read in the place of the links.
    private static func freeze(_ refs: [String: String], branch: String?, commit: String?, in folder: String) throws {
        try attempt("the refs cannot be written to the temporary folder") {
            for name in ["refs", "packed-refs", "reftable", "logs"] {
                try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            }
            try FileManager.default.createDirectory(atPath: "\(folder)/refs", withIntermediateDirectories: false)
            let config = text(of: "\(folder)/config").replacing("\trefStorage = reftable\n", with: "")
            try Data(config.utf8).write(to: URL(filePath: "\(folder)/config"))
            let lines = refs.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)\n" }.joined()
            try Data(lines.utf8).write(to: URL(filePath: "\(folder)/packed-refs"))
            let head = branch.map { "ref: \($0)\n" } ?? "\(commit ?? "")\n"
            try Data(head.utf8).write(to: URL(filePath: "\(folder)/HEAD"))
        }
    }

    private static func copyIndex(_ layout: GitLayout, to folder: String) throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: layout.gitDirectory)) ?? []
        try attempt("the index of '\(layout.path)' cannot be read") {
            for name in names where name == "index" || name.hasPrefix("sharedindex.") {
                try FileManager.default.copyItem(atPath: "\(layout.gitDirectory)/\(name)", toPath: "\(folder)/\(name)")
            }
        }
    }

    private static func attempt(_ message: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            throw RecoveryError(
                .codeUnreadable,
                message,
                hint: "May this user read all of it, and is there space in the temporary folder?",
                cause: error
            )
        }
    }

    static func text(of file: String) -> String {
        FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
