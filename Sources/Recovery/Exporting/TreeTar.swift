internal import NIOCore
internal import ResticFormat
internal import ResticRepository
internal import TarArchive

/// Writes stored folders as one tar archive that every `tar` reads: regular files and folders, nothing sparse.
struct TreeTar {
    let repository: IndexedRepository
    /// What the archive cannot hold: links, devices.
    private(set) var skipped: [DumpReport.Skipped] = []
    private(set) var files = 0

    // The encoder alone: names are unique by the form of trees, and a registry of them would grow with the folder.
    private let encoder = TarEncoder()

    init(_ repository: IndexedRepository) {
        self.repository = repository
    }

    /// Adds what is in a folder.
    ///
    /// - Parameters:
    ///   - node: the folder.
    ///   - name: the name of the folder in the archive; `nil` puts what is in it at the top.
    mutating func add(_ node: Node, as name: String?, _ output: (ByteBuffer) async throws -> Void) async throws {
        let top = RawPath(name ?? "")
        if name != nil { try await output(encoder.header(for: Self.member(top, node, .directory))) }
        guard let tree = node.subtree else { return }
        var (skipped, files) = (skipped, files)
        let (encoder, repository) = (encoder, repository)
        try await repository.walk(tree) { entry in
            let path = name == nil ? entry.path : top.appending(entry.path.bytes)
            switch entry.node.type {
            case .dir:
                try await output(encoder.header(for: Self.member(path, entry.node, .directory)))
            case .file:
                try await Self.write(entry.node, as: path, repository, encoder, output)
                files += 1
            default:
                skipped.append(DumpReport.Skipped(path: path.description, type: entry.node.type.rawValue))
            }
            return true
        }
        (self.skipped, self.files) = (skipped, files)
    }

    /// Adds one file.
    mutating func addFile(_ node: Node, as path: RawPath, _ output: (ByteBuffer) async throws -> Void) async throws {
        try await Self.write(node, as: path, repository, encoder, output)
        files += 1
    }

    /// The end marker.
    func finish(_ output: (ByteBuffer) async throws -> Void) async throws {
        try await output(TarEncoder.endMarker)
    }

    private static func write(
        _ node: Node,
        as path: RawPath,
        _ repository: IndexedRepository,
        _ encoder: TarEncoder,
        _ output: (ByteBuffer) async throws -> Void
    ) async throws {
        let size = Int64(clamping: node.size)
        let member = try member(path, node, .file(size: size))
        try await output(encoder.header(for: member))
        var left = size
        for try await buffer in repository.content(of: node.content ?? []) {
            left -= Int64(buffer.readableBytes)
            guard left >= 0 else { break }
            try await output(buffer)
        }
        guard left == 0 else {
            throw RepositoryError(
                .damaged,
                "the blobs of \(path) do not hold the \(size) bytes that its folder says",
                hint: "Run 'holdfast verify' on the restore point, and export another one."
            )
        }
        let padding = encoder.padding(after: member)
        if padding.readableBytes > 0 { try await output(padding) }
    }

    private static func member(_ path: RawPath, _ node: Node, _ content: TarMember.Content) throws -> TarMember {
        TarMember(
            path: try TarPath(bytes: path.bytes),
            content: content,
            mode: node.posixPermissions,
            uid: node.uid,
            gid: node.gid,
            // The format of the archive knows no time before 1970.
            modificationTime: max(0, node.mtime.seconds)
        )
    }
}
