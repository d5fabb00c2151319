internal import Foundation
internal import NIOCore

/// What a capture and a comparison read out of a view.
extension GitView {
    var objectFormat: String { settings["extensions.objectformat"] ?? "sha1" }

    /// Objects that other objects refer to may be missing by design: then nothing can be bundled without the remote.
    var isPartialClone: Bool {
        settings["extensions.partialclone"] != nil
            || settings.subsections(of: "remote").contains { settings.isTrue("remote.\($0).promisor") }
    }

    /// The ids of everything that a branch, a tag or `HEAD` names, each once, sorted.
    var tips: [String] { Set(Array(refs.values) + [commit].compactMap(\.self)).sorted() }

    func describe() async throws -> String? {
        guard commit != nil else { return nil }
        let outcome = try await git.attempt(["describe", "--tags", "--always", "HEAD"])
        return outcome.succeeded ? outcome.line : nil
    }

    func countCommits() async throws -> Int {
        guard commit != nil else { return 0 }
        return Int(try await git.run(["rev-list", "--count", "HEAD"]).line) ?? 0
    }

    func version() async throws -> String {
        try await git.run(["version"]).line.replacing("git version ", with: "")
    }

    var remotes: [CodeManifest.Remote] {
        settings.subsections(of: "remote").sorted().compactMap { name in
            let urls = settings.all("remote.\(name).url")
            guard !urls.isEmpty else { return nil }
            return CodeManifest.Remote(
                name: name,
                urls: urls.map { CredentialFilter.stripped($0) },
                pushURLs: settings.all("remote.\(name).pushurl").map { CredentialFilter.stripped($0) },
                fetch: settings.all("remote.\(name).fetch")
            )
        }
    }

    var upstreams: [CodeManifest.Upstream] {
        settings.subsections(of: "branch").sorted().compactMap { name in
            guard let remote = settings["branch.\(name).remote"], let merge = settings["branch.\(name).merge"],
                refs["refs/heads/\(name)"] != nil
            else { return nil }
            // A remote may be an address there.
            return CodeManifest.Upstream(branch: name, remote: CredentialFilter.stripped(remote), merge: merge)
        }
    }

    // MARK: Submodules

    /// The entries of the index, or of the commit of a bare repository, that are commits of other repositories.
    func submodules() async throws -> [CodeManifest.Submodule] {
        guard commit != nil || !layout.isBare else { return [] }
        let command = layout.isBare ? ["ls-tree", "-r", "-z", "HEAD"] : ["ls-files", "--stage", "-z"]
        var found: [(path: String, commit: String)] = []
        var rest: [UInt8] = []
        // A large repository has more entries than need to be kept.
        try await git.stream(command) { buffer in
            rest.append(contentsOf: buffer.readableBytesView)
            guard let end = rest.lastIndex(of: 0) else { return }
            for entry in rest[..<end].split(separator: 0) where entry.starts(with: Array("160000 ".utf8)) {
                guard let tab = entry.firstIndex(of: UInt8(ascii: "\t")) else { continue }
                let fields = entry[..<tab].split(separator: UInt8(ascii: " ")).map {
                    String(decoding: $0, as: UTF8.self)
                }
                let id = fields.first { $0.utf8.count >= 40 }
                if let id { found.append((String(decoding: entry[(tab + 1)...], as: UTF8.self), id)) }
            }
            rest.removeSubrange(...end)
        }
        guard !found.isEmpty else { return [] }
        let modules = try await modules()
        var submodules: [CodeManifest.Submodule] = []
        for (path, id) in found {
            let name = modules.subsections(of: "submodule").first { modules["submodule.\($0).path"] == path }
            let url = name.flatMap { settings["submodule.\($0).url"] ?? modules["submodule.\($0).url"] }
            submodules.append(
                CodeManifest.Submodule(
                    path: path,
                    url: url.map { CredentialFilter.stripped($0) },
                    commit: id,
                    checkedOut: try await checkedOut(path)
                )
            )
        }
        return submodules.sorted { $0.path < $1.path }
    }

    private func modules() async throws -> GitSettings {
        let file = "\(layout.path)/.gitmodules"
        let source =
            !layout.isBare && GitLayout.type(file) == .typeRegular ? ["--file", file] : ["--blob", "HEAD:.gitmodules"]
        let outcome = try await git.attempt(["config"] + source + ["--no-includes", "--null", "--list"])
        return GitSettings(listing: outcome.succeeded ? outcome.items : [])
    }

    /// Only its `HEAD` is read: looking for changes in it would obey its configuration.
    private func checkedOut(_ path: String) async throws -> String? {
        guard !layout.isBare, let place = try? GitLayout(at: "\(layout.path)/\(path)"), !place.isBare else {
            return nil
        }
        let head = try await Git(gitDirectory: place.gitDirectory).attempt(["rev-parse", "--verify", "--quiet", "HEAD"])
        return head.succeeded ? head.line : nil
    }

    /// What is under way in the checkout.
    var operation: String? {
        let marks = [
            ("MERGE_HEAD", "merge"), ("rebase-merge", "rebase"), ("rebase-apply", "rebase"),
            ("CHERRY_PICK_HEAD", "cherry-pick"),
            ("REVERT_HEAD", "revert"), ("BISECT_LOG", "bisect"),
        ]
        return marks.first { GitLayout.type("\(layout.gitDirectory)/\($0.0)") != nil }?.1
    }
}
