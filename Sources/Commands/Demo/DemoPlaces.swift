internal import Foundation
internal import Recovery

/// Where the demo finds the embedded Qdrant and the textbook: in a checkout of the project.
struct DemoPlaces: Sendable {
    /// The checkout.
    let root: String
    /// A Python that has the embedded Qdrant's packages.
    let python: String

    var textbook: String { root + "/Examples/textbook" }
    var embeddedQdrant: String { root + "/Embedded/qdrant-edge" }

    /// Looks for the checkout: the current folder, those above it, and those above the program.
    ///
    /// - Throws: ``RecoveryError/Code/notConfigured`` saying what is missing.
    static func find(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> DemoPlaces {
        let program = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        let candidates = above(URL(filePath: FileManager.default.currentDirectoryPath)) + above(program)
        guard let root = candidates.first(where: { isCheckout($0) }) else {
            throw RecoveryError(
                .notConfigured,
                "the demo needs the project's Examples/textbook and Embedded/qdrant-edge, which are not here",
                hint: "Run it in a checkout of the project, by 'scripts/demo'."
            )
        }
        let python = environment["HOLDFAST_PYTHON"] ?? root + "/.venv/bin/python"
        guard FileManager.default.isExecutableFile(atPath: python) else {
            throw RecoveryError(
                .notConfigured,
                "the demo needs a Python with the embedded Qdrant's packages; there is none at \(python)",
                hint: "Run 'scripts/setup', or set HOLDFAST_PYTHON."
            )
        }
        return DemoPlaces(root: root, python: python)
    }

    private static func above(_ start: URL) -> [String] {
        var folders: [String] = []
        var folder = start.standardizedFileURL
        while folder.path != "/" {
            folders.append(folder.path)
            folder.deleteLastPathComponent()
        }
        return folders
    }

    private static func isCheckout(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/Examples/textbook/docs")
            && FileManager.default.fileExists(atPath: path + "/Embedded/qdrant-edge/qdrant_edge_server")
    }
}
