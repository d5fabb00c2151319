import CZstd
import Foundation
import ResticFormat
import TestSupport
import Testing

@testable import ResticCrypto

@Suite(
    "Repositories that we write",
    .enabled(if: ResticProgram.isInstalled, "the restic program is not installed"),
    .serialized
)
struct WritingForResticTests {
    static let seed: UInt64 = 20_260_801
    static var parameters: ScryptParameters { get throws { try ScryptParameters(n: 1024, r: 8, p: 1) } }

    @Test("restic checks, lists and restores a repository made of nothing but our own encoders", arguments: [1, 2])
    func repositoryFromScratch(version: Int) throws {
        try ResticProgram.withFolder { restic in
            let source = restic.folder.appending(path: "source")
            try FileManager.default.createDirectory(at: source, withIntermediateDirectories: true)
            let contents = try Self.writeRepository(restic.repository, version: version)
            try restic("check", "--read-data")
            let snapshots = try #require(
                JSONSerialization.jsonObject(with: restic("snapshots", "--json")) as? [[String: Any]]
            )
            #expect(snapshots.map { $0["hostname"] as? String } == ["höst <&>"])
            let target = restic.folder.appending(path: "target")
            try restic("restore", "latest", "--target", target.path)
            for (name, bytes) in contents {
                let restored = FileManager.default.contents(atPath: target.appending(path: "books/\(name)").path)
                #expect(restored.map { Array($0) } == bytes, "\(name)")
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: target.appending(path: "books").path)
            #expect(Set(names) == Set(contents.map(\.name)))
        }
    }

    @Test("restic opens a repository of its own with a key file we add, and heeds our lock")
    func keyAndLock() throws {
        try ResticProgram.withFolder { restic in
            try restic("init")
            let keys = try FileManager.default.contentsOfDirectory(
                at: restic.repository.appending(path: "keys"),
                includingPropertiesForKeys: nil
            )
            let file = try KeyFile.decode(Array(Data(contentsOf: #require(keys.first))))
            let key = try file.open(password: Array(ResticProgram.password.utf8))
            let files = try RepositoryFiles(root: restic.repository, key: key)
            let password = "another: ü\u{1F98A} "
            let added = try KeyFile.make(
                sealing: key,
                password: Array(password.utf8),
                parameters: Self.parameters,
                created: GoTime(seconds: 1_700_000_000),
                username: "<eva>",
                hostname: "höst"
            )
            try files.write(added.encode(), folder: "keys")
            let printed = try #require(
                JSONSerialization.jsonObject(with: restic("cat", "masterkey", password: password)) as? [String: Any]
            )
            let ours = try #require(JSONSerialization.jsonObject(with: Data(key.encodeJSON())) as? [String: Any])
            #expect(NSDictionary(dictionary: printed) == NSDictionary(dictionary: ours))

            let now = GoTime(seconds: Int64(Date().timeIntervalSince1970))
            let lock = LockRecord(
                time: now,
                exclusive: true,
                hostname: "elsewhere",
                username: "eva",
                pid: 1,
                uid: 1000,
                gid: 1000
            )
            try files.write(files.context.seal(lock.encode()), folder: "locks")
            #expect { try restic("check", password: password) } throws: {
                "\($0)".contains("PID 1 on elsewhere by eva (UID 1000, GID 1000)")
            }
        }
    }

    // MARK: Making one

    /// Writes a repository with one snapshot of `/books`, and returns what is in the files there.
    static func writeRepository(_ root: URL, version: Int) throws -> [(name: String, bytes: [UInt8])] {
        var generator = SeededGenerator(seed: seed)
        let key = try MasterKey.random()
        let files = try RepositoryFiles(root: root, key: key)
        for folder in ["data", "index", "snapshots", "locks", "keys"] {
            try FileManager.default.createDirectory(at: root.appending(path: folder), withIntermediateDirectories: true)
        }
        try files.write(
            KeyFile.make(
                sealing: key,
                password: Array(ResticProgram.password.utf8),
                parameters: parameters,
                created: GoTime(seconds: 1_700_000_000),
                username: "eva",
                hostname: "host"
            ).encode(),
            folder: "keys"
        )
        var config = RepositoryConfig.random(using: &generator)
        config.version = version
        try files.write(files.context.seal(config.encode()), folder: "", path: "config")

        let contents: [(name: String, bytes: [UInt8])] = [
            ("empty", []), ("noise", generator.bytes(100_000)),
            ("ünï <&> \"x\"\n\u{2028}", [UInt8](repeating: 65, count: 300_000)),
            ("\u{7}\u{8}\u{B}\u{7F}\u{202E}", Array("bells".utf8)),
        ]
        var (data, trees) = (
            PackMaker(files: files, compresses: version == 2), PackMaker(files: files, compresses: version == 2)
        )
        let time = GoTime(seconds: 1_700_000_000, nanoseconds: 120, utcOffsetSeconds: 20_700)
        var nodes: [Node] = []
        for (name, bytes) in contents {
            let content = try bytes.isEmpty ? [] : [data.add(bytes, type: .data)]
            nodes.append(
                Node(
                    name: Array(name.utf8),
                    type: .file,
                    mode: 0o644,
                    mtime: time,
                    atime: time,
                    ctime: time,
                    size: UInt64(bytes.count),
                    links: 1,
                    content: content
                )
            )
        }
        nodes.sort { $0.name.lexicographicallyPrecedes($1.name) }
        let books = try trees.add(Tree(nodes: nodes).encode(), type: .tree)
        let folder = Node(
            name: Array("books".utf8),
            type: .dir,
            mode: GoFileMode.directory | 0o755,
            mtime: time,
            atime: time,
            ctime: time,
            subtree: books
        )
        let tree = try trees.add(Tree(nodes: [folder]).encode(), type: .tree)
        let index = IndexFile(packs: [try data.finish(), try trees.finish()])
        try files.write(files.context.seal(index.encode()), folder: "index")
        let snapshot = SnapshotRecord(
            time: time,
            tree: tree,
            paths: ["/books"],
            hostname: "höst <&>",
            username: "eva",
            tags: ["a&b"],
            programVersion: "holdfast test",
            summary: SnapshotSummary(backupStart: time, backupEnd: time, filesNew: 4)
        )
        try files.write(files.context.seal(snapshot.encode()), folder: "snapshots")
        return contents
    }

    /// A pack while it is filled.
    struct PackMaker {
        let files: RepositoryFiles
        let compresses: Bool
        var bytes: [UInt8] = []
        var blobs: [PackedBlob] = []

        mutating func add(_ plaintext: [UInt8], type: BlobType) throws -> ResticID {
            let id = ContentHash.id(of: plaintext)
            var stored = plaintext
            if compresses {
                stored = [UInt8](repeating: 0, count: ZSTD_compressBound(plaintext.count))
                stored.removeLast(stored.count - ZSTD_compress(&stored, stored.count, plaintext, plaintext.count, 3))
            }
            let sealed = try files.context.seal(stored)
            blobs.append(
                PackedBlob(
                    id: id,
                    type: type,
                    offset: UInt32(bytes.count),
                    length: UInt32(sealed.count),
                    uncompressedLength: compresses ? UInt32(plaintext.count) : nil
                )
            )
            bytes += sealed
            return id
        }

        func finish() throws -> IndexPack {
            let header = try files.context.seal(PackHeader.encode(blobs))
            let pack = bytes + header + PackHeader.encodeTrailer(sealedLength: UInt32(header.count))
            let id = ContentHash.id(of: pack)
            try files.write(pack, folder: "data", path: "data/\(id.hex.prefix(2))/\(id.hex)")
            return IndexPack(id: id, blobs: blobs)
        }
    }
}
