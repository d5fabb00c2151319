import Foundation
import TestSupport
import Testing

/// A real file system of a few mebibytes (tmpfs), in a mount namespace of its own: nobody else sees it, and it goes with
/// the process that holds it.
struct SmallDisk {
    /// Where it is mounted; outside of the namespace there is an empty folder.
    let path: String
    private let holder: String

    /// Whether mounting works here: as root, or with user namespaces.
    static func isAvailable() async -> Bool {
        guard let unshare = Program.find("unshare"), Program.find("nsenter") != nil else { return false }
        let trial = try? await unshare.run(privileges + ["sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt"])
        return trial?.succeeded == true
    }

    private static let privileges = getuid() == 0 ? ["-m"] : ["-r", "-m"]

    /// Runs `body` with an empty disk, mounted below `folder`.
    static func with(
        mebibytes: Int,
        in folder: TemporaryDirectory,
        _ body: @escaping @Sendable (SmallDisk) async throws -> Void
    ) async throws {
        let path = folder.path("disk")
        let note = folder.path("disk-holder")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        let unshare = try #require(Program.find("unshare"))
        let script =
            #"mount -t tmpfs -o size="$1"m tmpfs "$2" && echo $$ > "$3.new" && mv "$3.new" "$3" && exec sleep 900"#
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try await unshare.run(
                    privileges + ["sh", "-c", script, "sh", "\(mebibytes)", path, note],
                    timeout: .seconds(900)
                )
            }
            defer { group.cancelAll() }
            for _ in 0..<500 where !FileManager.default.fileExists(atPath: note) {
                try await Task.sleep(for: .milliseconds(20))
            }
            let holder = try String(contentsOfFile: note, encoding: .utf8).trimmingCharacters(
                in: .whitespacesAndNewlines
            )
            try await body(SmallDisk(path: path, holder: holder))
            group.cancelAll()
            // The end of the holder is no failure.
            while let _ = await group.nextResult() {}
        }
    }

    /// Runs a program where the disk is visible.
    func run(
        _ program: Program,
        _ arguments: [String],
        environment: [String: String?] = [:],
        in folder: String
    ) async throws -> Program.Outcome {
        let nsenter = try #require(Program.find("nsenter"))
        let user = getuid() == 0 ? [] : ["-U", "--preserve-credentials"]
        return try await nsenter.run(
            ["-t", holder] + user + [
                "-m", "--", "sh", "-c", #"cd "$1" && shift && exec "$@""#, "sh", folder, program.path,
            ]
                + arguments,
            environment: environment,
            timeout: .seconds(180)
        )
    }

    @discardableResult
    func shell(_ script: String) async throws -> Program.Outcome {
        let outcome = try await run(try #require(Program.find("sh")), ["-c", script], in: path)
        #expect(outcome.succeeded, "\(script): \(outcome)")
        return outcome
    }

    /// Takes what space there is, but for so many KiB.
    func fill(leaving kibibytes: Int = 0) async throws {
        try await shell(
            """
            free=$(df --output=avail -k . | tail -1)
            head -c $(( (free - \(kibibytes)) * 1024 )) /dev/zero > ballast
            """
        )
    }

    func free() async throws { try await shell("rm -f ballast") }
}
