import Foundation
import NIOCore
import ObjectStorage
import ResticCrypto
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

/// A small sound repository in memory that tests damage: two snapshots that share files, two keys, two locks, two index files,
/// several packs of each type.
struct SampleRepository: Sendable {
    static let otherPassword = Array("battery staple".utf8)

    let store: MemoryStore
    /// The snapshots, oldest first.
    let snapshots: [StoredSnapshot]
    /// What each snapshot's files hold.
    let contents: [[String: [UInt8]]]

    private static let shared = Task { try await make(seed: 20_261_124) }

    /// A copy of its own.
    static func copy() async throws -> SampleRepository {
        let sample = try await shared.value
        return SampleRepository(store: sample.store.copy(), snapshots: sample.snapshots, contents: sample.contents)
    }

    /// Makes one from a seed; keys and nonces are random all the same.
    static func make(seed: UInt64, in store: MemoryStore = MemoryStore()) async throws -> SampleRepository {
        var random = SeededGenerator(seed: seed)
        let repository = try await Repository.create(
            in: store,
            password: password,
            createdAt: .epoch,
            scrypt: cheapScrypt
        )
        _ = try await Repository.addKey(
            to: store,
            masterKey: repository.masterKey,
            password: otherPassword,
            scrypt: cheapScrypt,
            createdAt: .epoch,
            host: .current
        )
        // Abandoned long ago: no obstacle, but something to damage.
        for process in 1...2 {
            let record = LockRecord(
                time: .epoch,
                exclusive: false,
                hostname: "elsewhere",
                username: "",
                pid: process,
                uid: 0,
                gid: 0
            )
            try await repository.save(.lock, record.encode())
        }
        return try await TemporaryDirectory.with { folder in
            let source = folder.path("source")
            try write(random.bytes(150_000), to: "\(source)/data/vectors.bin")
            try write(Array("a small file".utf8), to: "\(source)/notes/readme.txt")
            try write([], to: "\(source)/notes/empty")
            try write(random.bytes(40_000), to: "\(source)/notes/deep/er/payload")
            let (first, _, _) = try await backUp(source, into: repository.loadIndex())
            try write(random.bytes(90_000), to: "\(source)/data/more.bin")
            try write(Array("another small file".utf8), to: "\(source)/notes/second.txt")
            let (second, _, _) = try await backUp(source, into: repository.loadIndex())
            let indexed = try await repository.loadIndex()
            return SampleRepository(
                store: store,
                snapshots: [first, second],
                contents: [try await read(first, in: indexed), try await read(second, in: indexed)]
            )
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        let url = URL(filePath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    /// Opens it.
    func open(password: [UInt8] = SampleRepository.otherPassword) async throws -> Repository {
        try await Repository.open(in: store, password: password)
    }

    /// Reads every file of a snapshot, as a restore does.
    static func read(_ snapshot: StoredSnapshot, in repository: IndexedRepository) async throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        var pending: [(String, [ResticID])] = []
        try await repository.walk(snapshot.record.tree) { entry in
            if let blobs = entry.node.content { pending.append(("\(entry.path)", blobs)) }
            return true
        }
        for (path, blobs) in pending {
            var bytes: [UInt8] = []
            for try await buffer in repository.content(of: blobs) { bytes.append(contentsOf: buffer.readableBytesView) }
            files[path] = bytes
        }
        return files
    }

    // MARK: Objects

    /// The stored objects of a folder, by name.
    func keys(under folder: String) -> [ObjectKey] {
        store.contents.keys.filter { $0.path.hasPrefix("\(folder)/") }.sorted()
    }

    /// The packs that hold blobs of a type, the longest first.
    func packs(of type: BlobType) async throws -> [ObjectKey] {
        var packs: Set<ResticID> = []
        try await open().loadCatalog().forEach { pack, blob in
            if blob.type == type { packs.insert(pack) }
        }
        return packs.map { FileKind.pack.key($0) }.sorted {
            (store.contents[$0]?.readableBytes ?? 0) > (store.contents[$1]?.readableBytes ?? 0)
        }
    }
}

/// The kinds of objects that a repository consists of.
enum ObjectKind: String, CaseIterable, Sendable {
    case config, key, index, snapshot, packHeader, dataPack, treePack, lock

    /// The object that is damaged and, where there are several of the kind, another one.
    func objects(in sample: SampleRepository) async throws -> (ObjectKey, ObjectKey?) {
        let keys: [ObjectKey]
        switch self {
        case .config: return (FileKind.config, nil)
        case .key:
            // The one that the tests do not open the repository with.
            let opened = try await sample.open().keyID
            keys = sample.keys(under: "keys").sorted { left, _ in left != FileKind.key.key(opened) }
        case .index:
            // The one that the first snapshot needs.
            let catalog = try await sample.open().loadCatalog()
            let root = sample.snapshots[0].record.tree
            let needed = catalog.files.filter { _, packs in
                packs.contains { catalog.contents(of: $0).blobs.contains { $0.id == root } }
            }
            keys = sample.keys(under: "index").sorted { left, _ in
                needed.keys.contains { FileKind.index.key($0) == left }
            }
        case .snapshot: keys = sample.snapshots.map { FileKind.snapshot.key($0.id) }
        case .lock: keys = sample.keys(under: "locks")
        case .packHeader, .dataPack: keys = try await sample.packs(of: .data)
        case .treePack: keys = try await sample.packs(of: .tree)
        }
        return (try #require(keys.first), keys.count > 1 ? keys[1] : nil)
    }
}

/// The kinds of damage.
enum Damage: String, CaseIterable, Sendable {
    /// One bit is another.
    case flip
    /// The last bytes are gone.
    case truncate
    /// The file is there and has no bytes.
    case empty
    /// The file is gone.
    case missing
    /// The file is there, and once more under a name that is not its hash.
    case duplicate
    /// The file is only there under a name that is not its hash.
    case wrongName
    /// Two files of a kind have changed places.
    case swapped

    func apply(to kind: ObjectKind, in sample: SampleRepository) async throws {
        let (key, other) = try await kind.objects(in: sample)
        let store = sample.store
        let content = try #require(store.contents[key])
        switch self {
        case .flip:
            var bytes = content
            // The header of a pack ends four bytes before the file does; the first bytes of a pack are its first blob.
            let offset = kind == .packHeader ? content.readableBytes - 20 : content.readableBytes / 3
            let byte = try #require(bytes.getInteger(at: bytes.readerIndex + offset, as: UInt8.self))
            bytes.setInteger(byte ^ 0x20, at: bytes.readerIndex + offset)
            store.replace(bytes, at: key)
        case .truncate:
            let count = kind == .packHeader ? content.readableBytes - 3 : content.readableBytes / 2
            store.replace(content.getSlice(at: content.readerIndex, length: count), at: key)
        case .empty: store.replace(ByteBuffer(), at: key)
        case .missing: store.replace(nil, at: key)
        case .duplicate: store.replace(content, at: try Self.otherName(of: key))
        case .wrongName:
            store.replace(content, at: try Self.otherName(of: key))
            store.replace(nil, at: key)
        case .swapped:
            if let other {
                store.replace(store.contents[other], at: key)
                store.replace(content, at: other)
            } else {
                // There is one config; the other is that of another repository.
                store.replace(try await SampleRepository.make(seed: 1).store.contents[key], at: key)
            }
        }
    }

    private static func otherName(of key: ObjectKey) throws -> ObjectKey {
        let name = String(repeating: "5a", count: 32)
        let folder = key.path.split(separator: "/").first ?? ""
        return switch folder {
        case "config": try #require(ObjectKey("config2"))
        case "data": try #require(ObjectKey("data/5a/\(name)"))
        default: try #require(ObjectKey("\(folder)/\(name)"))
        }
    }
}
