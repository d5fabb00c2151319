internal import NIOCore
internal import ObjectStorage

internal import struct Synchronization.Atomic

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// Set from the task that waits, read by the thread that writes.
final class CancellationFlag: Sendable {
    private let isSet = Atomic(false)

    func set() {
        isSet.store(true, ordering: .relaxed)
    }

    func check() throws {
        if isSet.load(ordering: .relaxed) { throw CancellationError() }
    }
}

// Order of a write: temporary file, bytes, mode, sync, close, name, folder sync. Until the name is given, nothing is seen;
// when the last step has returned, a power cut takes nothing back.
extension LocalFiles {
    /// How much is handed to the kernel at once: large enough to cost nothing, small enough that a cancelled write ends
    /// soon.
    private static let writeLength = 4 * 1024 * 1024

    /// Stores `body` under `key`, whole and durable.
    ///
    /// - Parameter isDurable: `false` saves the sync of the folder: a power cut may then take the object, but not its content
    ///   alone, since an empty lock would keep everybody out.
    func put(
        _ body: ByteBuffer,
        at key: ObjectKey,
        policy: PutPolicy,
        isDurable: Bool = true,
        flag: CancellationFlag
    ) throws {
        let name = key.name
        guard !key.path.split(separator: "/").contains(where: TemporaryName.isUnfinished) else {
            throw ObjectStoreError(
                .locationInvalid,
                "cannot store '\(key)': such names are kept for unfinished files",
                hint: "Choose a name that does not end in '-tmp-' and digits."
            )
        }
        let target = path(of: key)
        let folder = Self.parent(of: target)
        let temporary = "\(folder)/\(TemporaryName.make(for: name))"
        try classified("cannot write", key) {
            if policy == .refuseExisting { try refuse(target, key) }
            let descriptor = try create(temporary, in: folder)
            do {
                try fill(descriptor, with: body, flag)
                try give(temporary, the: target, key, policy)
            } catch {
                try? calls.removeFile(temporary)
                throw error
            }
            if isDurable { try keep(target, in: folder, policy) }
        }
    }

    /// A look before the work, so that storing what is there already costs one call and not a written file.
    private func refuse(_ target: String, _ key: ObjectKey) throws {
        guard (try? calls.status(of: target, followLinks: false)) != nil else { return }
        throw alreadyExists(key, nil)
    }

    private func alreadyExists(_ key: ObjectKey, _ cause: (any Error)?) -> ObjectStoreError {
        ObjectStoreError(.alreadyExists, "'\(key)' exists already in \(root)", cause: cause)
    }

    /// Opens the temporary file; makes the folders below the store's own that it needs.
    private func create(_ temporary: String, in folder: String) throws -> Int32 {
        func open() throws -> Int32 {
            // The owner may write until the mode is set: some network file systems judge every write anew.
            try uninterrupted {
                try calls.openFile(temporary, flags: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode: 0o600)
            }
        }
        do {
            return try open()
        } catch let failure as SystemCallError where failure.number == ENOENT && folder != root {
            try makeFolders(folder, below: root)
            return try open()
        }
    }

    /// Writes everything, sets the mode, syncs and closes.
    private func fill(_ descriptor: Int32, with body: ByteBuffer, _ flag: CancellationFlag) throws {
        do {
            try body.withUnsafeReadableBytes { try writeAll(descriptor, $0, flag) }
            try setMode(descriptor)
            // Never a second try on EIO: the kernel has already forgotten which pages it lost.
            try uninterrupted { try calls.syncFile(descriptor) }
        } catch {
            try? calls.closeFile(descriptor)
            throw error
        }
        do {
            try calls.closeFile(descriptor)
        } catch let failure as SystemCallError where failure.number == EINTR {
            // Linux has closed it all the same, and the bytes are synced.
        }
    }

    private func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ flag: CancellationFlag) throws {
        var rest = bytes[...]
        rest = rest.dropFirst(try writeDirectly(descriptor, bytes, flag))
        while !rest.isEmpty {
            try flag.check()
            rest = rest.dropFirst(
                try write(descriptor, UnsafeRawBufferPointer(rebasing: rest.prefix(Self.writeLength)))
            )
        }
    }

    private func write(_ descriptor: Int32, _ piece: UnsafeRawBufferPointer) throws -> Int {
        let count = try uninterrupted { try calls.writeBytes(descriptor, piece) }
        // No file system may answer 0 here; one that does would have us here for ever.
        guard count > 0 else { throw SystemCallError("write", EIO) }
        return count
    }

    /// What direct writing asks of memory, places and lengths: the page size, which is more than any disk's sector.
    private static let directAlignment = 4096
    /// Shorter objects are not worth two calls more.
    private static let directLength = 1024 * 1024

    /// Writes the beginning of a large object past the page cache, where its memory and the file system allow it.
    ///
    /// The object is synced in any case before its name is given, so nothing is gained by the cache: it costs a copy of every
    /// byte, and the pages of other programs, such as the database that is being backed up.
    ///
    /// - Returns: how many bytes were written; the caller writes the rest in the common way.
    private func writeDirectly(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ flag: CancellationFlag) throws
        -> Int
    {
        let length = bytes.count / Self.directAlignment * Self.directAlignment
        guard bytes.count >= Self.directLength, Int(bitPattern: bytes.baseAddress) % Self.directAlignment == 0,
            (try? calls.setDirectWriting(descriptor, true)) != nil
        else { return 0 }
        var done = 0
        do {
            // A short write that ends within a page is left to the cache, too.
            while done < length, done % Self.directAlignment == 0 {
                try flag.check()
                let end = min(length, done + Self.writeLength)
                done += try write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[done..<end]))
            }
        } catch let failure as SystemCallError where failure.number == EINVAL {
            // Some file systems take the flag and refuse the write.
        }
        try calls.setDirectWriting(descriptor, false)
        return done
    }

    private func setMode(_ descriptor: Int32) throws {
        do {
            try calls.setMode(descriptor, Self.objectMode)
        } catch let failure as SystemCallError where [EPERM, ENOTSUP, ENOSYS].contains(failure.number) {
            // FAT and many network file systems have no modes; restic goes on as well.
        }
    }

    /// Syncs the folder; when that fails, a new object is taken away again, for a failed `put` leaves nothing.
    private func keep(_ target: String, in folder: String, _ policy: PutPolicy) throws {
        do {
            try syncFolder(folder)
        } catch {
            if policy == .refuseExisting { try? calls.removeFile(target) }
            throw error
        }
    }
}

// Giving the name.
extension LocalFiles {
    private func give(_ temporary: String, the target: String, _ key: ObjectKey, _ policy: PutPolicy) throws {
        switch policy {
        case .replaceExisting, .contentNamed:
            try calls.renameFile(temporary, to: target)
        case .refuseExisting:
            do {
                try renameWithoutReplacing(temporary, to: target)
            } catch let failure as SystemCallError where failure.number == EEXIST {
                throw alreadyExists(key, failure)
            }
        }
    }

    /// A link is the one portable way to give a name only if it is free, in one step, whoever else tries.
    private func renameWithoutReplacing(_ temporary: String, to target: String) throws {
        do {
            try calls.linkFile(temporary, to: target)
        } catch let failure as SystemCallError
            where [EPERM, EINVAL, ENOSYS, ENOTSUP, EOPNOTSUPP, EMLINK].contains(failure.number)
        {
            return try renameUnderLock(temporary, to: target)
        }
        // The object is there: a first name that stays is a leftover, not a failure.
        try? calls.removeFile(temporary)
    }

    /// For file systems without links (FAT, some FUSE ones): look and rename, one writer at a time.
    ///
    /// The lock on the store's folder keeps out writers of this host. Against another host on such a file system nothing
    /// does; there two writers of one key store equal bytes, since keys are hashes of them.
    private func renameUnderLock(_ temporary: String, to target: String) throws {
        try withOpenFile(root, flags: O_RDONLY | O_DIRECTORY) { descriptor in
            do {
                try uninterrupted { try calls.lockFile(descriptor) }
            } catch let failure as SystemCallError where [EINVAL, ENOSYS, ENOTSUP, ENOLCK].contains(failure.number) {}
            if (try? calls.status(of: target, followLinks: false)) != nil { throw SystemCallError("rename", EEXIST) }
            try calls.renameFile(temporary, to: target)
        }
    }

    /// Removes an object, durably unless that is not wanted.
    func delete(_ key: ObjectKey, isDurable: Bool = true) throws -> Bool {
        let target = path(of: key)
        return try classified("cannot delete", key, absent: false) {
            do {
                try calls.removeFile(target)
            } catch let failure as SystemCallError
                where failure.number == EISDIR || (failure.number == EPERM && isFolder(target))
            {
                // Linux says EISDIR, POSIX says EPERM: a folder is no object.
                return false
            }
            if isDurable { try syncFolder(Self.parent(of: target)) }
            return true
        }
    }

    private func isFolder(_ path: String) -> Bool {
        (try? calls.status(of: path, followLinks: false))?.kind == .folder
    }
}
