import Foundation
import TarArchive

/// A program we did not write, as a counterpart.
enum Program {
    /// Where a program is, `nil` when it is not installed. Some tars are not GNU's, which alone knows sparse old GNU archives.
    static let gnuTar: String? = path(of: ["tar", "gtar"]) {
        output(of: $0, ["--version"])?.contains("GNU tar") == true
    }
    static let python: String? = path(of: ["python3"]) { output(of: $0, ["-c", "import tarfile"]) != nil }

    private static func path(of names: [String], where isFit: (String) -> Bool) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        return names.lazy.flatMap { name in folders.lazy.map { "\($0)/\(name)" } }
            .first { FileManager.default.isExecutableFile(atPath: $0) && isFit($0) }
    }

    /// Runs a program to its end.
    ///
    /// - Returns: its standard output, `nil` when it could not be started or failed.
    static func output(of program: String, _ arguments: [String], in folder: URL? = nil) -> String? {
        try? run(program, arguments, in: folder)
    }

    /// Runs a program to its end; throws what it wrote to standard error when it fails.
    @discardableResult
    static func run(_ program: String, _ arguments: [String], in folder: URL? = nil) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let output = Pipe()
        // One pipe for both: two would have to be read at the same time.
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw TestFailure("\(program) failed: \(text)") }
        return text
    }
}

/// Runs a body with a folder of its own, which is removed afterwards.
func withScratchFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tar-archive-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}

/// Writes a file with holes where the map has them.
func writeSparse(_ sample: Sample, in folder: URL) throws {
    let url = folder.appendingPathComponent(sample.member.path.string)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    guard FileManager.default.createFile(atPath: url.path, contents: nil) else {
        throw TestFailure("cannot create \(url.path)")
    }
    let handle = try FileHandle(forWritingTo: url)
    defer { try? handle.close() }
    var rest = sample.data[...]
    for extent in sample.member.extents {
        try handle.seek(toOffset: UInt64(extent.offset))
        try handle.write(contentsOf: Data(rest.prefix(Int(extent.length))))
        rest = rest.dropFirst(Int(extent.length))
    }
    try handle.truncate(atOffset: UInt64(sample.member.size))
}

/// Whether the file in the folder has the sample's size and data; holes are looked at near extents and at the end only.
func matches(_ sample: Sample, in folder: URL) throws -> Bool {
    let url = folder.appendingPathComponent(sample.member.path.string)
    let handle = try FileHandle(forReadingFrom: url)
    defer { try? handle.close() }
    guard try handle.seekToEnd() == UInt64(sample.member.size) else { return false }
    var rest = sample.data[...]
    var position: Int64 = 0
    for extent in sample.member.extents + [.init(offset: sample.member.size, length: 0)] {
        let before = min(extent.offset - position, 4096)
        try handle.seek(toOffset: UInt64(extent.offset - before))
        guard try (handle.read(upToCount: Int(before)) ?? Data()).allSatisfy({ $0 == 0 }) else { return false }
        let data = try extent.length == 0 ? Data() : handle.read(upToCount: Int(extent.length)) ?? Data()
        guard data.elementsEqual(rest.prefix(Int(extent.length))) else { return false }
        rest = rest.dropFirst(Int(extent.length))
        position = extent.end
    }
    return true
}
