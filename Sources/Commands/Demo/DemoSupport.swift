internal import Dispatch
internal import Foundation
internal import Recovery

/// One of the textbook's sample questions, with the passages that answer it.
struct DemoQuestion: Decodable, Sendable {
    /// A passage, by its page and heading.
    struct Source: Decodable, Sendable, Hashable {
        let path: String
        let heading: String
    }
    let id: String
    let question: String
    let sources: [Source]

    static func load(_ id: String, from file: String) throws -> DemoQuestion {
        let questions = try JSONDecoder().decode([DemoQuestion].self, from: Data(contentsOf: URL(filePath: file)))
        guard let found = questions.first(where: { $0.id == id }) else {
            throw RecoveryError(.notConfigured, "\(file) holds no question '\(id)'")
        }
        return found
    }
}

/// Compares folders by content.
enum DemoComparison {
    /// The files below a folder, by relative path.
    static func files(in folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder).filter { path in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: folder + "/" + path, isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }

    static func areEqual(_ left: String, _ right: String) -> Bool {
        guard let names = try? files(in: left), let others = try? files(in: right), names == others else {
            return false
        }
        return names.allSatisfy {
            FileManager.default.contentsEqual(atPath: left + "/" + $0, andPath: right + "/" + $0)
        }
    }
}

/// Runs another program for the demo.
enum DemoProgram {
    static func find(_ name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static func run(
        _ path: String,
        _ arguments: [String],
        environment: [String: String]
    ) async throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        // Off the cooperative pool: reading to the end blocks.
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result {
                        try process.run()
                        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                        process.waitUntilExit()
                        return (process.terminationStatus, output)
                    }
                )
            }
        }
    }
}
