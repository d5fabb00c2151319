internal import Foundation
internal import NIOCore
internal import NIOPosix
internal import ResticFormat
internal import ResticRepository

/// Sealed configuration. What can be opened here becomes one archive of the plain files, sealed to the same recipients; the rest is a tar of
/// the files as they are stored, each an age file or an OpenPGP message.
///
/// The digest key and the indexes stay in the repository: with them, whoever has the archive could try out what a secret's value is.
extension ExportRun {
    func addConfiguration(_ part: RestorePointManifest.Part, to plan: inout ExportPlan) async throws {
        let sets = part.sets ?? []
        guard !sets.isEmpty else { return }
        let stored = try await StoredConfiguration(point, in: repository)
        var archives: [ConfigurationArchive] = []
        var closed: [(set: SealedSetSummary, reason: String)] = []
        var refusal: (any Error)?
        for set in sets {
            do {
                let opened = try await ConfigurationArchive.OpenedSet(set, stored, options.identities)
                if archives.indices.contains(where: { archives[$0].add(opened) }) { continue }
                archives.append(try await ConfigurationArchive(opened, stored))
            } catch let error as RecoveryError where error.code == .cannotOpen || error.code == .cannotSeal {
                refusal = refusal ?? error
                closed.append((set, error.message))
            } catch let error as SecretError where options.identities.files.isEmpty {
                // The place that the configuration names is seldom there on a machine that only makes backups.
                closed.append((set, "the configuration '\(set.name)' is sealed, and \(error.message)"))
            }
        }
        // Whoever gave an identity expects it to open something.
        if archives.isEmpty, !options.identities.files.isEmpty, let refusal { throw refusal }
        for archive in archives { plan.items.append(item(for: archive, among: archives)) }
        addSealed(closed, to: &plan)
    }

    /// One file of a format has the handbook's name; sets that are sealed to others get each a file of their own.
    private func item(for archive: ConfigurationArchive, among all: [ConfigurationArchive]) -> ExportPlan.Item {
        let isAlone = all.count { $0.format == archive.format } == 1
        let names = archive.names.joined(separator: ", ")
        return ExportPlan.Item(
            name: "config-backup-\(stamp)\(isAlone ? "" : "-" + archive.names[0])\(archive.format.suffix)",
            component: .configuration,
            content: "configuration \(names) as one tar.gz, sealed to \(archive.sets[0].summary.recipientList)",
            maximumBytes: archive.maximumBytes,
            source: .configuration(archive)
        )
    }

    private func addSealed(_ closed: [(set: SealedSetSummary, reason: String)], to plan: inout ExportPlan) {
        guard !closed.isEmpty else { return }
        let sets = closed.map(\.set)
        let (bytes, files) = sets.reduce((Int64(0), 0)) { ($0.0 + $1.sealedBytes, $0.1 + $1.files) }
        plan.items.append(
            ExportPlan.Item(
                name: "config-backup-\(stamp)-sealed.tar",
                component: .configuration,
                content: "configuration \(sets.map(\.name).joined(separator: ", ")), each file sealed",
                maximumBytes: bytes + Int64(files) * 4096 + 65_536,
                source: .sealed(sets)
            )
        )
        for (set, reason) in closed {
            let tool = set.format == .age ? "age --decrypt" : "gpg --decrypt"
            let way =
                set.needsPassphrase
                ? "its passphrase" : set.format == .age ? "'--identity FILE'" : "its secret key in the keyring"
            plan.remarks.append(
                "\(reason): its files are exported as they are stored, each to be opened with '\(tool)'; with \(way) one config-backup-\(stamp)\(set.format.suffix) is made"
            )
        }
    }

    // MARK: Writing

    func writeConfiguration(
        _ archive: ConfigurationArchive,
        _ item: ExportPlan.Item,
        _ writer: ExportFileWriter,
        _ report: inout ExportReport
    ) async throws {
        var sealed: ResticID?
        report.files.append(try await writer.write(item) { sealed = try await archive.write($0) })
        // What nobody can open is no backup: the identity is at hand now, and may not be when it is needed.
        let path = "\(folder)/\(item.name)"
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? file.close() }
        let content = PlainBytes {
            try await NIOThreadPool.singleton.runIfActive {
                guard let piece = try file.read(upToCount: 1 << 18), !piece.isEmpty else { return nil }
                return ByteBuffer(bytes: piece)
            }
        }
        if try await archive.digest(of: content) != sealed {
            report.differences.append("\(item.name) opens, and holds something else than what was sealed")
        }
    }

    func writeSealed(
        _ sets: [SealedSetSummary],
        _ item: ExportPlan.Item,
        _ writer: ExportFileWriter,
        _ report: inout ExportReport
    ) async throws {
        let stored = try await StoredConfiguration(point, in: repository)
        var nodes: [(path: RawPath, node: Node)] = []
        for set in sets {
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
        let expected = sets.reduce(0) { $0 + $1.files }
        if tar.files != expected {
            report.differences.append("\(item.name) holds \(tar.files) files, the manifest says \(expected)")
        }
    }
}
