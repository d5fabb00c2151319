internal import Glibc
internal import ResticRepository
internal import SystemPackage

/// The files of a set as they are on the disk. Listing blocks.
struct ConfigurationFolder: Sendable {
    /// A file that the patterns choose.
    struct Entry: Sendable {
        /// Below the folder.
        let path: String
        let status: PlainStatus
    }

    /// What a walk found, each in the order of the paths.
    struct Listing: Sendable {
        var files: [Entry] = []
        /// Folders that files are in, and those above them; the set's own has an empty path.
        var folders: [SealedIndex.Folder] = []
        var skipped: [SkippedItem] = []
    }

    let root: String
    let selection: PathSelection

    /// - Throws: ``/ResticRepository/RepositoryError/Code/source`` when the folder itself cannot be read.
    func list() throws -> Listing {
        var listing = Listing()
        var folders: [String: PlainStatus] = [:]
        do {
            guard let status = try PlainStatus(at: root, follows: true) else { throw Errno.noSuchFileOrDirectory }
            folders[""] = status
            try walk("", into: &listing, &folders)
        } catch let error as Errno {
            throw RepositoryError(
                .source,
                "the folder '\(root)' of the configuration cannot be read: \(error.description)",
                hint: "Does it exist, is its disk mounted, and may this user read it?"
            )
        }
        listing.files.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        listing.skipped.sort { $0.path < $1.path }
        let used = listing.files.reduce(into: Set([""])) { used, file in
            var components = file.path.split(separator: "/").dropLast()
            while !components.isEmpty, used.insert(components.joined(separator: "/")).inserted {
                components.removeLast()
            }
        }
        listing.folders = used.sorted().compactMap { path in
            folders[path].map { .init(path: path, mode: $0.mode, uid: $0.uid, gid: $0.gid) }
        }
        return listing
    }

    private func walk(_ below: String, into listing: inout Listing, _ folders: inout [String: PlainStatus]) throws {
        try Task.checkCancellation()
        for name in try Self.names(in: below.isEmpty ? root : root + "/" + below) {
            guard let name = String(validating: name, as: UTF8.self) else {
                let shown = (below.isEmpty ? "" : below + "/") + String(decoding: name, as: UTF8.self)
                if selection.selects((below.isEmpty ? [] : Array(below.utf8) + [0x2F]) + name) {
                    listing.skipped.append(.init(kind: .unsupported, path: shown, reason: "the name is not UTF-8"))
                }
                continue
            }
            let path = below.isEmpty ? name : below + "/" + name
            do {
                guard let status = try PlainStatus(at: root + "/" + path) else { continue }
                try take(path, status, into: &listing, &folders)
            } catch let error as Errno {
                guard selection.selects(path.utf8) || selection.decision(forFolder: path.utf8) == .enter else {
                    continue
                }
                listing.skipped.append(.init(kind: .unreadable, path: path, reason: error.description))
            }
        }
    }

    private func take(
        _ path: String,
        _ status: PlainStatus,
        into listing: inout Listing,
        _ folders: inout [String: PlainStatus]
    ) throws {
        switch status.kind {
        case .file:
            if selection.selects(path.utf8) { listing.files.append(Entry(path: path, status: status)) }
        case .folder:
            guard selection.decision(forFolder: path.utf8) == .enter else { return }
            folders[path] = status
            try walk(path, into: &listing, &folders)
        case .link:
            let target = try? PlainStatus(at: root + "/" + path, follows: true)
            let isWanted =
                selection.selects(path.utf8)
                || (target?.kind == .folder && selection.decision(forFolder: path.utf8) == .enter)
            guard isWanted else { return }
            let reason = "symbolic links are not followed: name the folder that has the file itself"
            listing.skipped.append(.init(kind: .unsupported, path: path, reason: reason))
        case .other:
            guard selection.selects(path.utf8) else { return }
            listing.skipped.append(.init(kind: .unsupported, path: path, reason: "it is no regular file"))
        }
    }

    /// The names in a folder, but for `.` and `..`, in their order.
    private static func names(in folder: String) throws(Errno) -> [[UInt8]] {
        guard let stream = opendir(folder) else { throw Errno(rawValue: errno) }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw Errno(rawValue: errno) }
                break
            }
            let name = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }
}
