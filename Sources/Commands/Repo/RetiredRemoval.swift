internal import Foundation
internal import LocalStorage
internal import Recovery
internal import ResticRepository

/// `holdfast repo rotate --remove-retired`: removes old repositories once the one that took their place opens.
struct RetiredRemoval: Sendable {
    private let session: Session
    private let folders: FolderSwitch
    private let common: CommonOptions
    private let isConfirmed: Bool
    private let isDryRun: Bool

    init(_ session: Session, _ folders: FolderSwitch, _ common: CommonOptions, _ isConfirmed: Bool, _ isDryRun: Bool) {
        self.session = session
        self.folders = folders
        self.common = common
        self.isConfirmed = isConfirmed
        self.isDryRun = isDryRun
    }

    private struct Output: Encodable {
        struct Folder: Encodable {
            let path: String
            let bytes: Int64
            let removed: Bool
        }
        let repository: String
        let snapshots: Int
        let retired: [Folder]
    }

    func run() async throws {
        // With the password of the configuration: proof that the new one is in use and can be opened.
        let repository = try await session.openRepository()
        let snapshots = try await repository.list(.snapshot).count
        let found = try await folders.retired().filter(Self.isRepository)
        let sizes = found.map { ($0, Self.byteCount($0)) }
        for (path, bytes) in sizes {
            common.remark("retired repository \(path): \(Formatting.bytes(bytes))")
        }
        let removes = !isDryRun && !found.isEmpty
        if removes {
            common.remark(
                "The repository at \(folders.current) opens and has \(Formatting.count(snapshots, "snapshot")). What is removed cannot be brought back."
            )
            guard isConfirmed || (Console.canAsk && Console.confirm("Remove the retired repositories?")) else {
                throw RecoveryError(
                    .targetNotEmpty,
                    "the retired repositories were not removed",
                    hint: "Look at them, then answer yes, or add --yes."
                )
            }
            for path in found { try remove(path) }
        }
        if common.json {
            try Console.json(
                Output(
                    repository: folders.current,
                    snapshots: snapshots,
                    retired: sizes.map { Output.Folder(path: $0.0, bytes: $0.1, removed: removes) }
                )
            )
        } else if found.isEmpty {
            Console.result("there is no retired repository beside \(folders.current)")
        } else {
            for (path, bytes) in sizes {
                Console.result("\(removes ? "removed" : "would remove") \(path) (\(Formatting.bytes(bytes)))")
            }
        }
    }

    /// The configuration and the keys go first: what is left of an interrupted removal opens for nobody, and is found the next time.
    private func remove(_ path: String) throws {
        do {
            for name in ["config", "keys", ""] where FileManager.default.fileExists(atPath: "\(path)/\(name)") {
                try FileManager.default.removeItem(atPath: name.isEmpty ? path : "\(path)/\(name)")
            }
        } catch {
            throw RecoveryError(
                .targetNotEmpty,
                "the retired repository \(path) could not be removed whole",
                hint: "Remove the folder by hand.",
                cause: error
            )
        }
    }

    /// Only what looks like a repository is removed, whatever its name.
    private static func isRepository(_ path: String) -> Bool {
        [["config", "keys"], ["data", "snapshots", "index"]].contains { names in
            names.allSatisfy { FileManager.default.fileExists(atPath: "\(path)/\($0)") }
        }
    }

    private static func byteCount(_ path: String) -> Int64 {
        let files = FileManager.default.enumerator(at: URL(filePath: path), includingPropertiesForKeys: [.fileSizeKey])
        var sum: Int64 = 0
        while let file = files?.nextObject() as? URL {
            sum += Int64((try? file.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? 0)
        }
        return sum
    }
}
