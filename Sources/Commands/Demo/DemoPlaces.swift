internal import Foundation
internal import Recovery

/// Where the demo finds the embedded Qdrant and the textbook: in a checkout of the project.
struct DemoPlaces: Sendable {
    /// The variable that names the checkout for commands that the demo runs elsewhere.
    static let variable = "HOLDFAST_CHECKOUT"

    /// The checkout.
    let root: String
    /// A Python that has the embedded Qdrant's packages.
    let python: String

    var textbook: String { root + "/Examples/textbook" }
    var embeddedQdrant: String { root + "/Embedded/qdrant-edge" }

    /// This program.
    static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().path

    /// Looks for the checkout: the one that ``variable`` names, the current folder, those above it, and those above the program.
    ///
    /// - Throws: ``RecoveryError/Code/notConfigured`` saying what is missing.
    static func find(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> DemoPlaces {
        let candidates =
            [environment[variable]].compactMap(\.self)
            + above(URL(filePath: FileManager.default.currentDirectoryPath))
            + above(URL(filePath: program).deletingLastPathComponent())
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

    /// The chatbot's program, which `swift build` puts beside this one.
    ///
    /// - Throws: ``RecoveryError/Code/notConfigured`` when it is not there.
    func chatbot() throws -> String {
        let path = URL(filePath: Self.program).deletingLastPathComponent().appendingPathComponent("textbook-chatbot")
            .path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw RecoveryError(
                .notConfigured,
                "the demo needs the textbook's chatbot; there is no program \(path)",
                hint: "Build it with 'swift build -c release --product textbook-chatbot', or run 'scripts/demo'."
            )
        }
        return path
    }

    /// The folder of what starts object servers.
    var objectServers: String { root + "/Tests/ObjectServers" }

    /// Another program that the demo needs.
    ///
    /// - Parameter besidePython: whether it comes as a Python package.
    /// - Throws: ``RecoveryError/Code/notConfigured`` when it is not there.
    func tool(_ name: String, besidePython: Bool = false) throws -> String {
        let beside = URL(filePath: python).deletingLastPathComponent().appendingPathComponent(name).path
        if besidePython, FileManager.default.isExecutableFile(atPath: beside) { return beside }
        guard let path = DemoProgram.find(name) else {
            throw RecoveryError(
                .notConfigured,
                "the demo needs the program '\(name)', which is not installed",
                hint: "Run 'scripts/setup\(besidePython ? " --s3" : "")'."
            )
        }
        return path
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
