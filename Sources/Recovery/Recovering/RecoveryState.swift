internal import Foundation
internal import Glibc

/// How far a recovery has come: what makes it resumable. Never the only evidence: what it says of the live system is looked at
/// again before it is believed, and without it a recovery begins anew and finds what is there already.
public struct RecoveryState: Sendable, Hashable, Codable {
    /// The version that this program writes and reads.
    public static let formatVersion = 1

    /// A step and how it ended.
    public struct Step: Sendable, Hashable, Codable {
        /// Which: `before_qdrant`, `qdrant`, `after_qdrant`, …, `verify`, `reingest`, `watch`.
        public var id: String
        /// When it began, RFC 3339.
        public var startedAt: String
        /// How long it took, in seconds.
        public var seconds: Double
        /// How it ended.
        public var outcome: CheckOutcome
        /// One sentence for people.
        public var detail: String
    }

    /// The version of this record.
    public var format = RecoveryState.formatVersion
    /// The repository's id.
    public var repository: String
    /// The protected system.
    public var system: String
    /// The restore point that is restored.
    public var point: String
    /// When the first attempt was assessed, RFC 3339.
    public var assessedAt: String
    /// When the first attempt began to change something, RFC 3339.
    public var startedAt: String
    /// How often it was begun.
    public var attempts = 1
    /// What kind of loss the first attempt found.
    public var scenario: RecoveryScenario
    /// What the first attempt found.
    public var findings: [LiveFinding]
    /// The components that are restored.
    public var components: Set<Component>
    /// The steps that have ended, in order.
    public var steps: [Step] = []
    /// What was about to be done with which collection and is not known to have ended.
    public var unfinished: [String: RecoveryAction.Kind] = [:]
    /// What has been done.
    public var outcomes: [RecoveryOutcome] = []
    /// What was handed over for re-ingestion.
    public var reingest: ReingestReport?

    /// Whether a step has ended well.
    func hasFinished(_ step: String) -> Bool { steps.contains { $0.id == step && $0.outcome != .failed } }
}

// Apart from the type, which keeps its memberwise initializer so.
extension RecoveryState {
    /// Reads a state; `nil` when it is none, of another version, or holds what no recovery can have written.
    init?(reading bytes: [UInt8]) {
        guard let state = try? JSONDecoder().decode(Self.self, from: Data(bytes)), state.format == Self.formatVersion,
            state.attempts >= 1, state.steps.allSatisfy({ $0.seconds >= 0 })
        else { return nil }
        self = state
    }

    /// JSON, keys sorted, one line.
    func encode() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }
}

/// Where the progress of a recovery is kept.
public protocol RecoveryStateStore: Sendable {
    /// What is kept for a recovery.
    ///
    /// - Returns: `nil` when nothing is, or nothing that this version can read.
    func load(_ key: String) throws -> RecoveryState?
    /// Keeps it, whole or not at all.
    func save(_ state: RecoveryState, for key: String) throws
    /// Forgets it.
    func remove(_ key: String) throws
    /// Makes sure that no other process recovers the same, until the returned value is let go.
    ///
    /// - Throws: ``RecoveryError/Code/refused`` when one does.
    func claim(_ key: String) throws -> RecoveryClaim
    /// Where that is, for people.
    func place(_ key: String) -> String
}

/// The right to recover; ends with the value or the process.
public final class RecoveryClaim: Sendable {
    private let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }
}

/// Progress in files of one folder, readable by this user only.
public struct FileRecoveryStateStore: RecoveryStateStore {
    /// The longest file that is read, in bytes.
    static let maximumByteCount = 64 << 20

    private let folder: String

    /// - Parameter folder: made when it is missing.
    public init(folder: String) {
        self.folder = folder
    }

    /// `holdfast` in the user's folder for state (XDG Base Directory Specification 0.8), else `.holdfast` beside the configuration.
    public static func standardFolder(environment: [String: String], besides configurationFolder: String) -> String {
        if let folder = environment["XDG_STATE_HOME"], folder.hasPrefix("/") { return folder + "/holdfast" }
        if let home = environment["HOME"], home.hasPrefix("/"), home != "/" { return home + "/.local/state/holdfast" }
        return configurationFolder + "/.holdfast"
    }

    public func place(_ key: String) -> String { "\(folder)/recover-\(key).json" }

    public func load(_ key: String) throws -> RecoveryState? {
        let file: ConfigurationFile
        do {
            file = try ConfigurationFile.read(place(key), limit: Self.maximumByteCount)
        } catch .notFound {
            return nil
        } catch {
            throw failure("cannot read", key, error)
        }
        return RecoveryState(reading: file.bytes)
    }

    public func save(_ state: RecoveryState, for key: String) throws {
        let bytes = try state.encode()
        try makeFolder(key)
        let temporary = place(key) + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("cannot write", key, nil) }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw failure("cannot write", key, nil)
            }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0, rename(temporary, place(key)) == 0 else {
            throw failure("cannot write", key, nil)
        }
    }

    public func remove(_ key: String) throws {
        guard unlink(place(key)) == 0 || errno == ENOENT else { throw failure("cannot remove", key, nil) }
    }

    public func claim(_ key: String) throws -> RecoveryClaim {
        try makeFolder(key)
        let descriptor = open(place(key) + ".lock", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("cannot write beside", key, nil) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw RecoveryError(
                .refused,
                "another 'holdfast recover' of the same system runs on this machine",
                hint: "Wait until it has ended, or stop it and run this again: it goes on from there."
            )
        }
        return RecoveryClaim(descriptor: descriptor)
    }

    private func makeFolder(_ key: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw failure("cannot write", key, error)
        }
    }

    private func failure(_ what: String, _ key: String, _ cause: (any Error)?) -> RecoveryError {
        RecoveryError(
            .stateUnusable,
            "\(what) the progress of the recovery, \(place(key))\(cause == nil ? ": \(String(cString: strerror(errno)))" : "")",
            hint:
                "May this user write there? XDG_STATE_HOME names another folder; the file can be deleted at any time.",
            cause: cause
        )
    }
}
