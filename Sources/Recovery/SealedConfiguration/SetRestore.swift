internal import Glibc
internal import NIOCore
internal import ResticFormat
internal import ResticRepository
internal import Sealing
internal import SystemPackage

/// The restore of one set.
struct SetRestore: Sendable {
    /// How a file's place is.
    private enum Place: Sendable {
        case free
        /// The same content; whether the permissions are, too.
        case same(hasSameMode: Bool)
        case different
        /// A folder, which nothing replaces.
        case folder
    }

    private let step: ConfigurationRestore.Step
    private let stored: StoredConfiguration
    private let index: SealedIndex
    private let restore: ConfigurationRestore
    private let reader: ConfigurationReader

    init(
        _ step: ConfigurationRestore.Step,
        _ stored: StoredConfiguration,
        _ restore: ConfigurationRestore
    ) async throws {
        self.step = step
        self.stored = stored
        self.restore = restore
        index = try await stored.index(of: step.set.name)
        reader = ConfigurationReader(set: index.set, root: step.target, key: stored.key)
    }

    private func path(of file: SealedIndex.File) -> String { step.target + "/" + file.path }

    // MARK: Looking

    private func place(of file: SealedIndex.File) async throws -> Place {
        let path = path(of: file)
        do {
            guard let status = try await blocking({ try PlainStatus(at: path) }) else { return .free }
            guard status.kind == .file else { return status.kind == .folder ? .folder : .different }
            guard status.size == file.size, try await reader.read(file.path).file.digest == file.digest else {
                return .different
            }
            return .same(hasSameMode: status.mode == file.mode)
        } catch let error as Errno {
            throw failure(path, error)
        }
    }

    /// Refuses what would be lost, what would be written elsewhere, and what does not open.
    func check() async throws {
        try await checkFolders()
        var different: [String] = []
        var isNeeded = false
        var sample: SealedIndex.File?
        for file in index.files {
            switch try await place(of: file) {
            case .free: isNeeded = true
            case .same(let hasSameMode):
                if !hasSameMode, !step.replaces { different.append(file.path) }
                continue
            case .different:
                isNeeded = true
                if !step.replaces { different.append(file.path) }
            case .folder:
                throw RecoveryError(
                    .targetNotEmpty,
                    "'\(path(of: file))' is a folder, where a file of configuration '\(step.set.name)' belongs",
                    hint: "Move it away, or restore into another folder with '--target DIR'."
                )
            }
            if sample.map({ file.sealedBytes < $0.sealedBytes }) ?? true { sample = file }
        }
        guard different.isEmpty else { throw notEmpty(different) }
        // All of a set are sealed to the same recipients.
        if isNeeded, let sample { try await open(sample, with: unsealer()) { _ in } }
    }

    /// A link to a folder below the target would have secrets written somewhere else.
    private func checkFolders() async throws {
        for folder in index.folders where !folder.path.isEmpty {
            let path = step.target + "/" + folder.path
            let status: PlainStatus?
            do { status = try await blocking { try PlainStatus(at: path) } } catch let error as Errno {
                throw failure(path, error)
            }
            guard let status, status.kind != .folder else { continue }
            throw RecoveryError(
                .refused,
                "'\(path)' is \(status.kind == .link ? "a symbolic link" : "no folder"), where a folder of configuration '\(step.set.name)' belongs",
                hint: "Move it away, or restore into another folder with '--target DIR'."
            )
        }
    }

    private func notEmpty(_ paths: [String]) -> RecoveryError {
        RecoveryError(
            .targetNotEmpty,
            "in '\(step.target)', \(paths.prefix(5).joined(separator: ", "))\(paths.count > 5 ? " and \(paths.count - 5) more" : "") "
                + "\(paths.count == 1 ? "is" : "are") there already, and not as in configuration '\(step.set.name)'",
            hint:
                "Replace what differs with '--in-place', restore into another folder with '--target DIR', or leave the configuration out with '--only COMPONENT'."
        )
    }

    // MARK: Opening

    private func unsealer() async throws -> Unsealer {
        Unsealer(with: try await restore.identities.resolve(for: step.set))
    }

    private func open(
        _ file: SealedIndex.File,
        with unsealer: Unsealer,
        _ output: (ByteBuffer) async throws -> Void
    ) async throws {
        try await stored.open(file, in: index, of: step.set, with: unsealer, output)
    }

    // MARK: Writing

    func run() async throws -> ConfigurationRestore.Outcome {
        try await checkFolders()
        var outcome = ConfigurationRestore.Outcome(set: step.set, target: step.target)
        var unsealer: Unsealer?
        let made = try await makeFolders()
        for file in index.files {
            try Task.checkCancellation()
            let path = path(of: file)
            try await blocking { SecretFile.removeLeftover(of: path) }
            switch try await place(of: file) {
            case .same(hasSameMode: true):
                outcome.unchangedFiles += 1
            case .same(hasSameMode: false) where step.replaces:
                outcome.warnings += try await mend(file)
                outcome.unchangedFiles += 1
            case .free,
                .different where step.replaces:
                let opener: Unsealer
                if let unsealer { opener = unsealer } else { opener = try await self.unsealer() }
                unsealer = opener
                guard try await write(file, opener, &outcome) else { continue }
            case .same, .different, .folder:
                throw notEmpty([file.path])
            }
            outcome.differences += try await compare(file, outcome.warnings)
            restore.progress.advance(file.size)
        }
        outcome.warnings += try await finish(made)
        return outcome
    }

    /// - Returns: whether the file was written; otherwise the outcome says why not.
    private func write(
        _ file: SealedIndex.File,
        _ unsealer: Unsealer,
        _ outcome: inout ConfigurationRestore.Outcome
    ) async throws -> Bool {
        let path = path(of: file)
        do {
            let target = try await blocking { try SecretFile(for: path) }
            var digest = stored.key.contentDigest(set: index.set, path: file.path)
            try await open(file, with: unsealer) { buffer in
                buffer.withUnsafeReadableBytes { digest.update($0) }
                try await blocking { try target.append(buffer) }
            }
            guard digest.finish() == file.digest else {
                outcome.differences.append(
                    "\(file.path): what the repository holds is not what was captured; not written"
                )
                return false
            }
            let replaces = step.replaces
            outcome.warnings += try await blocking {
                let warnings = try target.apply(file)
                try target.publish(replaces: replaces)
                return warnings
            }
            outcome.restoredFiles += 1
            outcome.restoredBytes += file.size
            return true
        } catch let error as Errno {
            throw failure(path, error)
        }
    }

    private func mend(_ file: SealedIndex.File) async throws -> [String] {
        let path = path(of: file)
        do {
            return try await blocking { try SecretFile.mend(path, file) }
        } catch let error as Errno {
            throw failure(path, error)
        }
    }

    /// Reads a file back.
    private func compare(_ file: SealedIndex.File, _ warnings: [String]) async throws -> [String] {
        let found: SealedIndex.File
        do {
            found = try await reader.read(file.path).file
        } catch let error as Errno {
            return ["\(file.path): it cannot be read back: \(error.description)"]
        }
        if found.digest != file.digest { return ["\(file.path): its content differs"] }
        // Permissions that were withheld for the sake of safety are a warning already.
        let isWithheld = warnings.contains { $0.hasPrefix("\(file.path): ") } && found.mode & ~file.mode == 0
        guard found.mode != file.mode, !isWithheld else { return [] }
        return ["\(file.path): its permissions are \(found.mode.octal), captured were \(file.mode.octal)"]
    }

    // MARK: Folders

    /// Makes the folders that are missing, for this user only.
    ///
    /// - Returns: those that were made.
    private func makeFolders() async throws -> [SealedIndex.Folder] {
        let (target, folders) = (step.target, index.folders)
        return try await blocking {
            var made: [SealedIndex.Folder] = []
            try Self.makeParents(of: target)
            // Sorted: parents first.
            for folder in folders.sorted(by: { $0.path < $1.path }) {
                let path = folder.path.isEmpty ? target : target + "/" + folder.path
                if mkdir(path, 0o700) == 0 {
                    made.append(folder)
                } else if errno != EEXIST {
                    throw Self.failure(path, Errno(rawValue: errno))
                }
            }
            return made
        }
    }

    private static func makeParents(of target: String) throws {
        var path = ""
        for component in target.split(separator: "/").dropLast() {
            path += "/" + component
            guard mkdir(path, 0o755) != 0, errno != EEXIST else { continue }
            // What is above may be read-only and there, or not ours to look into: the last step tells.
            guard (try? PlainStatus(at: path, follows: true)) == nil else { continue }
            throw failure(path, Errno(rawValue: errno))
        }
    }

    /// Gives new folders what was recorded, deepest first.
    private func finish(_ folders: [SealedIndex.Folder]) async throws -> [String] {
        let target = step.target
        return try await blocking {
            var warnings: [String] = []
            for folder in folders.reversed() {
                let path = folder.path.isEmpty ? target : target + "/" + folder.path
                let isOwned = chown(path, folder.uid, folder.gid) == 0
                if !isOwned { warnings.append("\(path): its owner and group cannot be set by this user") }
                // For another group than was meant, none.
                chmod(
                    path,
                    mode_t(isOwned ? folder.mode : folder.mode & 0o707 | (folder.mode & 0o007) << 3 & folder.mode)
                )
            }
            return warnings
        }
    }

    // MARK: Errors

    private func failure(_ path: String, _ error: Errno) -> RepositoryError { Self.failure(path, error) }

    private static func failure(_ path: String, _ error: Errno) -> RepositoryError {
        let isFull = error == .noSpace || error.rawValue == EDQUOT
        return RepositoryError(
            .target,
            "cannot restore '\(path)': \(error.description)",
            hint: isFull ? "Free some space on the target's disk and run the command again." : nil,
            cause: nil
        )
    }
}

extension UInt32 {
    /// Permissions as `chmod` takes them.
    var octal: String {
        let digits = String(self, radix: 8)
        return String(repeating: "0", count: Swift.max(0, 4 - digits.count)) + digits
    }
}
