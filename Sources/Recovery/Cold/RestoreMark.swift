internal import Foundation
internal import Glibc

/// Says that a folder is being restored into, and from which restore point: a file in it, from before the first file is written until
/// all are compared.
///
/// What bears it is nobody's data: a restore of the same restore point may complete it, and no server may be started on it.
struct RestoreMark: Sendable, Hashable {
    /// The restore point's id.
    let point: String

    private static let prefix = ".holdfast-restoring-"

    var name: String { Self.prefix + point }

    func path(in folder: String) -> String { "\(folder)/\(name)" }

    func isSet(in folder: String) -> Bool { Self.exists(path(in: folder)) }

    /// Whether a mark is there, by its path.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// The mark in a folder, of whichever restore point.
    static func any(in folder: String) -> String? {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).first { $0.hasPrefix(prefix) }
    }

    /// Makes the folder when it is missing, and marks it, durably.
    func set(in folder: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw failure(folder, cause: error)
        }
        let descriptor = open(path(in: folder), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(folder) }
        try syncFolder(folder)
    }

    /// Everything is there.
    func remove(from folder: String) throws {
        guard unlink(path(in: folder)) == 0 || errno == ENOENT else { throw failure(folder) }
        try syncFolder(folder)
    }

    private func syncFolder(_ folder: String) throws {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(folder) }
    }

    private func failure(_ folder: String, cause: (any Error)? = nil) -> RecoveryError {
        let reason = cause == nil ? ": \(String(cString: strerror(errno)))" : ""
        return RecoveryError(
            .refused,
            "the folder '\(folder)' cannot be written to\(reason)",
            hint: "May this user write there, and is there space?",
            cause: cause
        )
    }
}
