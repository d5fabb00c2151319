internal import ResticFormat
internal import ResticRepository

/// Sealed configuration: a tar of the files as they are stored, each an age file or an OpenPGP message. Nothing is opened.
///
/// The digest key and the indexes stay in the repository: with them, whoever has the archive could try out what a secret's value is.
extension ExportRun {
    func addConfiguration(_ part: RestorePointManifest.Part, to plan: inout ExportPlan) {
        let sets = part.sets ?? []
        guard !sets.isEmpty else { return }
        plan.items.append(
            ExportPlan.Item(
                name: "config-backup-\(stamp)-sealed.tar",
                component: .configuration,
                content: "configuration \(sets.map(\.name).joined(separator: ", ")), each file sealed",
                maximumBytes: part.bytes + Int64(part.files) * 4096 + 65_536,
                source: .sealed
            )
        )
        for set in sets {
            let tool = set.format == .age ? "age --decrypt" : "gpg --decrypt"
            plan.remarks.append(
                "the files of configuration '\(set.name)' are sealed to \(set.recipientList): unpack the archive and open each with '\(tool)'"
            )
        }
    }

    func writeSealed(
        _ item: ExportPlan.Item,
        _ writer: ExportFileWriter,
        _ report: inout ExportReport
    ) async throws {
        let stored = try await StoredConfiguration(point, in: repository)
        var nodes: [(path: RawPath, node: Node)] = []
        for set in stored.sets {
            let index = try await stored.index(of: set.name)
            for file in index.files {
                guard let node = try await stored.node(of: file, in: index), node.type == .file else {
                    throw RepositoryError(
                        .damaged,
                        "restore point \(point.manifest.id) lacks the sealed file \(index.path(of: file))",
                        hint: "Run 'holdfast repo check' to see what else is missing."
                    )
                }
                nodes.append((RawPath("\(set.name)/\(file.path)\(set.format.suffix)"), node))
            }
        }
        var tar = TreeTar(repository)
        report.files.append(
            try await writer.write(item) { output in
                for (path, node) in nodes { try await tar.addFile(node, as: path, output) }
                try await tar.finish(output)
            }
        )
        let expected = stored.sets.reduce(0) { $0 + $1.files }
        if tar.files != expected {
            report.differences.append("\(item.name) holds \(tar.files) files, the manifest says \(expected)")
        }
    }
}
