internal import Foundation
internal import ResticFormat
internal import ResticRepository

/// Checkouts: one bundle made of all that are stored, the patch and the untracked files beside it.
extension ExportRun {
    func checkout(_ name: String) async throws -> StoredCheckout {
        try await StoredCheckout(name, in: point.tree(of: .code), of: repository)
    }

    func addCode(_ part: RestorePointManifest.Part, to plan: inout ExportPlan) async throws {
        for summary in part.checkouts ?? [] {
            let name = summary.name
            let stored = try await checkout(name)
            addBundle(of: stored.manifest, to: &plan)
            if let dirty = stored.manifest.dirty {
                if dirty.patchBytes > 0 {
                    plan.items.append(
                        ExportPlan.Item(
                            name: "code-\(name)-\(stamp).patch",
                            component: .code,
                            content: "uncommitted changes of \(name), for 'git apply --index'",
                            maximumBytes: dirty.patchBytes,
                            source: .patch(checkout: name)
                        )
                    )
                }
                if let node = try await repository.node(
                    at: CodeManifest.untrackedPath(name),
                    in: point.tree(of: .code)
                ),
                    node.subtree != nil
                {
                    plan.items.append(
                        ExportPlan.Item(
                            name: "code-\(name)-\(stamp)-untracked.tar.gz",
                            component: .code,
                            content: "untracked files of \(name)",
                            maximumBytes: part.bytes,
                            source: .untracked(checkout: name)
                        )
                    )
                }
            }
            for module in stored.manifest.submodules {
                plan.leftOut.append(
                    ExportPlan.Omission(
                        component: .code,
                        name: "\(name)/\(module.path)",
                        reason: "is a submodule at commit \(module.commit), which no restore point holds"
                    )
                )
            }
        }
    }

    private func addBundle(of manifest: CodeManifest, to plan: inout ExportPlan) {
        guard !manifest.bundles.isEmpty else {
            plan.leftOut.append(
                ExportPlan.Omission(
                    component: .code,
                    name: manifest.name,
                    reason: manifest.commit == nil
                        ? "has no commit"
                        : "has no bundle in the restore point: \(manifest.bundleMissing ?? "its entry had 'bundle: false'")"
                )
            )
            return
        }
        let stored = manifest.bundles.reduce(0) { $0 + $1.bytes }
        plan.items.append(
            ExportPlan.Item(
                name: "code-\(manifest.name)-\(stamp).bundle",
                component: .code,
                content: "commits of \(manifest.name) at \(manifest.describe ?? manifest.commit ?? "no commit")",
                // Packed together, the commits take less than in the bundles they came in; a header names the refs.
                maximumBytes: stored + Int64(manifest.refs.count) * 512 + 65_536,
                source: .bundle(checkout: manifest.name)
            )
        )
        plan.scratchBytes = max(plan.scratchBytes, 2 * stored + (1 << 20))
        if !manifest.shallow.isEmpty {
            plan.remarks.append(
                "'\(manifest.name)' is a shallow clone: 'git clone' does not take its bundle; 'holdfast restore --only code' does without"
            )
        }
    }

    /// Unpacks the stored bundles into an empty repository in the folder and has `git` make one of them.
    func writeBundle(
        _ name: String,
        _ item: ExportPlan.Item,
        _ writer: ExportFileWriter,
        _ report: inout ExportReport
    ) async throws {
        let stored = try await checkout(name)
        let manifest = stored.manifest
        // The name is always the same: what an interrupted export left is found, and removed by the next one.
        let scratch = "\(folder)/.\(item.name).holdfast-\(point.manifest.id)"
        try CheckoutRestore.attempt("the folder '\(scratch)' cannot be made") {
            if GitLayout.type(scratch) != nil { try FileManager.default.removeItem(atPath: scratch) }
            try FileManager.default.createDirectory(
                atPath: scratch,
                withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700]
            )
        }
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let git = try await unpack(stored, into: scratch)
        report.files.append(
            try await writer.write(item) { output in
                try await git.stream(["bundle", "create", "--quiet", "-", "--all"]) { try await output($0) }
            }
        )
        let path = "\(folder)/\(item.name)"
        let check = try await git.attempt(["bundle", "verify", "--quiet", path])
        if !check.succeeded {
            report.differences.append("'git bundle verify' refuses \(item.name): \(check.errors.prefix(300))")
        }
        var heads: [String: String] = [:]
        for line in try await git.run(["bundle", "list-heads", path]).lines {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            if parts.count == 2, parts[1] != "HEAD" { heads[parts[1]] = parts[0] }
        }
        for (ref, id) in manifest.refs.sorted(by: { $0.key < $1.key }) where heads[ref] != id {
            report.differences.append("\(item.name) has \(ref) at \(heads[ref] ?? "nothing"), not \(id)")
        }
    }

    private func unpack(_ stored: StoredCheckout, into folder: String) async throws -> Git {
        let manifest = stored.manifest
        var git = Git(gitDirectory: folder)
        git.settings = ["init.defaultBranch=main"]
        try await git.run(["init", "--quiet", "--template=", "--object-format=\(manifest.objectFormat)", "--bare"])
        if !manifest.shallow.isEmpty {
            try CheckoutRestore.attempt("the list of a shallow clone's commits cannot be written") {
                let lines = manifest.shallow.map { $0 + "\n" }.joined()
                try Data(lines.utf8).write(to: URL(filePath: "\(folder)/shallow"))
            }
        }
        let work = CheckoutRestore(
            stored: stored,
            target: folder,
            point: point.manifest.id,
            appliesChanges: false,
            progress: { _ in }
        )
        let held = try await work.unpack(git)
        var commands = manifest.refs.sorted { $0.key < $1.key }.map { "create \($0.key) \($0.value)" }
        commands += held.map { "delete \($0)" }
        try await git.run(["update-ref", "--stdin"], input: CheckoutRestore.lines(commands))
        try await work.setHead(git)
        return git
    }
}
