import Foundation
import ResticFormat
import Testing

@testable import ResticCrypto

@Suite(
    "Repositories that restic wrote",
    .enabled(if: ResticProgram.isInstalled, "the restic program is not installed"),
    .serialized
)
struct ReadingResticTests {
    /// What a repository holds: everything opened, decoded, encoded again and compared on the way.
    struct Content {
        var trees: [ResticID: Tree] = [:]
        var data: [ResticID: [UInt8]] = [:]
        var snapshots: [SnapshotRecord] = []
    }

    @Test("every file decodes, and encodes again to restic's bytes", arguments: [1, 2])
    func goldenRepository(version: Int) throws {
        try ResticProgram.withFolder { restic in
            let source = restic.folder.appending(path: "source")
            try FileManager.default.createDirectory(at: source, withIntermediateDirectories: true)
            let hasAttributes = try OddFiles.make(in: source.path)
            try restic("init", "--repository-version", "\(version)")
            try restic("backup", "--tag", "one<two>,three", "--host", "höst", "--exclude", "*.\"&", source.path)
            try restic("backup", "--time", "2024-02-29 23:59:59", source.path)
            let files = try RepositoryFiles(root: restic.repository, password: ResticProgram.password)
            #expect(try checkConfig(files).version == version)
            try checkKeys(files)
            let content = try readAll(files)
            #expect(content.snapshots.count == 2)
            let tagged = try #require(content.snapshots.first { !$0.tags.isEmpty })
            #expect(tagged.hostname == "höst" && tagged.tags == ["one<two>", "three"] && tagged.excludes == ["*.\"&"])
            let tree = try checkFiles(in: content, snapshot: tagged, source: source)
            let attributes = tree[Array("attributes".utf8)]?.extendedAttributes.sorted {
                $0.name.lexicographicallyPrecedes($1.name)
            }
            #expect(
                !hasAttributes
                    || attributes == OddFiles.attributes.map { ExtendedAttribute(name: $0.name, value: $0.value) }
            )
        }
    }

    func checkConfig(_ files: RepositoryFiles) throws -> RepositoryConfig {
        let json = try files.unpacked("config")
        let config = try RepositoryConfig.decode(json)
        #expect(config.encode() == json)
        #expect(ChunkerPolynomial.isIrreducible(config.chunkerPolynomial))
        return config
    }

    func checkKeys(_ files: RepositoryFiles) throws {
        for name in try files.names("keys") {
            let json = try files.raw("keys/\(name)")
            let file = try KeyFile.decode(json)
            #expect(file.encode() == json)
            #expect(ContentHash.id(of: json).hex == name)
            #expect(code { _ = try file.open(password: Array("wrong".utf8)) } == .wrongPassword)
        }
    }

    func readAll(_ files: RepositoryFiles) throws -> Content {
        var content = Content()
        for name in try files.names("snapshots") {
            let json = try files.unpacked("snapshots/\(name)")
            let snapshot = try SnapshotRecord.decode(json)
            #expect(snapshot.encode() == json)
            content.snapshots.append(snapshot)
        }
        var packs = Set<ResticID>()
        for name in try files.names("index") {
            let json = try files.unpacked("index/\(name)")
            let index = try IndexFile.decode(json)
            #expect(index.encode() == json)
            try checkScan(json, of: index)
            for pack in index.packs {
                try readPack(pack, files, into: &content)
                packs.insert(pack.id)
            }
        }
        #expect(try files.names("data") == packs.map(\.hex).sorted())
        return content
    }

    func checkScan(_ json: [UInt8], of index: IndexFile) throws {
        var scanned: [PackedBlob] = []
        try json.withUnsafeBytes { try IndexFile.scan($0) { _, blob in scanned.append(blob) } }
        #expect(scanned == index.packs.flatMap(\.blobs))
    }

    func readPack(_ pack: IndexPack, _ files: RepositoryFiles, into content: inout Content) throws {
        let bytes = try files.pack(pack.id)
        #expect(ContentHash.id(of: bytes) == pack.id)
        let header = try files.header(of: bytes)
        #expect(PackHeader.encode(header.blobs) == header.plaintext)
        #expect(header.blobs == pack.blobs.sorted { $0.offset < $1.offset })
        #expect(
            header.blobs.last.map { $0.range.upperBound + PackHeader.sealedLengthWithTrailer(of: header.blobs) }
                == bytes.count
        )
        for blob in header.blobs {
            let plaintext = try files.blob(blob, in: bytes)
            guard blob.type == .tree else {
                content.data[blob.id] = plaintext
                continue
            }
            let tree = try Tree.decode(plaintext)
            #expect(try String(decoding: tree.encode(), as: UTF8.self) == Self.withoutMangledTargets(plaintext))
            content.trees[blob.id] = tree
        }
    }

    /// A tree of restic before 0.16 as restic itself would write it again: in targets that are not UTF-8 it has written
    /// `\\ufffd` for each byte it could not keep, and reads it back as the character of that number, which it then
    /// writes as such.
    static func withoutMangledTargets(_ plaintext: [UInt8]) -> String {
        String(decoding: plaintext, as: UTF8.self).replacingOccurrences(of: #"\ufffd"#, with: "\u{FFFD}")
    }

    /// Compares the nodes with the file system they were taken from.
    func checkFiles(in content: Content, snapshot: SnapshotRecord, source: URL) throws -> Tree {
        var tree = try #require(content.trees[snapshot.tree])
        for component in source.pathComponents.dropFirst() {
            let node = try #require(tree[Array(component.utf8)])
            let subtree = try #require(node.subtree)
            tree = try #require(content.trees[subtree])
        }
        for name in OddFiles.names { #expect(tree[name]?.type == .file, "\(String(decoding: name, as: UTF8.self))") }
        for node in tree.nodes {
            var status = stat()
            let path = Array(source.path.utf8) + [UInt8(ascii: "/")] + node.name + [0]
            let result = lstat(path.map { CChar(bitPattern: $0) }, &status)
            try #require(result == 0)
            #expect(GoFileMode.fromPOSIX(UInt32(status.st_mode)) == node.mode, "\(node.nameString)")
            #expect(node.posixMode == UInt32(status.st_mode), "\(node.nameString)")
            #expect(GoFileMode.nodeType(node.mode) == node.type)
            #expect(node.inode == UInt64(status.st_ino))
            checkTime(node, status)
            if node.type == .file { checkContent(node, content, size: Int(status.st_size)) }
        }
        let original = try #require(tree[Array("plain.txt".utf8)])
        #expect(tree[Array("hard link".utf8)]?.inode == original.inode)
        #expect(tree[Array("hard link".utf8)]?.links == 2)
        #expect(tree[Array("link 1".utf8)]?.linkTarget == Array("/absolute/<&>".utf8))
        #expect(original.content == [])
        #expect(tree[Array("fifo".utf8)]?.content == nil)
        #expect(try #require(tree[Array("nine mebibytes".utf8)]?.content).count > 1)
        return tree
    }

    func checkTime(_ node: Node, _ status: stat) {
        #if os(Linux)
            let time = status.st_mtim
        #else
            let time = status.st_mtimespec
        #endif
        // Whichever time zones the machine has; the instant is what counts, and that the text is the same.
        let offset = node.mtime.utcOffsetSeconds
        let expected = GoTime(timespecSeconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec)) { _ in offset }
        #expect(node.mtime == expected && node.mtime.rfc3339 == expected.rfc3339, "\(node.nameString)")
    }

    func checkContent(_ node: Node, _ content: Content, size: Int) {
        #expect(node.size == UInt64(size))
        #expect(node.content?.reduce(0) { $0 + (content.data[$1]?.count ?? 0) } == size, "\(node.nameString)")
    }
}
