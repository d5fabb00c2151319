internal import ArgumentParser
internal import Foundation
internal import NIOCore
internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// What `holdfast repo cat` can show.
enum CatKind: String, CaseIterable, ExpressibleByArgument {
    case config, key, index, snapshot, lock, tree, pack, blob
}

/// `holdfast repo cat`
struct RepoCatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "Show one object of the repository, opened: its JSON as it is stored.",
        discussion: """
            A beginning of an id is enough where only one object has it. Of a pack its header is shown, of a blob the content.
            The master key is not shown: who has it reads and forges everything for ever, whatever passwords are changed.

              holdfast repo cat config
              holdfast repo cat snapshot 3c81d0aa | jq .tags
              holdfast repo cat tree latest:/documents/docs
              holdfast repo cat pack 025c1d06
              holdfast repo cat blob 420f620f > piece
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(
        help: ArgumentHelp(
            "What: \(CatKind.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "kind"
        )
    )
    var kind: String

    @Argument(help: ArgumentHelp("Its id; of a tree also POINT:PATH. None for config.", valueName: "id"))
    var id: String?

    func validate() throws {
        if ["masterkey", "master-key"].contains(kind.lowercased()) {
            throw ValidationError(
                """
                the master key is not shown: who has it reads and forges everything in the repository for ever, whatever \
                passwords are changed. No task needs it in plain; 'holdfast key add' gives another person access
                """
            )
        }
        guard let kind = CatKind(rawValue: kind) else {
            throw ValidationError(
                "there is no kind '\(kind)'; the kinds are \(CatKind.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        if kind == .config, id != nil { throw ValidationError("a repository has one config: leave the id out") }
        if kind != .config, id == nil {
            throw ValidationError(
                kind == .tree ? "name the tree: its id, or POINT:PATH" : "name the \(kind.rawValue) by its id"
            )
        }
    }

    func run() async throws {
        guard let kind = CatKind(rawValue: kind) else { return }
        let session = try Session(common)
        let id = id ?? ""
        let repository = try await session.openRepository()
        let load: @Sendable () async throws -> ByteBuffer = {
            try await Self.load(kind, id, from: repository, session)
        }
        // Who looks at a lock that bars everybody must not be barred by it.
        let content =
            kind == .lock
            ? try await load() : try await repository.withLock(.shared, timing: Session.patientTiming, load)
        try await ResultStream.with { stream in
            try await stream.bytes(content)
            if kind != .blob, content.readableBytesView.last != 0x0A { try await stream.line("") }
        }
    }

    private static func load(_ kind: CatKind, _ id: String, from repository: Repository, _ session: Session)
        async throws
        -> ByteBuffer
    {
        switch kind {
        case .config: return ByteBuffer(bytes: try await repository.loadConfigBytes())
        case .key: return ByteBuffer(bytes: try await repository.loadKeyBytes(repository.find(.key, id)))
        case .index: return ByteBuffer(bytes: try await repository.load(.index, repository.find(.index, id)))
        case .lock: return ByteBuffer(bytes: try await repository.load(.lock, repository.find(.lock, id)))
        case .snapshot: return ByteBuffer(bytes: try await repository.load(.snapshot, repository.find(.snapshot, id)))
        case .pack: return try PackOutput(await repository.packContents(repository.find(.pack, id))).encode()
        case .blob:
            let indexed = try await repository.loadIndex()
            return try await indexed.load(indexed.find(.data, id), .data)
        case .tree:
            let indexed = try await repository.loadIndex()
            guard let colon = id.firstIndex(of: ":") else {
                return try await indexed.load(indexed.find(.tree, id), .tree)
            }
            return try await tree(String(id[..<colon]), String(id[id.index(after: colon)...]), in: indexed, session)
        }
    }

    /// The tree of a folder in a restore point or snapshot.
    private static func tree(
        _ reference: String,
        _ path: String,
        in repository: IndexedRepository,
        _ session: Session
    ) async throws -> ByteBuffer {
        let point = try await session.find(reference, in: repository)
        switch try await PointBrowser(point, in: repository).place(at: path) {
        case .entry(let entry):
            guard let subtree = entry.node.subtree else {
                throw RepositoryError(
                    .missing,
                    "'\(path)' is no folder: it has no tree",
                    hint: "Run 'holdfast repo dump' for the content of a file."
                )
            }
            return try await repository.load(subtree, .tree)
        case .top:
            guard point.trees.count == 1 else {
                throw RepositoryError(
                    .ambiguous,
                    "\(point.description) has \(point.trees.count) trees at its top",
                    hint: "Name a folder in it, or one of its snapshots: "
                        + point.snapshots.map { "\($0.id.short) (\($0.record.paths.joined(separator: ", ")))" }
                        .joined(separator: ", ") + "."
                )
            }
            return try await repository.load(point.trees[0], .tree)
        }
    }
}

/// A pack's header as JSON.
private struct PackOutput: Encodable {
    struct Blob: Encodable {
        let id: String
        let type: String
        let offset: UInt32
        let length: UInt32
        let contentLength: Int
        let isCompressed: Bool
    }
    let id: String
    let bytes: Int64
    let headerBytes: Int
    let blobs: [Blob]

    init(_ pack: PackContents) {
        id = pack.id.hex
        bytes = pack.byteCount
        headerBytes = pack.headerLength
        blobs = pack.blobs.map {
            Blob(
                id: $0.id.hex,
                type: $0.type.name,
                offset: $0.offset,
                length: $0.length,
                contentLength: $0.plaintextLength,
                isCompressed: $0.isCompressed
            )
        }
    }

    func encode() throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ByteBuffer(bytes: try encoder.encode(self))
    }
}
