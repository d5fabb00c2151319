public import Logging
internal import NIOCore
public import ObjectStorage
internal import ResticCrypto
public import ResticFormat

/// A restic repository (format version 1 or 2), opened with a password: its files can be listed, read and written.
///
/// What needs the index is only offered by ``IndexedRepository``, which ``loadIndex(progress:)`` makes.
public final class Repository: Sendable {
    /// Where the files are.
    public let store: any ObjectStore
    /// The repository's configuration.
    public let config: RepositoryConfig
    /// The key file that the password opened.
    public let keyID: ResticID
    /// Who uses the repository: named in locks and snapshots.
    public let host: Host
    let masterKey: MasterKey
    let codecs: CodecPool
    let logger: Logger
    /// The hash of the file `config` as it was when the repository was opened.
    let configID: ResticID

    /// What is passed in from outside and has a sensible default.
    public struct Options: Sendable {
        /// What is compressed.
        public var compression: CompressionMode = .auto
        /// Who uses the repository.
        public var host: Host = .current
        /// Where the conversation goes: stale locks, retries.
        public var logger = Logger(label: "holdfast.repository", factory: { _ in SwiftLogNoOpLogHandler() })

        /// Makes the default options.
        public init() {}
    }

    init(
        store: any ObjectStore,
        config: RepositoryConfig,
        configID: ResticID,
        keyID: ResticID,
        masterKey: MasterKey,
        options: Options
    ) {
        self.configID = configID
        self.store = store
        self.config = config
        self.keyID = keyID
        self.masterKey = masterKey
        self.host = options.host
        self.logger = options.logger
        self.codecs = CodecPool(key: masterKey, formatVersion: config.version, mode: options.compression)
    }

    /// The id that all snapshots, keys and copies of this repository share, 64 hex digits.
    public var id: String { config.id }

    /// Checks, with a lock in place, that the location still holds the repository that was opened. A rotation may have
    /// exchanged it meanwhile: then the lock lies in another repository, and what would be written is sealed with a key that nobody
    /// there has.
    ///
    /// - Throws: ``RepositoryError/Code/lockLost``.
    func checkIsStillThere() async throws {
        var found: ResticID?
        do {
            let sealed = try await store.get(FileKind.config, range: nil)
            found = sealed.withUnsafeReadableBytes { ContentHash.id(of: $0) }
        } catch let error as ObjectStoreError where error.code == .notFound || error.code == .locationMissing {}
        guard found == configID else {
            throw RepositoryError(
                .lockLost,
                "\(store.location) does not hold the repository any more that was opened there a moment ago",
                hint: "Was it rotated just now? Run this again, with the new password."
            )
        }
    }

    // MARK: Files that are not packs

    /// Reads and opens one file of the repository.
    ///
    /// - Throws: ``RepositoryError/Code/missing`` when it is not there; ``RepositoryError/Code/damaged`` when its name is not
    ///   its hash, or it does not authenticate.
    public func load(_ kind: FileKind, _ id: ResticID) async throws -> [UInt8] {
        precondition(kind != .pack && kind != .key, "packs and keys are not sealed files")
        let name = "\(kind.rawValue)/\(id.short)"
        return try await againIfDamaged {
            let sealed: ByteBuffer
            do {
                sealed = try await store.get(kind.key(id), range: nil)
            } catch let error as ObjectStoreError where error.code == .notFound {
                throw RepositoryError(.missing, "\(name) is not in the repository", cause: error)
            }
            return try codecs.withCodec { codec in
                try sealed.withUnsafeReadableBytes { bytes in
                    guard ContentHash.id(of: bytes) == id else {
                        throw RepositoryError(
                            .damaged,
                            "\(name) is damaged: its content does not have the hash that is its name",
                            hint: "Run 'holdfast repo check' to see what it hits, or restore the file from a copy of the repository."
                        )
                    }
                    return try codec.openFile(bytes, name: name)
                }
            }
        }
    }

    /// Seals and stores one file of the repository.
    ///
    /// - Returns: its id.
    @discardableResult
    public func save(_ kind: FileKind, _ content: [UInt8]) async throws -> ResticID {
        let file = try seal(kind, content)
        try await store(file)
        return file.id
    }

    /// A file that is sealed and not stored yet.
    ///
    /// Its id is known, so that what refers to it can be written before it; sealing the same content again gives another one.
    public struct SealedFile: Sendable {
        /// What it is.
        public let kind: FileKind
        /// The hash of the sealed bytes: its name.
        public let id: ResticID
        fileprivate let bytes: [UInt8]
    }

    /// Seals one file of the repository.
    public func seal(_ kind: FileKind, _ content: [UInt8]) throws -> SealedFile {
        precondition(kind != .pack && kind != .key, "packs and keys are not sealed files")
        let sealed = try codecs.withCodec { try $0.sealFile(content, isConfig: false) }
        return SealedFile(kind: kind, id: sealed.withUnsafeBytes { ContentHash.id(of: $0) }, bytes: sealed)
    }

    /// Stores a file that ``seal(_:_:)`` has made.
    public func store(_ file: SealedFile) async throws {
        try await store.put(ByteBuffer(bytes: file.bytes), at: file.kind.key(file.id), policy: .contentNamed)
    }

    /// Stores a file that need not outlive a power cut: a lock.
    func storeTransient(_ file: SealedFile) async throws {
        try await store.putTransient(ByteBuffer(bytes: file.bytes), at: file.kind.key(file.id))
    }

    /// The ids of all files of one kind, in no particular order.
    public func list(_ kind: FileKind) async throws -> [ResticID] {
        var ids: [ResticID] = []
        try await store.list(under: kind.folder) { page in
            ids.append(contentsOf: page.compactMap { kind.id(in: $0.key) })
        }
        return ids
    }

    /// Removes one file.
    @discardableResult
    public func remove(_ kind: FileKind, _ id: ResticID) async throws -> Bool {
        try await store.delete(kind.key(id))
    }
}

/// Runs `read` a second time when it finds damage: that may have happened on the way. What is stored damaged is so again.
func againIfDamaged<Value>(_ read: () async throws -> Value) async throws -> Value {
    do {
        return try await read()
    } catch let error as RepositoryError where error.code == .damaged {
        return try await read()
    }
}
