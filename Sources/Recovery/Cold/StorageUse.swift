internal import Foundation
internal import Glibc
internal import ResticRepository

/// Whether a process uses a storage folder.
///
/// Qdrant locks no file of the storage as a whole. But its write-ahead log, one a shard, takes an exclusive `flock` for as long as it
/// is open: on the folder `wal` (qdrant/wal, `Wal::with_options`), later on a file `.wal` in it; the embedded Qdrant takes one on
/// `.lock`. A lock is seen whatever container its holder is in. Besides, a server has its logs mapped to be written: that shows in
/// `/proc`, as far as this user may look.
enum StorageUse {
    /// Who uses it.
    ///
    /// - Returns: the end of a sentence that begins with the storage: `is locked by a running server (…)`; `nil` when nobody was found.
    static func evidence(_ folder: String, _ inventory: StorageInventory) async throws -> String? {
        try await blocking {
            for path in lockPlaces(inventory) where isLocked("\(folder)/\(path)") {
                return "is in use: a server holds the lock of '\(path)'"
            }
            if let user = writer(of: folder, inventory) {
                return "is in use: process \(user.process) has '\(user.path)' open for writing"
            }
            return nil
        }
    }

    private static func lockPlaces(_ inventory: StorageInventory) -> [String] {
        inventory.items.keys.filter { path in
            let parts = path.split(separator: "/")
            guard parts.first == "collections" else { return path == ".lock" }
            return parts.count == 4 && parts[3] == "wal" || parts.count == 5 && parts[3] == "wal" && parts[4] == ".wal"
        }.sorted()
    }

    private static func isLocked(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return errno == EWOULDBLOCK }
        _ = flock(descriptor, LOCK_UN)
        return false
    }

    // MARK: Processes

    private struct Writer {
        let process: String
        let path: String
    }

    /// A process that has a file of the storage open or mapped to be written.
    private static func writer(of folder: String, _ inventory: StorageInventory) -> Writer? {
        var status = stat()
        guard stat(folder, &status) == 0 else { return nil }
        let device = UInt64(status.st_dev)
        var paths: [UInt64: String] = [:]
        for (path, item) in inventory.files { paths[item.inode] = path }
        let own = "\(getpid())"
        for process in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        where UInt32(process) != nil && process != own {
            if let inode = mapped(by: process, device, paths) ?? opened(by: process, device, paths) {
                let name = text("/proc/\(process)/comm")?.trimmingCharacters(in: .whitespacesAndNewlines)
                return Writer(process: name.map { "\(process) (\($0))" } ?? process, path: paths[inode] ?? "?")
            }
        }
        return nil
    }

    /// A file that a process has mapped shared and writable: `rw-s` in `/proc/PID/maps` (proc(5)).
    private static func mapped(by process: String, _ device: UInt64, _ paths: [UInt64: String]) -> UInt64? {
        guard let maps = text("/proc/\(process)/maps") else { return nil }
        for line in maps.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard fields.count >= 5, fields[1].hasPrefix("rw"), fields[1].hasSuffix("s"), let inode = UInt64(fields[4]),
                paths[inode] != nil
            else { continue }
            let numbers = fields[3].split(separator: ":").compactMap { UInt32($0, radix: 16) }
            guard numbers.count == 2, numbers[0] == major(device), numbers[1] == minor(device) else { continue }
            return inode
        }
        return nil
    }

    /// A file that a process has open for writing.
    private static func opened(by process: String, _ device: UInt64, _ paths: [UInt64: String]) -> UInt64? {
        let folder = "/proc/\(process)/fd"
        for number in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            var status = stat()
            guard stat("\(folder)/\(number)", &status) == 0, UInt64(status.st_dev) == device,
                status.st_mode & S_IFMT == S_IFREG, paths[UInt64(status.st_ino)] != nil,
                let info = text("/proc/\(process)/fdinfo/\(number)"),
                let flags = info.split(separator: "\n").first(where: { $0.hasPrefix("flags:") })?.split(
                    whereSeparator: \.isWhitespace
                ).last.flatMap({ Int32($0, radix: 8) }), flags & O_ACCMODE != O_RDONLY
            else { continue }
            return UInt64(status.st_ino)
        }
        return nil
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// As `makedev(3)` puts them together on Linux.
    private static func major(_ device: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: (device >> 8) & 0xFFF | (device >> 32) & ~0xFFF)
    }
    private static func minor(_ device: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: device & 0xFF | (device >> 12) & ~0xFF)
    }
}
