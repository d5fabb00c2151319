internal import NIOCore
public import ObjectStorage
public import ResticCrypto
public import ResticFormat

extension Repository {
    /// Makes a new, empty repository of format version 2.
    ///
    /// - Parameters:
    ///   - store: where; the folder may exist but must not hold a repository.
    ///   - password: opens the first key. Empty passwords are refused.
    ///   - scrypt: the cost of deriving a key from the password.
    ///   - chunkerPolynomial: where boundaries of chunks come from; `nil` draws one. Give another repository's to have equal
    ///     content cut equally in both.
    /// - Throws: ``RepositoryError/Code/alreadyExists``.
    public static func create(
        in store: any ObjectStore,
        password: [UInt8],
        createdAt time: GoTime,
        scrypt: ScryptParameters = .standard,
        chunkerPolynomial: UInt64? = nil,
        options: Options = Options()
    ) async throws -> Repository {
        guard !password.isEmpty else {
            throw RepositoryError(
                .wrongPassword,
                "the password is empty",
                hint: "Choose one that protects the backups."
            )
        }
        try await store.prepare()
        if try await store.byteCount(of: FileKind.config) != nil {
            throw RepositoryError(
                .alreadyExists,
                "there is a repository at \(store.location) already",
                hint: "Open it with its password, or choose another location."
            )
        }
        guard try await store.list(under: FileKind.key.folder).isEmpty else {
            throw RepositoryError(
                .alreadyExists,
                "\(store.location) holds keys of a repository whose 'config' is missing",
                hint:
                    "Restore the file 'config' from a copy of the repository. Where 'data' and 'snapshots' are empty, an interrupted 'init' left this: choose another location."
            )
        }
        var random: any RandomNumberGenerator = SystemRandomNumberGenerator()
        let config = RepositoryConfig(
            version: 2,
            id: ResticID.random(using: &random).hex,
            chunkerPolynomial: chunkerPolynomial ?? ChunkerPolynomial.random(using: &random)
        )
        let masterKey = try MasterKey.random()
        let keyID = try await addKey(
            to: store,
            masterKey: masterKey,
            password: password,
            scrypt: scrypt,
            createdAt: time,
            host: options.host
        )
        let codec = try BlobCodec(key: masterKey, formatVersion: config.version, mode: .off)
        let sealed = try codec.sealFile(config.encode(), isConfig: true)
        let repository = Repository(
            store: store,
            config: config,
            configID: sealed.withUnsafeBytes { ContentHash.id(of: $0) },
            keyID: keyID,
            masterKey: masterKey,
            options: options
        )
        // The configuration comes last: with it the repository exists. Of two creators at once, one is refused here.
        do {
            try await store.put(ByteBuffer(bytes: sealed), at: FileKind.config, policy: .refuseExisting)
        } catch let error as ObjectStoreError where error.code == .alreadyExists {
            _ = try? await store.delete(FileKind.key.key(keyID))
            throw RepositoryError(
                .alreadyExists,
                "another process made a repository at \(store.location)",
                cause: error
            )
        } catch {
            await removeKey(keyID, of: store)
            throw error
        }
        return repository
    }

    /// Takes back the key of a repository whose `config` could not be written, on a full disk for instance: the next
    /// `create` would refuse the place otherwise. Not when `config` is there, be it ours after all (a lost answer) or
    /// another process'; if that cannot be told, the key stays.
    private static func removeKey(_ id: ResticID, of store: any ObjectStore) async {
        await shielded {
            do {
                guard try await store.byteCount(of: FileKind.config) == nil else { return }
                try await store.delete(FileKind.key.key(id))
            } catch {
                // The caller throws what went wrong first; `create` says later what a key without a `config` means.
            }
        }
    }

    /// Opens a repository with a password, which may be that of any of its keys.
    ///
    /// - Throws: ``RepositoryError/Code/noRepository``, ``RepositoryError/Code/wrongPassword``,
    ///   ``RepositoryError/Code/unsupportedVersion``, ``RepositoryError/Code/damaged``.
    public static func open(in store: any ObjectStore, password: [UInt8], options: Options = Options()) async throws
        -> Repository
    {
        let sealed: ByteBuffer
        do {
            sealed = try await store.get(FileKind.config, range: nil)
        } catch let error as ObjectStoreError where error.code == .notFound || error.code == .locationMissing {
            throw RepositoryError(
                .noRepository,
                "there is no repository at \(store.location)",
                hint: "Run 'holdfast init' to make one, or check the location and that its disk is mounted.",
                cause: error
            )
        }
        let (keyID, masterKey) = try await findKey(in: store, password: password)
        let codec = try BlobCodec(key: masterKey, formatVersion: 1, mode: .off)
        let plain = try sealed.withUnsafeReadableBytes { try codec.openFile($0, name: "config") }
        let config = try plain.withUnsafeBytes { try RepositoryConfig.decode($0) }
        guard (1...2).contains(config.version) else {
            throw RepositoryError(
                .unsupportedVersion,
                "the repository has format version \(config.version); this program knows 1 and 2",
                hint: "Was it made by a newer version of restic? Update Holdfast."
            )
        }
        return Repository(
            store: store,
            config: config,
            configID: sealed.withUnsafeReadableBytes { ContentHash.id(of: $0) },
            keyID: keyID,
            masterKey: masterKey,
            options: options
        )
    }

    /// Tries the password on every key file, newest restic's limit being 20.
    private static func findKey(in store: any ObjectStore, password: [UInt8]) async throws -> (ResticID, MasterKey) {
        let entries = try await store.list(under: FileKind.key.folder).sorted { $0.key < $1.key }
        var damaged: (any Error)?
        for entry in entries {
            guard let id = FileKind.key.id(in: entry.key), entry.byteCount <= maximumKeyFileLength else { continue }
            let bytes = try await store.get(entry.key, range: nil)
            do {
                let file = try bytes.withUnsafeReadableBytes { try KeyFile.decode($0) }
                return (id, try await blocking { try file.open(password: password) })
            } catch let error as ResticCryptoError where error.code == .wrongPassword {
                continue
            } catch {
                damaged = error
            }
        }
        if entries.isEmpty || damaged != nil {
            throw RepositoryError(
                .damaged,
                entries.isEmpty ? "the repository has no keys" : "a key file of the repository cannot be read",
                hint: "Restore the folder 'keys' from a copy of the repository.",
                cause: damaged
            )
        }
        throw RepositoryError(
            .wrongPassword,
            "the password opens none of the repository's \(entries.count) key(s)",
            hint: "Check where the configuration takes the password from."
        )
    }

    /// Key files are a few hundred bytes; anything much larger is not one.
    private static let maximumKeyFileLength: Int64 = 1 << 20

    /// Stores one more key file, which opens with `password`.
    static func addKey(
        to store: any ObjectStore,
        masterKey: MasterKey,
        password: [UInt8],
        scrypt: ScryptParameters,
        createdAt time: GoTime,
        host: Host
    ) async throws -> ResticID {
        let file = try await blocking {
            try KeyFile.make(
                sealing: masterKey,
                password: password,
                parameters: scrypt,
                created: time,
                username: host.userName,
                hostname: host.name
            )
        }
        let bytes = file.encode()
        let id = bytes.withUnsafeBytes { ContentHash.id(of: $0) }
        try await store.put(ByteBuffer(bytes: bytes), at: FileKind.key.key(id), policy: .refuseExisting)
        return id
    }
}
