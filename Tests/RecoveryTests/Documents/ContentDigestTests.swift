import Foundation
import NIOCore
import ResticCrypto
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@testable import Recovery

@Suite("The content digest of a folder")
struct ContentDigestTests {
    private func makeRepository() async throws -> IndexedRepository {
        try await Repository.create(
            in: MemoryStore(),
            password: Array("pw".utf8),
            createdAt: .epoch,
            scrypt: try ScryptParameters(n: 1024, r: 1, p: 1)
        ).loadIndex()
    }

    private func write(_ text: String, to path: String, in folder: TemporaryDirectory) throws {
        let url = URL(filePath: folder.path(path))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    /// Archives a folder, and returns what the inventory saw and what can be read again.
    private func archive(_ folder: TemporaryDirectory, into repository: IndexedRepository) async throws -> (
        inventory: FolderInventory, seen: ResticID?, tree: ResticID
    ) {
        let inventory = FolderInventory(keepsPaths: true)
        var archiver = DirectoryArchiver(root: RawPath(folder.path))
        archiver.onFolder = { inventory.add($0, $1, $2) }
        let (tree, _) = try await repository.write { [archiver] writer in
            try await archiver.archive(into: writer, of: repository).0
        }
        return (inventory, inventory.digest(of: tree), tree)
    }

    @Test("is what the reference says, for a tree that was computed by hand")
    func definition() {
        func sha(_ bytes: [UInt8]) -> String { ContentHash.id(of: bytes).hex }
        let (one, two) = (ContentHash.id(of: [1]), ContentHash.id(of: [2]))
        var file = Node(name: Array("b.mdx".utf8), type: .file)
        file.content = [one, two]
        var link = Node(name: Array("a".utf8), type: .symlink)
        link.linkTarget = Array("b.mdx".utf8)
        var folder = Node(name: Array("sub".utf8), type: .dir)
        folder.subtree = two
        let pipe = Node(name: Array("z".utf8), type: .fifo)
        let text =
            "la\0\(sha(Array("b.mdx".utf8)))\nfb.mdx\0\(sha(one.bytes + two.bytes))\n"
            + "dsub\0\(one.hex)\noz\0\(sha(Array("fifo".utf8)))\n"
        let expected = ContentHash.id(of: Array(text.utf8))
        // The order in which the nodes are given makes no difference.
        for nodes in [[file, link, folder, pipe], [pipe, folder, link, file]] {
            #expect(ContentDigest.of(nodes) { $0 == two ? one : nil } == expected)
        }
    }

    @Test("is the same while it is archived and when it is read, and independent of times and permissions")
    func stable() async throws {
        let repository = try await makeRepository()
        try await TemporaryDirectory.with { folder in
            try write("one", to: "a/x.mdx", in: folder)
            try write("two", to: "a.b", in: folder)
            try write("", to: "c/empty", in: folder)
            let first = try await archive(folder, into: repository)
            #expect(first.seen == (try await ContentDigest.of(first.tree, in: repository)))
            #expect(first.inventory.paths == ["a/x.mdx", "a.b", "c/empty"])
            let attributes: [FileAttributeKey: Any] = [
                .modificationDate: Date(timeIntervalSince1970: 5), .posixPermissions: 0o600,
            ]
            try FileManager.default.setAttributes(attributes, ofItemAtPath: folder.path("a/x.mdx"))
            let touched = try await archive(folder, into: repository)
            #expect(touched.tree != first.tree && touched.seen == first.seen)
            try write("One", to: "a/x.mdx", in: folder)
            let changed = try await archive(folder, into: repository)
            #expect(changed.seen != first.seen)
            try write("one", to: "a/x.mdx", in: folder)
            try FileManager.default.moveItem(atPath: folder.path("a/x.mdx"), toPath: folder.path("a/y.mdx"))
            #expect(try await archive(folder, into: repository).seen != first.seen)
        }
    }

    @Test("comes with counts by extension")
    func extensions() async throws {
        let repository = try await makeRepository()
        try await TemporaryDirectory.with { folder in
            try write("12", to: "a.mdx", in: folder)
            try write("345", to: "sub/b.MDX", in: folder)
            try write("6", to: ".env", in: folder)
            try write("", to: "Makefile", in: folder)
            try write("7", to: "x.tar.gz", in: folder)
            let counts = try await archive(folder, into: repository).inventory.extensions
            #expect(
                counts == [
                    "mdx": FileCount(files: 2, bytes: 5), "": FileCount(files: 2, bytes: 1),
                    "gz": FileCount(files: 1, bytes: 1),
                ]
            )
        }
    }

    @Test("sums up the rarest of too many extensions")
    func manyExtensions() {
        let inventory = FolderInventory(keepsPaths: false)
        let nodes =
            (0..<300).map { Node(name: Array("f.e\($0)".utf8), type: .file) }
            + (0..<5).map { Node(name: Array("m\($0).mdx".utf8), type: .file) }
        inventory.add([], ContentHash.id(of: []), nodes)
        let counts = inventory.extensions
        #expect(counts.count == FolderInventory.extensionLimit + 1)
        #expect(counts["mdx"]?.files == 5)
        #expect(counts[FolderInventory.rest]?.files == 101)
    }
}
