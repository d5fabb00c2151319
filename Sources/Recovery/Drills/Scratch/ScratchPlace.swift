internal import Foundation

/// The folder of one drill.
struct ScratchPlace: Sendable {
    /// Its path: only this user may look into it, since secrets are restored there.
    let folder: String

    /// Makes a folder of its own.
    ///
    /// - Parameters:
    ///   - base: where; `nil` for the system's temporary folder.
    ///   - byteCount: how much will be restored: there has to be room for it and a tenth more.
    /// - Throws: ``RecoveryError/Code/refused`` when there is no room; ``RecoveryError/Code/notConfigured`` when it cannot be made.
    static func make(in base: String?, for byteCount: Int64) throws -> ScratchPlace {
        let base = base ?? FileManager.default.temporaryDirectory.path
        let name = "holdfast-drill-\(UUID().uuidString.prefix(8).lowercased())"
        let folder = URL(filePath: base).appendingPathComponent(name).path
        let (sum, overflow) = byteCount.addingReportingOverflow(byteCount / 10)
        let needed = overflow ? .max : sum
        if let free = FreeSpace.available(at: base), free < needed {
            throw RecoveryError(
                .refused,
                "there is not enough room in '\(base)': \(needed) bytes are needed, \(free) are free",
                hint: "Name another folder with '--folder' or 'drill.folder'."
            )
        }
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw RecoveryError(
                .notConfigured,
                "no scratch folder can be made in '\(base)'",
                hint: "Name another folder with '--folder' or 'drill.folder'.",
                cause: error
            )
        }
        return ScratchPlace(folder: folder)
    }

    /// Where a component is restored to.
    func path(of component: Component) -> String { "\(folder)/\(component.rawValue)" }

    /// The storage folder of a scratch server of the drill's own.
    var storage: String { folder + "/storage" }

    /// How the staging copy is started: it finds by its environment what was restored where.
    func launch(_ command: ConfiguredCommand, _ server: ScratchServer) throws -> ScratchProcess.Launch {
        var environment = ["HOLDFAST_DRILL_ROOT": folder, "HOLDFAST_DRILL_QDRANT_URL": server.url]
        for component in Component.allCases where component != .qdrant {
            environment["HOLDFAST_DRILL_\(component.rawValue.uppercased())"] = path(of: component)
        }
        environment["HOLDFAST_DRILL_COLLECTION_SUFFIX"] = server.isOwn ? "" : server.name(for: "")
        return ScratchProcess.Launch(
            title: "the staging copy '\(command.program)'",
            program: try ScratchLaunch.path(of: command, for: "drill.application.command"),
            arguments: command.arguments,
            environment: environment,
            folder: command.folder,
            log: folder + "/application.log"
        )
    }

    /// Removes it with all that was restored.
    ///
    /// - Returns: what could not be removed.
    func remove() -> [String] {
        do {
            try FileManager.default.removeItem(atPath: folder)
            return []
        } catch {
            return ["the folder \(folder): remove it by hand, there may be secrets in it"]
        }
    }
}
