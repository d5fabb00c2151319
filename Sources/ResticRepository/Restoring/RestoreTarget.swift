internal import Glibc
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

    static func remove(_ path: RawPath) {
        _ = path.withCString { unlink($0) }
    }

    // MARK: Metadata and names

    /// Gives the files of a part of the plan their names; they are complete otherwise. Links to other files come later.
    static func nameFiles(_ part: Range<Int>, of plan: RestorePlan, restoresOwners: Bool) throws -> RestoreReport {
        var report = RestoreReport()
        for index in part where plan.files[index].linkedTo == nil {
            let file = plan.files[index]
            let path = plan.path(of: file)
            if file.isPresent {
                NodeMetadata.apply(
                    file.node,
                    to: .named(path),
                    restoresOwners: restoresOwners,
                    warnings: &report.warnings
                )
                report.unchangedFiles += 1
                continue
            }
            let temporary = plan.temporaryPath(of: index)
            guard temporary.withCString({ old in path.withCString { rename(old, $0) } }) == 0 else {
                let error = SystemCallError("rename", path)
                remove(temporary)
                throw failure(error)
            }
            report.restoredFiles += 1
            report.restoredBytes += Int64(clamping: file.node.size)
        }
        return report
    }

    /// Makes everything that is not a file of its own, then gives folders their metadata; deepest first, so that their
    /// times stay.
    static func finish(_ plan: RestorePlan, restoresOwners: Bool, report: inout RestoreReport) throws {
        for file in plan.files {
            guard let first = file.linkedTo else { continue }
            try NodeMaker.link(plan.path(of: file), to: plan.path(of: plan.files[first]))
            report.restoredFiles += 1
        }
        for entry in plan.others {
            let path = plan.target.appending(entry.path.bytes)
            if try NodeMaker.make(entry.node, at: path) {
                NodeMetadata.apply(
                    entry.node,
                    to: .named(path),
                    restoresOwners: restoresOwners,
                    warnings: &report.warnings
                )
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
                to: .named(plan.target.appending(folder.path.bytes)),
                restoresOwners: restoresOwners,
                warnings: &report.warnings
            )
        }
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
