internal import NIOCore
internal import ObjectStorage
public import ResticCrypto
public import ResticFormat

extension Repository {
    /// How many key files restic tries before it gives up on a password (internal/repository/repository.go, `maxKeys`).
    public static let keysTriedByRestic = 20
    /// Key files are a few hundred bytes; anything longer is none, and is not read.
    private static let maximumKeyLength: Int64 = 1 << 20

    /// All key files, the damaged ones included, oldest first and the damaged last.
    public func keys() async throws -> [StoredKey] {
        var keys: [StoredKey] = []
        for entry in try await store.list(under: FileKind.key.folder) {
            guard let id = FileKind.key.id(in: entry.key), let content = try await keyContent(id) else { continue }
            keys.append(StoredKey(id: id, byteCount: entry.byteCount, content: content, isCurrent: id == keyID))
        }
        let none = GoTime(seconds: .max)
        return keys.sorted { ($0.label?.created ?? none, $0.id) < ($1.label?.created ?? none, $1.id) }
    }

    /// - Returns: `nil` when the file went away between the listing and now.
    private func keyContent(_ id: ResticID) async throws -> StoredKey.Content? {
        do {
            return .readable(try await loadKeyFile(id).label)
        } catch let error as RepositoryError where error.code == .missing {
            return nil
        } catch let error as RepositoryError where error.code == .damaged {
            return .damaged(error.message)
        }
    }

    /// Reads a key file as it is stored: JSON, with the master key sealed in it.
    ///
    /// - Throws: ``RepositoryError/Code/missing``; ``RepositoryError/Code/damaged`` when it is too long to be one.
    public func loadKeyBytes(_ id: ResticID) async throws -> [UInt8] {
        let key = FileKind.key.key(id)
        do {
            if let length = try await store.byteCount(of: key), length > Self.maximumKeyLength {
                throw RepositoryError(.damaged, "it is \(length) bytes long, far too much for a key")
            }
            return Array(try await store.get(key, range: nil).readableBytesView)
        } catch let error as ObjectStoreError where error.code == .notFound {
            throw RepositoryError(.missing, "key \(id.short) is not in the repository", cause: error)
        }
    }

    private func loadKeyFile(_ id: ResticID) async throws -> KeyFile {
        let bytes = try await loadKeyBytes(id)
        guard ContentHash.id(of: bytes) == id else {
            throw RepositoryError(.damaged, "its content does not have the hash that is its name")
        }
        do {
            return try KeyFile.decode(bytes)
        } catch {
            throw RepositoryError(.damaged, "it is not the JSON of a key", cause: error)
        }
    }

    /// Adds a key that opens with `password`, reads it back and opens it; one that does not open is removed again.
    ///
    /// A shared lock suffices.
    ///
    /// - Parameters:
    ///   - userName: for whom; `nil` for who runs the program.
    ///   - hostName: for which machine; `nil` for this one.
    ///   - scrypt: the cost of each guess of the password.
    /// - Returns: the new key file.
    /// - Throws: ``RepositoryError/Code/wrongPassword`` for an empty password; ``RepositoryError/Code/damaged`` when what
    ///   was stored does not open.
    public func addKey(
        password: [UInt8],
        createdAt time: GoTime,
        userName: String? = nil,
        hostName: String? = nil,
        scrypt: ScryptParameters = .standard
    ) async throws -> ResticID {
        guard !password.isEmpty else {
            throw RepositoryError(
                .wrongPassword,
                "the new password is empty",
                hint: "Choose one that protects the backups."
            )
        }
        var owner = host
        owner.userName = userName ?? owner.userName
        owner.name = hostName ?? owner.name
        let id = try await Self.addKey(
            to: store,
            masterKey: masterKey,
            password: password,
            scrypt: scrypt,
            createdAt: time,
            host: owner
        )
        do {
            try await proveKey(id, password: password)
            return id
        } catch {
            // Whatever it was, also an interruption: a key that nobody has seen open must not stay.
            let store = store
            await shielded { _ = try? await store.delete(FileKind.key.key(id)) }
            throw error
        }
    }

    /// Removes a key other than the one in use, after proving that the one in use still opens the repository.
    ///
    /// The caller holds an exclusive lock, as restic does.
    ///
    /// - Parameters:
    ///   - password: the one that the repository was opened with.
    ///   - dryRun: whether to do everything but the removal.
    /// - Throws: ``RepositoryError/Code/keyInUse`` for the key in use, which includes the last one;
    ///   ``RepositoryError/Code/missing``; ``RepositoryError/Code/damaged`` when the key in use does not open any more.
    public func removeKey(_ id: ResticID, password: [UInt8], dryRun: Bool = false) async throws {
        guard id != keyID else {
            let isLast = try await list(.key).count == 1
            throw RepositoryError(
                .keyInUse,
                isLast
                    ? "key \(id.short) is the last one: without it no backup could be read"
                    : "key \(id.short) is the one in use",
                hint: isLast
                    ? "Run 'holdfast key add' first, or 'holdfast key passwd' to change the password."
                    : "Give another key's password in 'repository.password' to remove this one, or run 'holdfast key passwd'."
            )
        }
        try await proveKey(keyID, password: password)
        guard !dryRun else { return }
        guard try await remove(.key, id) else {
            throw RepositoryError(.missing, "key \(id.short) is not in the repository")
        }
    }

    /// Replaces the key in use by one that opens with another password: adds it, proves that it opens, and only then
    /// removes the old one. When it ends in between, both are there.
    ///
    /// The caller holds an exclusive lock, as restic does. This value goes on working; opening anew needs the new password.
    ///
    /// - Returns: the new key file.
    /// - Throws: as ``addKey(password:createdAt:userName:hostName:scrypt:)``; ``RepositoryError/Code/wrongPassword`` when
    ///   both passwords are the same.
    public func changePassword(
        from old: [UInt8],
        to new: [UInt8],
        createdAt time: GoTime,
        userName: String? = nil,
        hostName: String? = nil,
        scrypt: ScryptParameters = .standard
    ) async throws -> ResticID {
        guard old != new else {
            throw RepositoryError(
                .wrongPassword,
                "the new password is the old one",
                hint: "Choose another; nothing was changed."
            )
        }
        let id = try await addKey(
            password: new,
            createdAt: time,
            userName: userName,
            hostName: hostName,
            scrypt: scrypt
        )
        do {
            _ = try await remove(.key, keyID)
        } catch {
            throw RepositoryError(
                .keyInUse,
                "the new key \(id.short) opens, but the old one, \(keyID.short), could not be removed",
                hint:
                    "Put the new password where the configuration looks for it, then run 'holdfast key remove \(keyID.short)'.",
                cause: error
            )
        }
        return id
    }

    /// Opens a key file as a stranger would, and makes sure that it holds this repository's master key.
    private func proveKey(_ id: ResticID, password: [UInt8]) async throws {
        let file: KeyFile
        do {
            file = try await loadKeyFile(id)
        } catch let error as RepositoryError where error.code == .damaged {
            throw RepositoryError(.damaged, "key \(id.short) cannot be used: \(error.message)", cause: error.cause)
        }
        let opened: MasterKey
        do {
            opened = try await blocking { try file.open(password: password) }
        } catch let error as ResticCryptoError {
            throw RepositoryError(
                .damaged,
                "key \(id.short) does not open with its password",
                hint: "Nothing was removed. Run 'holdfast key list'.",
                cause: error
            )
        }
        guard opened == masterKey else {
            throw RepositoryError(.damaged, "key \(id.short) opens, but holds another repository's master key")
        }
    }
}
