internal import NIOCore
internal import ObjectStorage

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// The blocking half of a local store: what one thread does for one operation, from the first system call to the last.
struct LocalFiles: Sendable {
    /// The absolute path of the store's folder, without a slash at its end.
    let root: String
    let calls: any SystemCalls

    /// Folders are for the owner alone, as restic makes them.
    static let folderMode: UInt32 = 0o700
    /// Objects never change, so nobody may write them, as restic makes them.
    static let objectMode: UInt32 = 0o400

    func path(of key: ObjectKey) -> String {
        "\(root)/\(key.path)"
    }

    /// Makes a call again for as long as a signal interrupts it.
    func uninterrupted<Answer>(
        _ call: () throws -> Answer
    ) throws -> Answer {
        while true {
            do {
                return try call()
            } catch let failure as SystemCallError where failure.number == EINTR {
                continue
            }
        }
    }

    /// Runs `body` with an open file and closes it, whatever happens.
    ///
    /// Only for reading and for folders: who writes has to see the failure of `close`.
    func withOpenFile<Answer>(
        _ path: String,
        flags: Int32,
        _ body: (Int32) throws -> Answer
    ) throws -> Answer {
        let descriptor = try uninterrupted {
            try calls.openFile(path, flags: flags | O_CLOEXEC, mode: 0)
        }
        defer { try? calls.closeFile(descriptor) }
        return try body(descriptor)
    }

    /// Makes the names in a folder survive a power cut.
    func syncFolder(_ path: String) throws {
        try withOpenFile(path, flags: O_RDONLY | O_DIRECTORY) { descriptor in
            do {
                try uninterrupted { try calls.syncFile(descriptor) }
            } catch let failure as SystemCallError where failure.number == EINVAL || failure.number == ENOTSUP {
                // Some network and FUSE file systems have no such call for folders; their servers order names themselves.
            }
        }
    }

    /// Makes `path` and every folder above it that is missing, each durable in its parent before the next.
    ///
    /// - Parameter top: a folder that is not made: its absence is thrown.
    func makeFolders(_ path: String, below top: String) throws {
        do {
            try calls.makeFolder(path, mode: Self.folderMode)
        } catch let failure as SystemCallError where failure.number == EEXIST {
            return
        } catch let failure as SystemCallError where failure.number == ENOENT {
            let parent = Self.parent(of: path)
            guard parent != top else { throw failure }
            try makeFolders(parent, below: top)
            return try makeFolders(path, below: parent)
        }
        try syncFolder(Self.parent(of: path))
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}

// What a failure means depends on whether the store's own folder is sound.
extension LocalFiles {
    /// Runs `body` and gives every failed call its class and the object's name.
    ///
    /// - Parameters:
    ///   - action: what is done, as in `cannot read`.
    ///   - key: the object, or `nil` for the store itself.
    ///   - absent: what to return when the object, or a folder on the way to it, is not there though the store is;
    ///     `nil` throws.
    func classified<Answer>(
        _ action: String,
        _ key: ObjectKey?,
        absent: Answer? = nil,
        _ body: () throws -> Answer
    ) throws -> Answer {
        do {
            return try body()
        } catch let failure as SystemCallError {
            let subject = key.map { "\(action) '\($0)' in \(root)" } ?? "\(action) \(root)"
            if [ENOENT, ENOTDIR].contains(failure.number) {
                try checkRoot(failure)
                if let absent { return absent }
            }
            throw LocalErrors.error(failure, subject)
        }
    }

    /// Throws when the store's own folder is the reason why something below it was not found.
    private func checkRoot(_ failure: SystemCallError) throws {
        do {
            guard try calls.status(of: root, followLinks: true).kind != .folder else { return }
            throw ObjectStoreError(
                .locationInvalid,
                "\(root) is not a folder",
                hint: "Name a folder; it is made when it is missing.",
                cause: failure
            )
        } catch let second as SystemCallError where second.number == ENOTDIR {
            throw ObjectStoreError(
                .locationInvalid,
                "\(root) cannot be a folder: a part of its path is a file",
                hint: "Name a folder; it is made when it is missing.",
                cause: second
            )
        } catch let second as SystemCallError where second.number == ENOENT {
            throw ObjectStoreError(
                .locationMissing,
                "the folder \(root) does not exist",
                hint: "Is its volume mounted? If this is to be a new repository, run 'holdfast init' first.",
                cause: second
            )
        } catch let second as SystemCallError {
            throw LocalErrors.error(second, "cannot look at \(root)")
        }
    }
}
