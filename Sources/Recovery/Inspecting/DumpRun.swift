public import NIOCore
internal import ResticFormat
public import ResticRepository
internal import TarArchive

/// What a dump gave out.
public struct DumpReport: Sendable, Hashable {
    /// Something that an archive of ours cannot hold.
    public struct Skipped: Sendable, Hashable {
        /// Where, below the top.
        public let path: String
        /// What it is: `symlink`, `fifo`, …
        public let type: String
    }

    /// Whether it is a tar archive: of a folder.
    public var isArchive = false
    /// Regular files.
    public var files = 0
    /// Bytes given out, headers of the archive included.
    public var bytes: Int64 = 0
    /// What was left out.
    public var skipped: [Skipped] = []

    /// Makes an empty report.
    public init() {}
}

/// Gives out the content of a stored file as it is, or a folder as a tar archive, as a stream.
public struct DumpRun: Sendable {
    private let repository: IndexedRepository
    private let browser: PointBrowser

    /// Makes a run.
    public init(_ point: PointInTime, in repository: IndexedRepository) {
        self.repository = repository
        browser = PointBrowser(point, in: repository)
    }

    /// Gives out what is at a path, piece by piece. A few pieces of 4 MiB at most are in memory.
    ///
    /// Every blob of a file is looked up before its first byte is given out, and every byte is authenticated and hashed; a
    /// damaged one ends the run in the middle.
    ///
    /// - Parameter path: as for ``PointBrowser/place(at:)``; the names in an archive are whole paths without the first `/`.
    /// - Throws: ``/ResticRepository/RepositoryError/Code/missing`` and
    ///   ``/ResticRepository/RepositoryError/Code/damaged``; ``RecoveryError/Code/nothingToDo`` for what is neither a file
    ///   nor a folder.
    public func run(_ path: String, _ output: (ByteBuffer) async throws -> Void) async throws -> DumpReport {
        let place = try await browser.place(at: path)
        if case .entry(let entry) = place, entry.node.type == .file {
            var report = DumpReport()
            report.bytes = try await content(entry, entry.node.content ?? [], Int64(clamping: entry.node.size), output)
            report.files = 1
            return report
        }
        guard try await browser.nodes(in: place) != nil else {
            let type = if case .entry(let entry) = place { entry.node.type.rawValue } else { "nothing" }
            throw RecoveryError(
                .nothingToDo,
                "'\(path)' is a \(type): it has no content",
                hint: "Run 'holdfast repo ls --long' to see what it is."
            )
        }
        return try await archive(place, output)
    }

    private func archive(
        _ place: PointBrowser.Place,
        _ output: (ByteBuffer) async throws -> Void
    ) async throws -> DumpReport {
        var report = DumpReport()
        report.isArchive = true
        // The encoder alone: names are unique by the form of trees, and a registry of them would grow with the folder.
        let encoder = TarEncoder()
        func send(_ buffer: ByteBuffer) async throws {
            guard buffer.readableBytes > 0 else { return }
            report.bytes += Int64(buffer.readableBytes)
            try await output(buffer)
        }
        func add(_ entry: TreeEntry) async throws {
            switch entry.node.type {
            case .dir:
                try await send(encoder.header(for: Self.member(entry, .directory)))
            case .file:
                let size = Int64(clamping: entry.node.size)
                let extents = try await repository.extents(of: entry.node.content ?? [], size: size)
                let data = extents.filter { !$0.isHole }
                let map = try SparseMap(
                    size: size,
                    extents: data.map { SparseMap.Extent(offset: $0.offset, length: $0.length) }
                )
                let member = try Self.member(entry, .sparseFile(map))
                try await send(encoder.header(for: member))
                report.bytes += try await content(entry, data.flatMap(\.blobs), member.dataSize, output)
                try await send(encoder.padding(after: member))
                report.files += 1
            default:
                report.skipped.append(DumpReport.Skipped(path: "/\(entry.path)", type: entry.node.type.rawValue))
            }
        }
        if case .entry(let folder) = place { try await add(folder) }
        try await browser.list(in: place, isRecursive: true) { try await add($0) }
        try await send(TarEncoder.endMarker)
        return report
    }

    /// Sends the content of blobs and makes sure that it is as long as it has to be.
    private func content(
        _ entry: TreeEntry,
        _ blobs: [ResticID],
        _ length: Int64,
        _ output: (ByteBuffer) async throws -> Void
    ) async throws -> Int64 {
        let known = try repository.contentLength(of: blobs)
        guard known == length else {
            throw RepositoryError(
                .damaged,
                "the blobs of /\(entry.path) hold \(known) bytes; \(length) were expected"
            )
        }
        for try await buffer in repository.content(of: blobs) { try await output(buffer) }
        return length
    }

    private static func member(_ entry: TreeEntry, _ content: TarMember.Content) throws -> TarMember {
        TarMember(
            path: try TarPath(bytes: entry.path.bytes),
            content: content,
            mode: entry.node.posixPermissions,
            uid: entry.node.uid,
            gid: entry.node.gid,
            // The format of the archive knows no time before 1970.
            modificationTime: max(0, entry.node.mtime.seconds)
        )
    }
}

extension IndexedRepository {
    /// How long the content of blobs is, by the index.
    ///
    /// - Throws: ``/ResticRepository/RepositoryError/Code/missing`` for one that no index names.
    fileprivate func contentLength(of blobs: [ResticID]) throws -> Int64 {
        try blobs.reduce(0) { sum, id in
            guard let location = location(of: id, .data) else {
                throw RepositoryError(
                    .missing,
                    "data blob \(id.short) is in no index of the repository",
                    hint: "Run 'holdfast repo check' to see what else it hits."
                )
            }
            return sum + Int64(location.contentLength)
        }
    }
}
