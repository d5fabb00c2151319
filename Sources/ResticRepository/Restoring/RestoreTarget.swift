internal import Glibc
internal import NIOCore
internal import ResticCrypto
internal import ResticFormat

/// The system calls of a restore. All of them block.
enum RestoreTarget {
    // MARK: Folders

    /// Makes folders, parents first, private until their metadata is set at the end.
    static func makeFolders(_ folders: [(path: RawPath, node: Node?)], below target: RawPath) throws {
        try makeFolder(target, withParents: true)
        for folder in folders { try makeFolder(target.appending(folder.path.bytes), withParents: false) }
    }

    private static func makeFolder(_ path: RawPath, withParents: Bool) throws {
        if path.withCString({ mkdir($0, 0o700) }) == 0 { return }
        switch errno {
        case EEXIST:
            // A link to a folder is not one: following it would write outside the target.
            let status = try status(of: path)
            let isFolder = status.isDirectory || (withParents && status.isSymbolicLink)
            guard isFolder else {
                throw RepositoryError(
                    .target,
                    "\(path) is in the way: a folder has to be restored there",
                    hint: "Move it away, or restore into another folder."
                )
            }
        case ENOENT where withParents && path.parent != path:
            try makeFolder(path.parent, withParents: true)
            try makeFolder(path, withParents: true)
        default:
            throw failure(SystemCallError("mkdir", path))
        }
    }

    // MARK: Content

    static func makeFile(at path: RawPath, size: UInt64) throws {
        // A leftover of a restore that was killed.
        remove(path)
        let descriptor = path.withCString { path in
            retrying { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600) }
        }
        guard descriptor >= 0 else { throw failure(SystemCallError("open", path)) }
        defer { close(descriptor) }
        guard retrying({ ftruncate(descriptor, off_t(size)) }) == 0 else {
            throw failure(SystemCallError("ftruncate", path))
        }
    }

    static func write(_ content: ByteBuffer, to path: RawPath, at offset: Int64) throws {
        let descriptor = path.withCString { path in retrying { open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW) } }
        guard descriptor >= 0 else { throw failure(SystemCallError("open", path)) }
        defer { close(descriptor) }
        try content.withUnsafeReadableBytes { bytes in
            var done = 0
            while done < bytes.count, let base = bytes.baseAddress {
                let written = retrying {
                    pwrite(descriptor, base + done, bytes.count - done, off_t(offset) + off_t(done))
                }
                guard written > 0 else { throw failure(SystemCallError("write", path)) }
                done += written
            }
        }
    }

    static func remove(_ path: RawPath) {
        _ = path.withCString { unlink($0) }
    }

    /// Whether a file is there that has this node's content, by size and then blob by blob.
    static func holds(_ node: Node, blobs: [ResticID], lengths: [Int], at path: RawPath) throws -> Bool {
        guard let source = try? SourceFile(path), let status = try? source.status(), status.isRegularFile,
            status.size == node.size
        else { return false }
        var offset: Int64 = 0
        for (id, length) in zip(blobs, lengths) {
            let hasher = ContentHasher()
            var rest = length
            while rest > 0 {
                guard
                    case .bytes(let bytes) = try source.piece(at: offset, upTo: min(rest, 1 << 20), mayHaveHoles: false)
                else { return false }
                bytes.withUnsafeReadableBytes { hasher.update($0) }
                rest -= bytes.readableBytes
                offset += Int64(bytes.readableBytes)
            }
            guard hasher.finalize() == id else { return false }
        }
        return true
    }

    /// How what is at `path` differs from the node; `nil` when it does not.
    static func difference(of node: Node, _ blobs: [ResticID], _ lengths: [Int], at path: RawPath) throws -> String? {
        guard let status = try? FileStatus.ofLink(at: path) else { return "is missing" }
        guard GoFileMode.nodeType(GoFileMode.fromPOSIX(status.mode)) == node.type else { return "is of another kind" }
        guard node.type == .file else { return nil }
        guard status.size == node.size else { return "has \(status.size) bytes instead of \(node.size)" }
        // A file without read permission for its owner can still be compared by root; for others its size has to do.
        guard access(path) else { return nil }
        return try holds(node, blobs: blobs, lengths: lengths, at: path) ? nil : "has other content"
    }

    private static func access(_ path: RawPath) -> Bool {
        path.withCString { Glibc.access($0, R_OK) } == 0
    }

    // MARK: Metadata and names

    /// Gives everything its metadata and its name; folders last, deepest first, so that their times stay.
    static func finish(_ plan: RestorePlan, restoresOwners: Bool) throws -> RestoreReport {
        var report = RestoreReport()
        for (index, file) in plan.files.enumerated() {
            try finishFile(index, file, of: plan, restoresOwners: restoresOwners, report: &report)
        }
        for entry in plan.others {
            let path = plan.target.appending(entry.path.bytes)
            if try NodeMaker.make(entry.node, at: path) {
                NodeMetadata.apply(entry.node, to: path, restoresOwners: restoresOwners, warnings: &report.warnings)
                report.otherItems += 1
            } else {
                report.warnings.append(
                    "\(entry.path): a \(entry.node.type.rawValue) cannot be made by this user; left out"
                )
            }
        }
        for folder in plan.folders.reversed() {
            report.directories += 1
            guard let node = folder.node else { continue }
            NodeMetadata.apply(
                node,
                to: plan.target.appending(folder.path.bytes),
                restoresOwners: restoresOwners,
                warnings: &report.warnings
            )
        }
        return report
    }

    private static func finishFile(
        _ index: Int,
        _ file: RestorePlan.File,
        of plan: RestorePlan,
        restoresOwners: Bool,
        report: inout RestoreReport
    ) throws {
        let path = plan.path(of: file)
        if let first = file.linkedTo {
            try NodeMaker.link(path, to: plan.path(of: plan.files[first]))
            report.restoredFiles += 1
            return
        }
        if file.isPresent {
            NodeMetadata.apply(file.node, to: path, restoresOwners: restoresOwners, warnings: &report.warnings)
            report.unchangedFiles += 1
            return
        }
        let temporary = plan.temporaryPath(of: index)
        NodeMetadata.apply(file.node, to: temporary, restoresOwners: restoresOwners, warnings: &report.warnings)
        guard temporary.withCString({ old in path.withCString { rename(old, $0) } }) == 0 else {
            let error = SystemCallError("rename", path)
            remove(temporary)
            throw failure(error)
        }
        report.restoredFiles += 1
        report.restoredBytes += Int64(clamping: file.node.size)
    }

    static func status(of path: RawPath) throws -> FileStatus {
        do throws(SystemCallError) {
            return try FileStatus.ofLink(at: path)
        } catch {
            throw failure(error)
        }
    }

    static func failure(_ error: SystemCallError) -> RepositoryError {
        let isFull = error.number == ENOSPC || error.number == EDQUOT
        return RepositoryError(
            .target,
            "cannot restore \(error.path): \(error.call): \(error.reason)",
            hint: isFull ? "Free some space on the target's disk and run the command again." : nil,
            cause: error
        )
    }
}
