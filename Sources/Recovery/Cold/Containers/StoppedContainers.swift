internal import Foundation
internal import Glibc

/// Notes of the containers that this program has stopped and not started again yet, so that one killed in between is not the end
/// of the server: the next run starts what a note is left of.
///
/// A note is held locked by the run that wrote it. A lock ends with its process, however that ends.
public struct StoppedContainers: Sendable {
    /// A container that has been stopped.
    struct Note: Codable, Sendable, Hashable {
        /// Its name, for people.
        var container: String
        /// Its id.
        var id: String
        /// The engine's socket.
        var socket: String
        /// When it was stopped, RFC 3339.
        var stoppedAt: String
        /// What for: `the backup`.
        var purpose: String
        /// The path of a file that says, as long as it is there, that the container's files are incomplete: it is not started then.
        var mark: String?
    }

    private let folder: String

    /// - Parameter folder: where state is kept; made when it is missing.
    public init(folder: String) {
        self.folder = folder
    }

    /// Notes in the user's folder for state, else beside the current folder.
    init(environment: [String: String]) {
        self.init(folder: FileRecoveryStateStore.standardFolder(environment: environment, besides: "."))
    }

    /// Writes a note before a container is stopped.
    ///
    /// - Throws: ``RecoveryError/Code/refused`` when another run holds the same container; ``RecoveryError/Code/stateUnusable`` when
    ///   nothing can be written: then nothing may be stopped.
    func begin(_ note: Note) throws -> HeldNote {
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw unusable(cause: error)
        }
        let held = try hold(path(of: note), note)
        let bytes = Array(try JSONEncoder().encode(note))
        let descriptor = held.descriptor
        guard ftruncate(descriptor, 0) == 0,
            bytes.withUnsafeBytes({ pwrite(descriptor, $0.baseAddress, $0.count, 0) }) == bytes.count,
            fsync(descriptor) == 0
        else { throw unusable() }
        return held
    }

    /// Opens the note's file and locks it. The file may be removed between the two by the run that had it: then a lock on it says
    /// nothing, and it is made anew.
    private func hold(_ path: String, _ note: Note) throws -> HeldNote {
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw unusable() }
            let held = HeldNote(path: path, descriptor: descriptor)
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw RecoveryError(
                    .refused,
                    "another run of holdfast has the container '\(note.container)' stopped now",
                    hint: "Wait until it has ended."
                )
            }
            if held.isInPlace { return held }
        }
    }

    /// What a run has noted that stopped the same container and has not started it again.
    func note(like note: Note) -> Note? {
        FileManager.default.contents(atPath: path(of: note)).flatMap { try? JSONDecoder().decode(Note.self, from: $0) }
    }

    /// The notes that no running process holds.
    ///
    /// - Parameter removesEmpty: whether those go that say nothing, written by a run that was killed before it stopped anything.
    func abandoned(removesEmpty: Bool = false) -> [(note: Note, held: HeldNote)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().compactMap { name in
            guard name.hasPrefix(Self.prefix) else { return nil }
            let path = "\(folder)/\(name)"
            let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { return nil }
            let held = HeldNote(path: path, descriptor: descriptor)
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, held.isInPlace else { return nil }
            guard let data = FileManager.default.contents(atPath: path), !data.isEmpty,
                let note = try? JSONDecoder().decode(Note.self, from: data)
            else {
                if removesEmpty { held.remove() }
                return nil
            }
            return (note, held)
        }
    }

    /// What became of the containers that earlier runs have left stopped.
    public struct Resumption: Sendable {
        /// What was done, a sentence each.
        public var remarks: [String] = []
        /// Why others do not run: ``RecoveryError/Code/containerLeftStopped`` each. Their notes stay.
        public var failures: [RecoveryError] = []
    }

    /// Starts the containers that earlier runs have left stopped, but for those whose files are only partly restored.
    public func startAbandoned() async -> Resumption {
        var result = Resumption()
        for (note, held) in abandoned(removesEmpty: true) {
            if let mark = note.mark, RestoreMark.exists(mark) {
                result.failures.append(ContainerPause.incomplete(note.container, mark))
                continue
            }
            do {
                try await Self.start(note)
            } catch {
                result.failures.append(
                    RecoveryError(
                        .containerLeftStopped,
                        "the container '\(note.container)' was stopped at \(note.stoppedAt) for \(note.purpose), which did not start it again, and cannot be started now",
                        hint:
                            "Start it by hand ('\(ContainerPause.command(note.container, socket: note.socket))'). If it is gone for good, remove \(held.path).",
                        cause: error
                    )
                )
                continue
            }
            held.remove()
            result.remarks.append(
                "the container '\(note.container)' was stopped at \(note.stoppedAt) for \(note.purpose), which did not start it again: it has been started now"
            )
        }
        return result
    }

    /// One that is still being stopped, since the run was killed in the middle of that, cannot be started at once.
    private static func start(_ note: Note) async throws {
        try await ContainerEngine.with(socket: note.socket) { engine in
            var attempts = 0
            while true {
                do {
                    try await engine.start(note.id)
                    break
                } catch let error as RecoveryError {
                    attempts += 1
                    guard attempts < startAttempts else { throw error }
                    try await Task.sleep(for: .seconds(1))
                }
            }
            try await ContainerPause.awaitRunning(note.id, engine)
        }
    }

    /// The containers that earlier runs have left stopped, a sentence each. Changes nothing.
    public func describeAbandoned() -> [String] {
        abandoned().map { note, _ in
            let text =
                "the container '\(note.container)' was stopped at \(note.stoppedAt) for \(note.purpose), which did not start it again"
            guard let mark = note.mark, RestoreMark.exists(mark) else { return text }
            return text
                + ": its storage '\(ConfigurationPath.parent(of: mark))' is only partly restored, and has to be restored first"
        }
    }

    /// How often starting is tried, a second apart.
    private static let startAttempts = 5
    private static let prefix = "stopped-container-"

    private func path(of note: Note) -> String {
        "\(folder)/\(Self.prefix)\(StableHash.text("\(note.socket)\u{0}\(note.id)")).json"
    }

    private func unusable(cause: (any Error)? = nil) -> RecoveryError {
        RecoveryError(
            .stateUnusable,
            "it cannot be noted in '\(folder)' that a container is stopped, so it is not stopped",
            hint: "May this user write there? XDG_STATE_HOME names another folder.",
            cause: cause ?? SystemFailure(number: errno)
        )
    }

    private struct SystemFailure: Error, CustomStringConvertible {
        let number: Int32
        var description: String { String(cString: strerror(number)) }
    }
}

/// A note while this process has it.
final class HeldNote: Sendable {
    let path: String
    let descriptor: Int32

    init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Whether the file that is locked is still the one of that name: only then does the lock say anything.
    var isInPlace: Bool {
        var (own, named) = (stat(), stat())
        return fstat(descriptor, &own) == 0 && stat(path, &named) == 0 && own.st_dev == named.st_dev
            && own.st_ino == named.st_ino
    }

    /// The container runs again, or never stopped.
    func remove() { _ = unlink(path) }
}
