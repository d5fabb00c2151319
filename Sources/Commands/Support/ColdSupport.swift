internal import Foundation
internal import Recovery
internal import ResticRepository

extension CommonOptions {
    /// Where runs keep what outlives them.
    var stateFolder: String {
        FileRecoveryStateStore.standardFolder(
            environment: ProcessInfo.processInfo.environment,
            besides: URL(filePath: configurationPath).deletingLastPathComponent().path
        )
    }

    /// The notes of containers that are stopped for a while.
    var stoppedContainers: StoppedContainers { StoppedContainers(folder: stateFolder) }

    /// Starts containers that an earlier run has left stopped, and says so.
    ///
    /// - Parameter isRequired: whether one that cannot be started is an error. A restore may be what mends it: there it is a warning.
    func startAbandonedContainers(isRequired: Bool) async throws {
        let result = await stoppedContainers.startAbandoned()
        for done in result.remarks { remark("warning: \(done)") }
        if isRequired, let failure = result.failures.first { throw failure }
        for failure in result.failures { remark("warning: \(failure.message)") }
    }
}

/// The storage of a stopped server, for people.
enum StorageRendering {
    static func line(_ storage: RestorePointManifest.StorageSummary) -> String {
        let names = storage.collections.map { collection in
            collection.countText.map { "\(collection.name) (\($0) points)" } ?? collection.name
        }
        return "storage of a stopped server, \(place(storage)): "
            + (names.isEmpty ? "no collections" : names.joined(separator: ", "))
            + ", \(Formatting.count(storage.files, "file")), \(Formatting.bytes(storage.dataBytes)) on the disk"
            + " (\(Formatting.bytes(storage.bytes)) with holes)"
    }

    static func place(_ storage: RestorePointManifest.StorageSummary) -> String {
        storage.volume.map { "volume \($0)" } ?? storage.path
    }

    static func show(_ storage: RestorePointManifest.StorageSummary) {
        Console.result("  storage of a stopped server, from \(place(storage))")
        for collection in storage.collections {
            let points = collection.countText ?? "not known: files do not tell"
            Console.result(
                "    \(collection.name)  points \(points), in \(Formatting.count(collection.shards, "shard"))"
            )
        }
        Console.result(
            "    data            \(Formatting.bytes(storage.dataBytes)) on the disk, \(Formatting.bytes(storage.bytes)) with holes"
        )
        Console.result("    server          \(storage.serverVersion.map { "Qdrant \($0)" } ?? "not asked")")
        if let container = storage.container {
            let time = storage.stoppedSeconds.map { ", stopped for \(Formatting.duration(.seconds($0)))" } ?? ""
            Console.result("    container       \(container)\(storage.image.map { " of \($0)" } ?? "")\(time)")
        }
        let aliases = storage.aliases.sorted { $0.key < $1.key }.map { "\($0.key) → \($0.value)" }
        Console.result("    aliases         \(aliases.isEmpty ? "none" : aliases.joined(separator: ", "))")
        if let digest = storage.contentDigest { Console.result("    content digest  \(digest)") }
        for warning in storage.warnings { Console.result("    warning         \(warning)") }
    }

    static func plan(_ step: ColdRestore.Step) -> [String] {
        var lines = [
            "  qdrant     the storage into \(step.volume.map { "volume \($0) (\(step.target))" } ?? step.target): "
                + "\(Formatting.count(step.storage.files, "file")), \(Formatting.bytes(step.storage.dataBytes))"
        ]
        if let note = note(step) { lines.append("             \(note)") }
        if let container = step.container {
            lines.append(
                "             the container '\(container)' is stopped while it is \(step.isMountPoint ? "written" : "put into place"), and started again"
            )
        }
        return lines
    }

    /// What becomes of what is there, as the restore itself would decide.
    private static func note(_ step: ColdRestore.Step) -> String? {
        if step.completes { return "what an interrupted restore has left there is completed" }
        guard step.replaces else { return nil }
        if step.isMountPoint { return "REFUSED: it is a mount point and not empty" }
        return step.allowsExisting ? "what is there is put aside, not deleted" : "REFUSED: something is there already"
    }

    /// What a restore of a storage did, for programs.
    struct Restored: Encodable {
        let target: String
        let verdict: String
        let collections: [String]
        let restoredFiles: Int
        let unchangedFiles: Int
        let restoredBytes: Int64
        let putAside: String?
        let failure: String?
        let differences: [String]
        let warnings: [String]

        init(_ outcome: ColdRestore.Outcome) {
            target = outcome.target
            verdict = RestoreRendering.verdict(outcome.differences.isEmpty && outcome.failure == nil).lowercased()
            collections = outcome.storage.collections.map(\.name)
            restoredFiles = outcome.report.restoredFiles
            unchangedFiles = outcome.report.unchangedFiles
            restoredBytes = outcome.report.restoredBytes
            putAside = outcome.putAside
            failure = outcome.failure?.message
            differences = outcome.differences
            warnings = outcome.warnings
        }
    }

    static func print(_ outcome: ColdRestore.Outcome, _ common: CommonOptions) {
        Console.result(
            "  qdrant     the storage in \(outcome.target): \(RestoreRendering.verdict(outcome.differences.isEmpty && outcome.failure == nil)): "
                + "\(Formatting.count(outcome.report.restoredFiles, "file")) written, \(outcome.report.unchangedFiles) equal already, "
                + "\(Formatting.bytes(outcome.report.restoredBytes)) with holes"
        )
        if let place = outcome.putAside { Console.result("             what was there is now in \(place)") }
        for difference in outcome.differences.prefix(20) { Console.result("    differs: \(difference)") }
        for warning in outcome.warnings { common.remark("warning: \(warning)") }
    }
}
