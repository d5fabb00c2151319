internal import ArgumentParser
internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// `holdfast show`
struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what a restore point holds.",
        discussion: """
              holdfast show
              holdfast show 4f2a9c01 --json
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The restore point's id, a beginning of it, or 'latest'.", valueName: "point"))
    var point = "latest"

    func run() async throws {
        let session = try Session(common)
        let id = point
        let found = try await session.withRepositoryForReading {
            try await RestorePointCatalog($0).find(id, system: id == "latest" ? session.configuration.system : nil)
        }
        let manifest = found.manifest
        if common.json { return try Console.json(manifest) }
        Console.result("restore point \(manifest.id) of '\(manifest.system)'")
        Console.result("  made      \(manifest.startedAt) to \(manifest.finishedAt) by \(manifest.tool)")
        Console.result("  manifest  snapshot \(found.snapshot.short)")
        if let original = manifest.repairedFrom {
            let missing = manifest.missing ?? []
            Console.result("  repaired  from \(original); \(Formatting.count(missing.count, "item")) missing")
            for item in missing.prefix(20) { Console.result("    \(item.kind.rawValue) \(item.path)") }
            if missing.count > 20 { Console.result("    and \(missing.count - 20) more (--json lists all)") }
        }
        for part in manifest.parts {
            Console.result(
                "\(part.component.rawValue): snapshot \(part.snapshot.prefix(8)), \(Formatting.count(part.files, "file")), \(Formatting.bytes(part.bytes))"
            )
            for collection in part.collections { printCollection(collection) }
            for folder in part.folders { printFolder(folder) }
            for checkout in part.checkouts ?? [] { CodeRendering.show(checkout) }
        }
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
        for warning in collection.warnings { Console.result("    warning         \(warning)") }
    }

    private func printFolder(_ folder: RestorePointManifest.FolderSummary) {
        Console.result(
            "  \(folder.name)  from \(folder.path): \(Formatting.count(folder.files, "file")) in "
                + "\(Formatting.count(folder.directories, "folder")), \(Formatting.bytes(folder.bytes))"
        )
        for item in folder.skipped { Console.result("    skipped \(item.path): \(item.kind.rawValue): \(item.reason)") }
    }
}
