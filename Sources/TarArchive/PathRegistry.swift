/// The names an archive has used, so that no member replaces another.
///
/// Qdrant unpacks with overwriting turned off: a second file of a name, a file where a folder is, and a file that should be a
/// folder are errors there too. A directory announced twice is none (Qdrant 1.19.0, `lib/common/common/src/tar_unpack.rs`;
/// crate `tar` 0.4, `Entry::unpack_in`).
struct PathRegistry: Sendable {
    private enum Use { case file, directory }

    private let limits: TarLimits
    private var uses: [TarPath: Use] = [:]
    private var byteCount = 0

    init(limits: TarLimits) {
        self.limits = limits
    }

    /// Notes a member's name and the folders above it.
    mutating func insert(_ member: TarMember) throws(TarError) {
        let path = member.path
        let use: Use = member.content == .directory ? .directory : .file
        switch (uses[path], use) {
        case (nil, _): try remember(path, as: use)
        case (.directory, .directory): return
        case (.file, _), (.directory, _):
            throw TarError(
                .duplicatePath,
                "there are two members named '\(path)'",
                hint: "Qdrant never overwrites and would refuse this archive; make a new snapshot."
            )
        }
        try insertAncestors(of: path)
    }

    /// Stops at the first folder that is known: those above it are known as well.
    private mutating func insertAncestors(of path: TarPath) throws(TarError) {
        for ancestor in path.ancestors {
            switch uses[ancestor] {
            case .directory: return
            case .file:
                throw TarError(
                    .duplicatePath,
                    "member '\(path)' lies in '\(ancestor)', which is a file",
                    hint: "Qdrant would refuse this archive; make a new snapshot."
                )
            case nil: try remember(ancestor, as: .directory)
            }
        }
    }

    private mutating func remember(_ path: TarPath, as use: Use) throws(TarError) {
        byteCount += path.bytes.count
        guard uses.count < limits.paths, byteCount <= limits.pathBytes else {
            throw TarError(
                .limitExceeded,
                "the archive has more than \(limits.paths) names or \(limits.pathBytes) bytes of names",
                hint: "Is this a Qdrant snapshot? They have some thousand members; raise the limits if it is."
            )
        }
        uses[path] = use
    }
}
