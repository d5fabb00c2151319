internal import ArgumentParser
internal import ObjectStorage
internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// What `holdfast repo list` can list.
enum ListedKind: String, CaseIterable, ExpressibleByArgument {
    case snapshots, packs, blobs, index, keys, locks

    /// The folder of files; `nil` for blobs.
    var fileKind: FileKind? {
        switch self {
        case .snapshots: .snapshot
        case .packs: .pack
        case .blobs: nil
        case .index: .index
        case .keys: .key
        case .locks: .lock
        }
    }
}

/// `holdfast repo list`
struct RepoListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the ids of the files or blobs of the repository.",
        discussion: """
            One a line, in no particular order; blobs as their indexes name them, with their type. Listing locks takes none.

              holdfast repo list snapshots
              holdfast repo list blobs | grep ^tree | wc -l
              holdfast repo list packs --json
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(
        help: ArgumentHelp(
            "What: \(ListedKind.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "kind"
        )
    )
    var kind: ListedKind

    private struct FileOutput: Encodable {
        let id: String
        let bytes: Int64
    }

    private struct BlobOutput: Encodable {
        let id: String
        let type: String
        let pack: String
        let offset: UInt32
        let length: UInt32
        let contentLength: Int
        let isCompressed: Bool
    }

    func run() async throws {
        let session = try Session(common)
        let (kind, isJSON) = (kind, common.json)
        let repository = try await session.openRepository()
        try await ResultStream.with { stream in
            let work: @Sendable () async throws -> Void = {
                guard isJSON else { return try await Self.list(kind, of: repository, to: stream, nil) }
                try await JSONList.write(to: stream) { try await Self.list(kind, of: repository, to: stream, $0) }
            }
            // Who looks for a lock that bars everybody must not be barred by it.
            if kind == .locks {
                try await work()
            } else {
                try await repository.withLock(.shared, timing: Session.patientTiming, work)
            }
        }
    }

    private static func list(
        _ kind: ListedKind,
        of repository: Repository,
        to stream: ResultStream,
        _ json: JSONList?
    ) async throws {
        guard let fileKind = kind.fileKind else { return try await listBlobs(of: repository, to: stream, json) }
        try await repository.store.list(under: fileKind.folder) { page in
            for entry in page {
                guard let id = fileKind.id(in: entry.key) else { continue }
                if let json {
                    try await json.add(FileOutput(id: id.hex, bytes: entry.byteCount))
                } else {
                    try await stream.line(id.hex)
                }
            }
        }
    }

    private static func listBlobs(of repository: Repository, to stream: ResultStream, _ json: JSONList?) async throws {
        try await repository.forEachIndexEntry { _, pack in
            for blob in pack.blobs {
                guard let json else {
                    try await stream.line("\(blob.type) \(blob.id.hex)")
                    continue
                }
                try await json.add(
                    BlobOutput(
                        id: blob.id.hex,
                        type: blob.type.name,
                        pack: pack.id.hex,
                        offset: blob.offset,
                        length: blob.length,
                        contentLength: blob.plaintextLength,
                        isCompressed: blob.isCompressed
                    )
                )
            }
        }
    }
}
