internal import Foundation
internal import Glibc
public import ResticFormat

/// When each pack of a repository was last read from end to end and found good. A convenience, never evidence: without it everything
/// counts as never read, so it can be deleted at any time.
public struct ReadingMemory: Sendable, Hashable {
    private struct Record: Codable {
        var format = 1
        var repository: String
        /// Seconds since 1970, by pack.
        var packs: [String: Int64]
    }

    /// The longest file that is read, in bytes: more than a million packs, which are 16 TB.
    private static let maximumByteCount = 128 << 20

    /// Seconds since 1970, by pack.
    public private(set) var times: [ResticID: Int64] = [:]

    /// Makes an empty memory.
    public init() {}

    /// Where it is kept, in `folder`.
    public static func path(in folder: String, repository: String) -> String { "\(folder)/verify-\(repository).json" }

    /// Reads what is remembered. What is missing, damaged or another repository's is nothing; a reading in the future, which a clock that
    /// was set back leaves, is none, since its pack would not be read for as long.
    public static func load(_ path: String, repository: String, now: GoTime) -> Self {
        var memory = Self()
        guard let file = try? ConfigurationFile.read(path, limit: maximumByteCount),
            let record = try? JSONDecoder().decode(Record.self, from: Data(file.bytes)),
            record.format == 1, record.repository == repository
        else { return memory }
        for (text, time) in record.packs where time <= now.seconds {
            if let id = ResticID(hex: text) { memory.times[id] = time }
        }
        return memory
    }

    /// Remembers packs that were read and good.
    public mutating func remember(_ packs: some Sequence<ResticID>, at time: GoTime) {
        for pack in packs { times[pack] = time.seconds }
    }

    /// Forgets packs: those that are bad, and those that are gone.
    public mutating func forget(where isForgotten: (ResticID) -> Bool) {
        times = times.filter { !isForgotten($0.key) }
    }

    /// Takes over what another process has remembered meanwhile.
    public mutating func merge(_ other: Self) {
        times.merge(other.times) { max($0, $1) }
    }

    /// Writes it, whole or not at all, readable by this user only.
    ///
    /// - Throws: ``RecoveryError/Code/stateUnusable``.
    public func save(_ path: String, repository: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // Two processes that write at once have a name each: the later one wins.
        let temporary = "\(path).\(getpid()).new"
        do {
            let record = Record(
                repository: repository,
                packs: Dictionary(uniqueKeysWithValues: times.map { ($0.key.hex, $0.value) })
            )
            let data = try encoder.encode(record)
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            unlink(temporary)
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
            let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            try handle.write(contentsOf: data)
            try handle.synchronize()
            try handle.close()
            guard rename(temporary, path) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        } catch {
            unlink(temporary)
            throw RecoveryError(
                .stateUnusable,
                "cannot remember which packs were read: '\(path)' cannot be written",
                hint:
                    "May this user write there? XDG_STATE_HOME names another folder; the file can be deleted at any time.",
                cause: error
            )
        }
    }
}
