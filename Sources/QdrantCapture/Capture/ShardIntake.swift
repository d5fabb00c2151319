internal import NIOCore
internal import ResticFormat
internal import ResticRepository
internal import TarArchive

/// A file of a captured shard.
struct CapturedFile: Sendable {
    let path: String
    let content: StoredContent
    /// Bytes that were transferred; the rest of its length are holes.
    let dataBytes: Int64
}

/// Unpacks one shard's archive into the repository while it streams in. Nothing is buffered, and nothing is written to a disk.
struct ShardIntake {
    private let writer: BlobWriter
    private let label: String
    private var current: Current = .nothing
    private(set) var files: [CapturedFile] = []
    private(set) var folders: Set<String> = []
    /// Bytes of data of the current file, holes not counted.
    private var dataBytes: Int64 = 0

    private enum Current {
        case nothing
        case folder
        case file(String, ContentWriter)
        case segment(SegmentIntake)
    }

    init(writer: BlobWriter, label: String) {
        self.writer = writer
        self.label = label
    }

    /// Begins a member by its path inside the shard.
    mutating func begin(_ path: String, _ member: TarMember) throws {
        let isDirectory = member.content == .directory
        switch ShardPath.place(path, isDirectory: isDirectory) {
        case .file(let path):
            current = .file(path, writer.makeContent())
        case .folder(let path):
            folders.insert(path)
            current = .folder
        case .nestedSegment(let segment):
            current = .segment(SegmentIntake(segment, of: member))
        case nil:
            throw foreign("it holds '\(path)', which no Qdrant shard has")
        }
    }

    /// Takes content of the current member.
    mutating func take(_ event: TarEvent) async throws {
        switch current {
        case .nothing, .folder:
            break
        case .file(let path, var content):
            try await feed(event, to: &content)
            current = .file(path, content)
        case .segment(var segment):
            current = .nothing
            var inner: [TarEvent] = []
            try segment.feed(event) { inner.append($0) }
            for event in inner { try await take(event, in: &segment) }
            current = .segment(segment)
        }
    }

    /// Ends the current member.
    mutating func end() async throws {
        switch current {
        case .nothing, .folder:
            break
        case .file(let path, var content):
            try await add(path, &content)
        case .segment(let segment):
            try segment.finish()
        }
        current = .nothing
    }

    /// Checks that what came is a whole shard. Call it when the archive has ended.
    ///
    /// - Throws: ``CaptureError/Code/foreignArchive`` naming what is missing.
    func checkComplete() throws {
        let names = Set(files.map(\.path))
        let segments = Set(
            names.filter { $0.hasPrefix("segments/") }.compactMap { $0.split(separator: "/").dropFirst().first }
        )
        guard !segments.isEmpty else { throw foreign("it holds no segments") }
        for segment in segments.sorted() {
            for required in ["segment.json", "version.info"] where !names.contains("segments/\(segment)/\(required)") {
                throw foreign("segment \(segment) lacks \(required)")
            }
        }
        guard names.contains("shard_config.json") else { throw foreign("it lacks shard_config.json") }
    }

    private mutating func add(_ path: String, _ content: inout ContentWriter) async throws {
        files.append(CapturedFile(path: path, content: try await content.finish(), dataBytes: dataBytes))
        dataBytes = 0
    }

    private mutating func feed(_ event: TarEvent, to content: inout ContentWriter) async throws {
        switch event {
        case .data(let buffer):
            dataBytes += Int64(buffer.readableBytes)
            try await content.feed(buffer)
        case .hole(let length):
            try await content.feedHole(length)
        case .beginMember, .endMember, .endOfArchive:
            break
        }
    }

    /// Takes an event of a nested segment archive.
    private mutating func take(_ event: TarEvent, in segment: inout SegmentIntake) async throws {
        switch event {
        case .beginMember(let member):
            let isDirectory = member.content == .directory
            switch ShardPath.place(member.path.string, inSegment: segment.name, isDirectory: isDirectory) {
            case .file(let path):
                segment.file = (path, writer.makeContent())
            case .folder(let path):
                folders.insert(path)
            case .nestedSegment, nil:
                throw foreign(
                    "segment \(segment.name) holds '\(member.path)', which segments of 1.13 and later do not have"
                )
            }
        case .data, .hole:
            guard var file = segment.file else { break }
            try await feed(event, to: &file.content)
            segment.file = file
        case .endMember:
            guard var file = segment.file else { break }
            segment.file = nil
            try await add(file.path, &file.content)
        case .endOfArchive:
            break
        }
    }

    private func foreign(_ reason: String) -> CaptureError {
        CaptureError(
            .foreignArchive,
            "the archive of \(label) is not a usable shard snapshot: \(reason)",
            hint: "Is this the server that you meant, and is its version 1.13 or later? Nothing was recorded."
        )
    }
}

/// A nested segment archive while it streams through.
private struct SegmentIntake {
    let name: String
    private var parser: NestedTarParser
    var file: (path: String, content: ContentWriter)?

    init(_ name: String, of member: TarMember) {
        self.name = name
        parser = NestedTarParser(of: member)
    }

    mutating func feed(_ event: TarEvent, _ emit: (TarEvent) throws -> Void) throws {
        try parser.feed(event, emit)
    }

    func finish() throws {
        var parser = parser
        try parser.finish()
    }
}
