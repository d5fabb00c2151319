import Foundation
import Testing

@testable import ResticCrypto

/// The `restic` program, for comparisons.
struct ResticProgram {
    static let password = "correct horse"
    static let path = ["/usr/bin/restic", "/usr/local/bin/restic", "/opt/homebrew/bin/restic"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    static var isInstalled: Bool { path != nil }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// A folder of our own, which holds the repository, what is backed up, and restic's scratch.
    let folder: URL

    var repository: URL { folder.appending(path: "repository") }

    /// Runs restic on the repository, and returns what it prints; its failure is thrown with what it complains of.
    @discardableResult
    func callAsFunction(_ arguments: String..., password: String = password) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: try #require(Self.path))
        process.arguments = ["--quiet", "--no-cache"] + arguments
        process.currentDirectoryURL = folder
        process.environment = [
            "RESTIC_REPOSITORY": repository.path, "RESTIC_PASSWORD": password, "HOME": folder.path,
            "TMPDIR": folder.path,
            "PATH": "/usr/bin:/bin", "TZ": "Asia/Kathmandu",
        ]
        // Files rather than pipes: what fills a pipe that nobody reads stands still.
        let output = folder.appending(path: "output-\(UUID().uuidString)")
        let complaint = folder.appending(path: "complaint-\(UUID().uuidString)")
        for file in [output, complaint] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: complaint)
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: String(decoding: try Data(contentsOf: complaint), as: UTF8.self))
        }
        return try Data(contentsOf: output)
    }

    /// Calls `body` with a new folder, which is removed afterwards.
    static func withFolder<R>(_ body: (ResticProgram) throws -> R) throws -> R {
        let folder = FileManager.default.temporaryDirectory.appending(path: "restic-format-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(ResticProgram(folder: folder))
    }
}
