internal import ArgumentParser
internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// `holdfast show`
struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what a restore point holds, and what is known about it.",
        discussion: """
              holdfast show
              holdfast show 4f2a9c01 --json
              holdfast show --lineage            (which documents have points, whole lists)
              holdfast show --configuration      (as it was when the restore point was made)
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The restore point's id, a beginning of it, or 'latest'.", valueName: "point"))
    var point = "latest"

    @Flag(name: .long, help: "Print which documents have points and which points have none, whole lists.")
    var lineage = false

    @Flag(name: .long, help: "Print the configuration that the restore point was made by, as JSON, without secrets.")
    var configuration = false

    func validate() throws {
        if lineage, configuration {
            throw ValidationError("'--lineage' and '--configuration' exclude each other: each prints something else")
        }
    }

    func run() async throws {
        let session = try Session(common)
        let id = point
        if lineage { return try await printLineage(session) }
        if configuration { return try await printConfiguration(session) }
        let (found, standing, about) = try await session.withRepositoryForReading { repository in
            let found = try await RestorePointCatalog(repository).find(
                id,
                system: id == "latest" ? session.configuration.system : nil
            )
            let catalog = RecordCatalog(repository)
            let standing = try await catalog.standings()[found.manifest.id]
            return (found, standing, try await catalog.records(of: found.manifest.id))
        }
        let manifest = found.manifest
        for damaged in about.unreadable {
            common.remark("warning: \(damaged.error.message); what its tags say still counts")
        }
        if common.json {
            return try Console.json(
                RestorePointOutput(manifest: manifest, standing: standing, records: about.records)
            )
        }
        Console.result("restore point \(manifest.id) of '\(manifest.system)'")
        Console.result("  made      \(manifest.startedAt) to \(manifest.finishedAt) by \(manifest.tool)")
        if let skew = manifest.skewSeconds {
            Console.result("  skew      at most \(Formatting.duration(.seconds(skew))) between two captures")
        }
        if let versions = manifest.versions {
            let list = versions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            Console.result("  versions  \(list.joined(separator: ", "))")
        }
        Console.result("  manifest  snapshot \(found.snapshot.short)")
        if let original = manifest.repairedFrom {
            let missing = manifest.missing ?? []
            Console.result("  repaired  from \(original); \(Formatting.count(missing.count, "item")) missing")
            for item in missing.prefix(20) { Console.result("    \(item.kind.rawValue) \(item.path)") }
            if missing.count > 20 { Console.result("    and \(missing.count - 20) more (--json lists all)") }
        }
        Console.result("  proven    \(standing.provenText(of: manifest))")
        Console.result("  pinned    \(standing.isPinned ? "yes" : "no")")
        for record in about.records { for line in record.lines { Console.result("    \(line)") } }
        for part in manifest.parts {
            Console.result(
                "\(part.component.rawValue): snapshot \(part.snapshot.prefix(8)), \(Formatting.count(part.files, "file")), \(Formatting.bytes(part.bytes))"
            )
            for collection in part.collections { printCollection(collection) }
            if let storage = part.storage { StorageRendering.show(storage) }
            for folder in part.folders { printFolder(folder) }
            for set in part.sets ?? [] { printSet(set) }
            for checkout in part.checkouts ?? [] { CodeRendering.show(checkout) }
            for item in part.skipped ?? [] {
                Console.result("    skipped \(item.path): \(item.kind.rawValue): \(item.reason)")
            }
            for vanished in part.vanished ?? [] { Console.result("  vanished  \(LineageRendering.line(vanished))") }
            if let appeared = part.appeared, !appeared.isEmpty {
                Console.result("  appeared  \(appeared.joined(separator: ", "))")
            }
        }
        if let warning = manifest.skewWarning { common.remark("warning: \(warning)") }
    }

    private func printConfiguration(_ session: Session) async throws {
        let id = point
        let bytes = try await session.withRepositoryForReading { repository in
            let point = try await RestorePointCatalog(repository).find(
                id,
                system: id == "latest" ? session.configuration.system : nil
            )
            guard let bytes = try await point.companion(at: EffectiveConfiguration.path, in: repository) else {
                throw RecoveryError(
                    .notInRestorePoint,
                    "restore point \(point.manifest.id) holds no configuration",
                    hint: "It was made by an older version."
                )
            }
            return bytes
        }
        Console.result(String(decoding: bytes.dropLast(), as: UTF8.self))
    }

    private func printLineage(_ session: Session) async throws {
        let id = point
        let reports = try await session.withRepositoryForReading { repository in
            let point = try await RestorePointCatalog(repository).find(
                id,
                system: id == "latest" ? session.configuration.system : nil
            )
            var reports: [String: LineageReport] = [:]
            for collection in point.manifest[.qdrant]?.collections ?? [] where collection.lineage != nil {
                reports[collection.name] = try await LineageReport.load(
                    of: collection.name,
                    from: point,
                    in: repository
                )
            }
            return reports
        }
        if common.json { return try Console.json(reports) }
        guard !reports.isEmpty else {
            common.remark("no lineage was compared: set 'source_field' of a collection in the configuration")
            return
        }
        for (name, report) in reports.sorted(by: { $0.key < $1.key }) { LineageRendering.printLists(name, report) }
    }

    private func printCollection(_ collection: RestorePointManifest.CollectionSummary) {
        Console.result("  \(collection.name)")
        Console.result("    points          \(collection.points) in \(Formatting.count(collection.shards, "shard"))")
        Console.result("    server          Qdrant \(collection.serverVersion), read by \(collection.method)")
        Console.result(
            "    data            \(Formatting.bytes(collection.dataBytes)), \(Formatting.bytes(collection.bytes)) with holes"
        )
        Console.result("    golden queries  \(collection.goldenQueries)")
        Console.result(
            "    aliases         \(collection.aliases.isEmpty ? "none" : collection.aliases.joined(separator: ", "))"
        )
        if let embedding = collection.embedding {
            Console.result("    embedding       \(embedding.contract.summary)")
            for violation in embedding.violations { Console.result("    PROBLEM         \(violation)") }
        }
        if let lineage = collection.lineage {
            Console.result("    lineage         \(LineageRendering.summary(lineage))")
        }
        for warning in collection.warnings { Console.result("    warning         \(warning)") }
    }

    private func printSet(_ set: SealedSetSummary) {
        Console.result(
            "  \(set.name)  from \(set.path): \(Formatting.count(set.files, "file")), \(Formatting.bytes(set.bytes)), "
                + "\(Formatting.bytes(set.sealedBytes)) sealed"
        )
        Console.result("    sealed to \(SealedRendering.recipients(set.recipients))")
        for item in set.skipped { Console.result("    skipped \(item.path): \(item.kind.rawValue): \(item.reason)") }
    }

    private func printFolder(_ folder: RestorePointManifest.FolderSummary) {
        Console.result(
            "  \(folder.name)  from \(folder.path): \(Formatting.count(folder.files, "file")) in "
                + "\(Formatting.count(folder.directories, "folder")), \(Formatting.bytes(folder.bytes))"
        )
        if let extensions = folder.extensions, !extensions.isEmpty {
            let order = extensions.sorted { ($1.value.files, $0.key) < ($0.value.files, $1.key) }
            let list = order.prefix(8).map { "\($0.value.files) \($0.key.isEmpty ? "without" : "." + $0.key)" }
            Console.result("    extensions      \(list.joined(separator: ", "))\(order.count > 8 ? ", …" : "")")
        }
        if let digest = folder.contentDigest { Console.result("    content digest  \(digest)") }
        for item in folder.skipped { Console.result("    skipped \(item.path): \(item.kind.rawValue): \(item.reason)") }
    }
}
