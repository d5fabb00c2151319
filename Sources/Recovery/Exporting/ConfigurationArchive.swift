internal import NIOCore
internal import ResticCrypto
internal import ResticFormat
internal import ResticRepository
internal import Sealing
internal import TarArchive

/// Sets of configuration that this machine can open, as one tar.gz of their plain files, sealed to those who could open them before.
///
/// The archive is made while it is sealed: plain bytes pass through memory, a few pieces at a time, and never reach a disk.
struct ConfigurationArchive: Sendable {
    /// A set, and what opens it.
    struct OpenedSet: Sendable {
        let summary: SealedSetSummary
        let index: SealedIndex
        let identities: SealingIdentities

        /// - Throws: ``RecoveryError/Code/cannotOpen`` when the smallest file of the set does not open; ``SecretError``.
        init(_ summary: SealedSetSummary, _ stored: StoredConfiguration, _ identities: ConfigurationIdentities)
            async throws
        {
            self.summary = summary
            index = try await stored.index(of: summary.name)
            self.identities = try await identities.resolve(for: summary)
            // All of a set are sealed to the same recipients.
            guard let smallest = index.files.min(by: { $0.sealedBytes < $1.sealedBytes }) else { return }
            try await stored.open(smallest, in: index, of: summary, with: Unsealer(with: self.identities)) { _ in }
        }
    }

    let stored: StoredConfiguration
    private(set) var sets: [OpenedSet]
    private let sealer: Sealer

    /// - Throws: ``RecoveryError/Code/cannotSeal`` when nothing can be sealed to the recipients here.
    init(_ set: OpenedSet, _ stored: StoredConfiguration) async throws {
        self.stored = stored
        sets = [set]
        do {
            sealer = Sealer(to: try Self.recipients(of: set))
            // Fails here and not half-way: a keyring may lack one of the public keys.
            try await sealer.withSealed(PlainBytes { nil }) { for try await _ in $0 {} }
        } catch let error as SealingError {
            throw RecoveryError(
                .cannotSeal,
                "the configuration '\(set.summary.name)' opens, but cannot be sealed to \(set.summary.recipientList) again: \(error.message)",
                hint: error.hint
            )
        }
    }

    /// Adds a set of the same recipients.
    ///
    /// - Returns: whether it is of them: nobody gets to see what was not sealed to them.
    mutating func add(_ set: OpenedSet) -> Bool {
        guard format == set.summary.format, Set(recipients) == Set(set.summary.recipients) else { return false }
        // Each passphrase may be another.
        guard !set.summary.needsPassphrase else { return false }
        sets.append(set)
        return true
    }

    var format: SealedSetSummary.Format { sets[0].summary.format }
    var recipients: [String] { sets[0].summary.recipients }
    var names: [String] { sets.map(\.summary.name) }
    var files: Int { sets.reduce(0) { $0 + $1.index.files.count } }

    /// How long it is at most: as if nothing could be compressed, a header and a long name for each member, and what sealing adds.
    var maximumBytes: Int64 {
        let plain = sets.reduce(Int64(65_536)) { sum, set in
            let members = set.index.files.count + set.index.folders.count
            return sum + set.index.files.reduce(0) { $0 + $1.size } + Int64(members) * 2048
        }
        return plain + plain / 64 + Int64(recipients.count) * 4096
    }

    private static func recipients(of set: OpenedSet) throws(SealingError) -> SealingRecipients {
        let names = set.summary.recipients
        if let passphrase = set.identities.age.passphrases.first, set.summary.needsPassphrase {
            return .age(.passphrase(passphrase))
        }
        switch set.summary.format {
        case .age:
            return .age(.keys(try names.map { name throws(SealingError) in try AgeRecipient(name) }))
        case .openPGP:
            let keys = try names.map { name throws(SealingError) in try OpenPGPRecipient(name) }
            return .openPGP(keys, through: set.identities.openPGP ?? GnuPG())
        }
    }

    // MARK: Writing

    /// Seals the archive.
    ///
    /// - Returns: the SHA-256 of what was sealed.
    func write(_ output: (ByteBuffer) async throws -> Void) async throws -> ResticID {
        // The packing task waits for the sealing one, piece by piece.
        let pieces = BoundedQueue<ByteBuffer>(capacity: 4)
        return try await withThrowingTaskGroup(of: ResticID.self) { group in
            group.addTask {
                let hasher = ContentHasher()
                do {
                    try await pack { piece in
                        guard piece.readableBytes > 0 else { return }
                        piece.withUnsafeReadableBytes { hasher.update($0) }
                        try await pieces.send(piece)
                    }
                    pieces.finish()
                    return hasher.finalize()
                } catch {
                    pieces.fail(error)
                    throw error
                }
            }
            do {
                try await sealer.withSealed(PlainBytes { try await pieces.next() }) { sealed in
                    for try await buffer in sealed { try await output(buffer) }
                }
            } catch {
                // Lets the packing task go; what went wrong there first is what is told.
                pieces.fail(error)
                throw error
            }
            guard let digest = try await group.next() else { throw CancellationError() }
            return digest
        }
    }

    /// Opens what was written.
    ///
    /// - Returns: the SHA-256 of what is in it.
    func digest<Source: AsyncSequence & Sendable>(of sealed: Source) async throws -> ResticID
    where Source.Element == ByteBuffer {
        let hasher = ContentHasher()
        return try await Unsealer(with: sets[0].identities).withOpened(sealed) { plain in
            for try await buffer in plain { buffer.withUnsafeReadableBytes { hasher.update($0) } }
            return hasher.finalize()
        }
    }

    private func pack(_ output: (ByteBuffer) async throws -> Void) async throws {
        let (encoder, gzip) = (TarEncoder(), GzipEncoder())
        for set in sets {
            for folder in set.index.folders.sorted(by: { $0.path < $1.path }) {
                let member = TarMember(
                    path: try TarPath("\(set.summary.name)\(folder.path.isEmpty ? "" : "/" + folder.path)"),
                    content: .directory,
                    mode: folder.mode,
                    uid: folder.uid,
                    gid: folder.gid
                )
                try await output(gzip.add(encoder.header(for: member)))
            }
            let unsealer = Unsealer(with: set.identities)
            for file in set.index.files {
                try Task.checkCancellation()
                let member = TarMember(
                    path: try TarPath("\(set.summary.name)/\(file.path)"),
                    content: .file(size: file.size),
                    mode: file.mode,
                    uid: file.uid,
                    gid: file.gid,
                    // The format of the archive knows no time before 1970.
                    modificationTime: max(0, file.modified?.seconds ?? 0)
                )
                try await output(gzip.add(encoder.header(for: member)))
                var digest = stored.key.contentDigest(set: set.index.set, path: file.path)
                var left = file.size
                try await stored.open(file, in: set.index, of: set.summary, with: unsealer) { buffer in
                    buffer.withUnsafeReadableBytes { digest.update($0) }
                    left -= Int64(buffer.readableBytes)
                    guard left >= 0 else { throw differs(file, set) }
                    try await output(gzip.add(buffer))
                }
                guard left == 0, digest.finish() == file.digest else { throw differs(file, set) }
                try await output(gzip.add(encoder.padding(after: member)))
            }
        }
        try await output(gzip.add(TarEncoder.endMarker))
        try await output(gzip.finish())
    }

    private func differs(_ file: SealedIndex.File, _ set: OpenedSet) -> RepositoryError {
        RepositoryError(
            .damaged,
            "what the repository holds of '\(file.path)' in configuration '\(set.summary.name)' is not what was captured",
            hint: "Run 'holdfast verify' on the restore point, and export another one."
        )
    }
}
