internal import Locks
internal import ObjectStorage

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// A walk through the objects below a folder, one page after another; at most one folder is open at a time.
///
/// Folders and files that vanish meanwhile are passed over: other programs may prune. Links to files count as files.
/// Links to folders are followed only in the topmost level, where people move `data` to another disk; deeper, a link
/// could lead round in a circle.
final class FolderWalk: Sendable {
    private struct State: ~Copyable {
        /// Paths relative to the store's folder, still to be read; the empty one is the store itself.
        var pending: [String]
        var open: (path: String, handle: FolderHandle)?
    }

    private let files: LocalFiles
    private let state: Mutex<State>

    init(_ files: LocalFiles, under prefix: ObjectKey?) {
        self.files = files
        state = Mutex(State(pending: [prefix?.path ?? ""], open: nil))
    }

    deinit {
        state.withLock { state in
            if let open = state.open { files.calls.closeFolder(open.handle) }
        }
    }

    /// - Returns: up to `limit` entries; an empty page means that the walk is over.
    func nextPage(limit: Int) throws -> [ObjectEntry] {
        try state.withLock { state in
            var page: [ObjectEntry] = []
            while page.count < limit {
                guard try openNext(&state), let (path, handle) = state.open else { break }
                guard let name = try next(in: handle) else {
                    files.calls.closeFolder(handle)
                    state.open = nil
                    continue
                }
                guard name != ".", name != "..", !TemporaryName.isUnfinished(name) else { continue }
                try visit(path.isEmpty ? name : "\(path)/\(name)", &state.pending, &page)
            }
            return page
        }
    }

    /// Opens the next folder unless one is open.
    ///
    /// - Returns: `false` when there is none left.
    private func openNext(_ state: inout State) throws -> Bool {
        while state.open == nil, let path = state.pending.popLast() {
            let full = path.isEmpty ? files.root : "\(files.root)/\(path)"
            // Reports the store's own folder as missing, any other as empty.
            let handle = try files.classified("cannot list", ObjectKey(path), absent: .some(FolderHandle?.none)) {
                () -> FolderHandle? in
                try files.uninterrupted { try files.calls.openFolder(full) }
            }
            if let handle { state.open = (path, handle) }
        }
        return state.open != nil
    }

    private func next(in handle: FolderHandle) throws -> String? {
        try files.classified("cannot list", nil, absent: .some(String?.none)) {
            try files.uninterrupted { try files.calls.nextName(in: handle) }
        }
    }

    private func visit(_ path: String, _ pending: inout [String], _ page: inout [ObjectEntry]) throws {
        // Foreign files (`lost+found`) have names that no object can have.
        guard let key = ObjectKey(path) else { return }
        let full = files.path(of: key)
        let isTop = !path.utf8.contains(UInt8(ascii: "/"))
        let status: FileStatus? = try files.classified("cannot look at", key, absent: .some(nil)) {
            let own = try files.calls.status(of: full, followLinks: false)
            guard own.kind == .symbolicLink else { return own }
            let target = try files.calls.status(of: full, followLinks: true)
            return target.kind == .folder && !isTop ? nil : target
        }
        switch status?.kind {
        case .folder: pending.append(path)
        case .file: page.append(ObjectEntry(key: key, byteCount: status?.byteCount ?? 0))
        default: break
        }
    }
}
