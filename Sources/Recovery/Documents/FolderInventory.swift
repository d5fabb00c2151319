internal import Locks
internal import ResticFormat

/// How many files of a kind there are.
public struct FileCount: Sendable, Hashable, Codable {
    /// How many.
    public var files: Int
    /// Their length in bytes.
    public var bytes: Int64
}

/// What a folder of documents turns out to hold while it is archived: counts by extension, a digest of the content, and the paths
/// where somebody needs them.
final class FolderInventory: Sendable {
    /// More different extensions than this are summed up under ``rest``.
    static let extensionLimit = 200
    /// What sums up the rarest extensions.
    static let rest = "*"

    private struct State {
        var digests: [ResticID: ResticID] = [:]
        var extensions: [String: FileCount] = [:]
        var paths: Set<String> = []
    }
    private let state = Mutex(State())
    private let keepsPaths: Bool

    init(keepsPaths: Bool) {
        self.keepsPaths = keepsPaths
    }

    /// Takes a folder whose tree is stored, and those in it before.
    func add(_ path: [UInt8], _ tree: ResticID, _ nodes: [Node]) {
        state.withLock { state in
            let digest = ContentDigest.of(nodes) { state.digests[$0] }
            state.digests[tree] = digest
            for node in nodes where node.type == .file {
                state.extensions[Self.fileExtension(of: node.name), default: FileCount(files: 0, bytes: 0)]
                    .add(1, Int64(clamping: node.size))
                guard keepsPaths else { continue }
                let full = path.isEmpty ? node.name : path + [UInt8(ascii: "/")] + node.name
                state.paths.insert(String(decoding: full, as: UTF8.self))
            }
        }
    }

    /// The digest of a folder that was added.
    func digest(of tree: ResticID) -> ResticID? { state.withLock { $0.digests[tree] } }

    /// The paths of all files, relative to the folder.
    var paths: Set<String> { state.withLock { $0.paths } }

    /// Files by extension, the rarest summed up.
    var extensions: [String: FileCount] {
        let all = state.withLock { $0.extensions }
        guard all.count > Self.extensionLimit else { return all }
        let order = all.sorted { ($1.value.files, $0.key) < ($0.value.files, $1.key) }
        var kept = Dictionary(uniqueKeysWithValues: order.prefix(Self.extensionLimit).map { ($0.key, $0.value) })
        for (_, count) in order.dropFirst(Self.extensionLimit) {
            kept[Self.rest, default: FileCount(files: 0, bytes: 0)].add(count.files, count.bytes)
        }
        return kept
    }

    /// What stands behind the last dot of a name, ASCII letters small; empty where there is none or only a first one (`.env`).
    static func fileExtension(of name: [UInt8]) -> String {
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return "" }
        let bytes = name[(dot + 1)...].map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension FileCount {
    mutating func add(_ files: Int, _ bytes: Int64) {
        self.files += files
        self.bytes += bytes
    }
}
