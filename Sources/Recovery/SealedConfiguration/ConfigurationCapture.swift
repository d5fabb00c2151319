internal import NIOCore
internal import ResticFormat
internal import ResticRepository
internal import Sealing
internal import SystemPackage

/// Captures files of settings and secrets: each is sealed while it is read, and only the sealed bytes reach the repository.
///
/// Sealing is different every time, so what has not changed is not sealed again: its blobs are those of the restore point before.
struct ConfigurationCapture: ComponentCapture {
    let component = Component.configuration
    let system: String
    let sets: [HoldfastConfiguration.SealedFiles]

    func capture(into writer: BlobWriter, _ context: CaptureContext) async throws -> CapturedPart {
        let started = context.clock.now
        let earlier = try await EarlierConfiguration(context)
        let key = earlier.key ?? DigestKey(system: system)
        var composer = TreeComposer(time: .epoch, host: context.repository.repository.host)
        try await Self.add(try key.encode(), at: DigestKey.path, to: &composer, writer)
        var summaries: [SealedSetSummary] = []
        var changes = FileChanges()
        var warnings: [String] = []
        for set in sets {
            context.progress.begin("seal \(set.name)", totalBytes: nil)
            defer { context.progress.end() }
            let before = try await earlier.set(set.name)
            var capture = SetCapture(set: set, key: key, before: before, writer: writer, context: context)
            let index = try await capture.run(into: &composer)
            try await Self.add(try index.encode(), at: SealedIndex.path(of: set.name), to: &composer, writer)
            summaries.append(capture.summary(of: index))
            changes.add(capture.changes)
            warnings += capture.warnings
        }
        let tree = try await composer.store(into: writer)
        let part = RestorePointManifest.Part(
            component: .configuration,
            snapshot: "",
            tree: tree.hex,
            startedAt: "\(started)",
            finishedAt: "\(context.clock.now)",
            // The key, and an index a set.
            files: summaries.reduce(1) { $0 + $1.files + 1 },
            bytes: composer.fileBytes,
            collections: [],
            folders: [],
            sets: summaries
        )
        return CapturedPart(part: part, tree: tree, warnings: warnings, changes: changes)
    }

    private static func add(
        _ bytes: [UInt8],
        at path: String,
        to composer: inout TreeComposer,
        _ writer: BlobWriter
    ) async throws {
        let content = try await writer.store(bytes)
        composer.addFile(path, size: Int64(bytes.count), blobs: try await content.blobs())
    }
}

/// What earlier restore points hold of a system's configuration.
private struct EarlierConfiguration {
    /// A set as it was captured last.
    struct StoredSet {
        let stored: StoredConfiguration
        let index: SealedIndex
    }

    /// The digest key of the newest one that can be read.
    private(set) var key: DigestKey?
    private var all: [StoredConfiguration] = []

    init(_ context: CaptureContext) async throws {
        for point in context.previous where point.manifest[.configuration] != nil {
            guard let stored = try await Self.readable({ try await StoredConfiguration(point, in: context.repository) })
            else { continue }
            key = key ?? stored.key
            all.append(stored)
        }
    }

    /// The newest capture of a set with digests that can be compared.
    func set(_ name: String) async throws -> StoredSet? {
        for stored in all where stored.sets.contains(where: { $0.name == name }) {
            guard let key, stored.key.isSame(as: key) else { continue }
            guard let index = try await Self.readable({ try await stored.index(of: name) }) else { continue }
            return StoredSet(stored: stored, index: index)
        }
        return nil
    }

    /// A damaged restore point only costs time: an older one is compared with, or all is sealed again.
    private static func readable<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value? {
        do {
            return try await body()
        } catch let error as RepositoryError where error.code == .damaged || error.code == .missing {
            return nil
        } catch let error as RecoveryError where error.code == .damagedRestorePoint {
            return nil
        }
    }
}

/// The capture of one set.
private struct SetCapture {
    let set: HoldfastConfiguration.SealedFiles
    let key: DigestKey
    let before: EarlierConfiguration.StoredSet?
    let writer: BlobWriter
    let context: CaptureContext

    private(set) var changes = FileChanges()
    private(set) var warnings: [String] = []
    private var skipped: [SkippedItem] = []

    init(
        set: HoldfastConfiguration.SealedFiles,
        key: DigestKey,
        before: EarlierConfiguration.StoredSet?,
        writer: BlobWriter,
        context: CaptureContext
    ) {
        (self.set, self.key, self.before, self.writer, self.context) = (set, key, before, writer, context)
    }

    mutating func run(into composer: inout TreeComposer) async throws -> SealedIndex {
        let folder = ConfigurationFolder(root: set.path, selection: set.selection)
        let listing = try await blocking { try folder.list() }
        skipped = listing.skipped
        remark(on: listing)
        let reader = ConfigurationReader(set: set.name, root: set.path, key: key)
        let recipients = try await SetRecipients(set)
        let known = try await reusable(with: recipients)
        var index = SealedIndex(
            format: SealedIndex.formatVersion,
            set: set.name,
            path: set.path,
            patterns: set.selection.include.map(\.text),
            excluded: set.selection.exclude.map(\.text),
            sealing: set.recipients.format,
            recipients: set.recipients.publicNames,
            folders: listing.folders,
            files: []
        )
        let names = SealedNames(listing, set.recipients.format)
        for entry in listing.files {
            try Task.checkCancellation()
            guard let reading = try await read(entry.path, reader) else { continue }
            var file = reading.file
            file.sealed = names.name(for: file.path)
            let content: [ResticID]
            if let old = known[file.path], let taken = try await takeOver(old, for: file) {
                (file.sealedBytes, content) = (old.sealedBytes, taken)
                changes.unmodified += 1
            } else {
                content = try await seal(reading, &file, reader, recipients.sealer)
                let wasThere = before?.index.files.contains { $0.path == file.path } ?? false
                if wasThere { changes.changed += 1 } else { changes.new += 1 }
            }
            composer.addFile(
                index.path(of: file),
                size: file.sealedBytes,
                blobs: content,
                modified: file.modified
            )
            index.files.append(file)
            context.progress.advance(file.size)
        }
        try checkNotEmptied(index)
        return index
    }

    func summary(of index: SealedIndex) -> SealedSetSummary {
        SealedSetSummary(
            name: set.name,
            path: set.path,
            files: index.files.count,
            bytes: index.files.reduce(0) { $0 + $1.size },
            sealedBytes: index.files.reduce(0) { $0 + $1.sealedBytes },
            format: index.sealing,
            recipients: index.recipients,
            skipped: skipped
        )
    }

    // MARK: Reading

    private mutating func read(_ path: String, _ reader: ConfigurationReader) async throws
        -> ConfigurationReader.Reading?
    {
        do {
            let reading = try await reader.read(path)
            if reading.hasChanged { remarkChange(path) }
            return reading
        } catch let error as Errno {
            let isGone = error == .noSuchFileOrDirectory
            skipped.append(.init(kind: isGone ? .vanished : .unreadable, path: path, reason: error.description))
            return nil
        }
    }

    private mutating func remarkChange(_ path: String) {
        let reason = "it changed while it was read"
        guard !skipped.contains(where: { $0.path == path }) else { return }
        skipped.append(.init(kind: .changedWhileRead, path: path, reason: reason))
    }

    /// A pattern that finds nothing is usually a file that was renamed.
    private mutating func remark(on listing: ConfigurationFolder.Listing) {
        for pattern in set.selection.include {
            let isUsed =
                listing.files.contains { pattern.matches($0.path) }
                || listing.skipped.contains { pattern.matches($0.path) }
            if !isUsed { warnings.append("configuration '\(set.name)': no file matches '\(pattern.text)'") }
        }
    }

    /// An empty mount is not a backup (design, section 6).
    private func checkNotEmptied(_ index: SealedIndex) throws {
        guard index.files.isEmpty, let before, !before.index.files.isEmpty else { return }
        throw RecoveryError(
            .emptySource,
            "the configuration '\(set.name)' has no files to back up in '\(set.path)'; restore point \(before.stored.point.manifest.id) has \(before.index.files.count)",
            hint:
                "Is its disk mounted, may this user read it, and do the patterns still match? To start anew, give it another name."
        )
    }

    // MARK: Sealing

    /// The files of the restore point before that are sealed to the same recipients, by path.
    private func reusable(with recipients: SetRecipients) async throws -> [String: SealedIndex.File] {
        guard let before, before.index.sealing == set.recipients.format,
            before.index.recipients == set.recipients.publicNames
        else { return [:] }
        if let identities = recipients.passphraseIdentities, !(try await opens(before, with: identities)) { return [:] }
        return Dictionary(before.index.files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whether the passphrase is still the one by which the set was sealed: a digest of it would make guessing it cheap, so
    /// the smallest file is opened. All of a set are sealed with one, or all anew.
    private func opens(_ before: EarlierConfiguration.StoredSet, with identities: SealingIdentities) async throws
        -> Bool
    {
        guard let smallest = before.index.files.min(by: { $0.sealedBytes < $1.sealedBytes }),
            let node = try await before.stored.node(of: smallest, in: before.index), let blobs = node.content,
            writer.holds(blobs)
        else { return false }
        do {
            return try await Unsealer(with: identities).withOpened(context.repository.content(of: blobs)) { plain in
                for try await _ in plain {}
                return true
            }
        } catch is SealingError {
            return false
        } catch let error as RepositoryError where error.code == .damaged || error.code == .missing {
            return false
        }
    }

    /// - Returns: the blobs of the sealed file as it was stored before; `nil` when it has to be sealed.
    private func takeOver(_ old: SealedIndex.File, for file: SealedIndex.File) async throws -> [ResticID]? {
        guard let before, old.digest == file.digest else { return nil }
        do {
            guard let node = try await before.stored.node(of: old, in: before.index), let blobs = node.content,
                node.size == UInt64(old.sealedBytes), writer.holds(blobs)
            else { return nil }
            return blobs
        } catch let error as RepositoryError where error.code == .damaged || error.code == .missing {
            return nil
        }
    }

    private mutating func seal(
        _ reading: ConfigurationReader.Reading,
        _ file: inout SealedIndex.File,
        _ reader: ConfigurationReader,
        _ sealer: Sealer
    ) async throws -> [ResticID] {
        do {
            let stored: StoredContent
            if let content = reading.content {
                stored = try await sealer.withSealed(Self.once(content)) { [writer] in try await writer.store($0) }
            } else {
                let stream = try await reader.stream(file.path)
                stored = try await sealer.withSealed(PlainBytes { try await stream.next() }) { [writer] in
                    try await writer.store($0)
                }
                if stream.digest != file.digest { remarkChange(file.path) }
                (file.digest, file.size) = (stream.digest, stream.length)
            }
            file.sealedBytes = stored.byteCount
            return try await stored.blobs()
        } catch let error as SealingError {
            throw RecoveryError(
                .cannotSeal,
                "the configuration '\(set.name)' cannot be sealed: \(error.message)",
                hint: error.hint
            )
        }
    }

    private static func once(_ content: [UInt8]) -> PlainBytes {
        let source = OnceBuffer(ByteBuffer(bytes: content))
        return PlainBytes { source.take() }
    }
}

/// Unchecked: taken by one task.
private final class OnceBuffer: @unchecked Sendable {
    private var buffer: ByteBuffer?

    init(_ buffer: ByteBuffer) { self.buffer = buffer }

    func take() -> ByteBuffer? {
        defer { buffer = nil }
        return buffer
    }
}

/// Whom a set is sealed to, ready for use.
struct SetRecipients: Sendable {
    let sealer: Sealer
    /// What opens a set that is sealed with a passphrase; `nil` for the others, which the backup cannot open.
    let passphraseIdentities: SealingIdentities?

    /// - Throws: ``SecretError`` and ``RecoveryError/Code/cannotSeal`` about the passphrase.
    init(_ set: HoldfastConfiguration.SealedFiles) async throws {
        switch set.recipients {
        case .age(let keys):
            (sealer, passphraseIdentities) = (Sealer(to: .age(.keys(keys))), nil)
        case .openPGP(let keys, let home):
            (sealer, passphraseIdentities) = (Sealer(to: .openPGP(keys, through: GnuPG(home: home))), nil)
        case .passphrase(let reference):
            let passphrase: Passphrase
            do {
                passphrase = try Passphrase(try await reference.resolve().revealText())
            } catch let error as SealingError {
                throw RecoveryError(.cannotSeal, "the configuration '\(set.name)' cannot be sealed: \(error.message)")
            }
            sealer = Sealer(to: .age(.passphrase(passphrase)))
            passphraseIdentities = SealingIdentities(age: AgeIdentities(passphrases: [passphrase]))
        }
    }
}

/// Names for sealed files: that of the file and a suffix, longer where a folder has that name already.
private struct SealedNames {
    private let folders: Set<String>
    private let suffix: String

    init(_ listing: ConfigurationFolder.Listing, _ format: SealedSetSummary.Format) {
        folders = Set(listing.folders.map(\.path))
        suffix = format.suffix
    }

    /// No two files get the same: a longer name means that a folder is where a file of that name would be.
    func name(for path: String) -> String {
        var name = path + suffix
        while folders.contains(name) { name += suffix }
        return "files/" + name
    }
}
