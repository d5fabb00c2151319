import ResticFormat
import TestSupport

extension Stage {
    /// The repository's own formats.
    static var formats: [Stage] {
        [
            Stage(name: "pack header, encode") { _, watch in
                let blobs = packedBlobs(1_000)
                let header = PackHeader.encode(blobs)
                return watch.measure(bytes: header.count, count: blobs.count, of: "blob") {
                    PackHeader.encode(blobs).count
                }
            },
            Stage(name: "pack header, decode") { _, watch in
                let header = PackHeader.encode(packedBlobs(1_000))
                return try watch.measure(bytes: header.count, count: 1_000, of: "blob") {
                    try PackHeader.decode(header).count
                }
            },
            Stage(name: "index, encode") { _, watch in
                let index = indexFile(blobCount: 50_000)
                return watch.measure(bytes: index.encode().count, count: 50_000, of: "blob") { index.encode().count }
            },
            Stage(name: "index, decode") { _, watch in
                let json = indexFile(blobCount: 50_000).encode()
                return try watch.measure(bytes: json.count, count: 50_000, of: "blob") {
                    try json.withUnsafeBytes { try IndexFile.decode($0).packs.count }
                }
            },
            Stage(name: "index, scan") { _, watch in
                let json = indexFile(blobCount: 50_000).encode()
                return try watch.measure(bytes: json.count, count: 50_000, of: "blob") {
                    var sum = 0
                    try json.withUnsafeBytes { try IndexFile.scan($0) { _, blob in sum &+= Int(blob.offset) } }
                    return sum
                }
            },
            Stage(name: "tree, encode") { _, watch in
                let tree = tree(nodeCount: 1_000)
                return try watch.measure(bytes: tree.encode().count, count: 1_000, of: "node") {
                    try tree.encode().count
                }
            },
            Stage(name: "tree, decode") { _, watch in
                let json = try tree(nodeCount: 1_000).encode()
                return try watch.measure(bytes: json.count, count: 1_000, of: "node") {
                    try json.withUnsafeBytes { try Tree.decode($0).nodes.count }
                }
            },
        ]
    }

    /// Blobs as they lie in a pack, every other one compressed.
    static func packedBlobs(_ count: Int, seed: UInt64 = 4) -> [PackedBlob] {
        var offset: UInt32 = 0
        var random = SeededGenerator(seed: seed)
        return StageData.identifiers(count, seed: seed &+ 1).enumerated().map { number, id in
            let length = UInt32.random(in: 1_000...16_000, using: &random)
            defer { offset += length }
            return PackedBlob(
                id: id,
                type: .data,
                offset: offset,
                length: length,
                uncompressedLength: number.isMultiple(of: 2) ? length * 2 : nil
            )
        }
    }

    /// An index file of packs of a thousand blobs each.
    static func indexFile(blobCount: Int, seed: UInt64 = 6) -> IndexFile {
        let names = StageData.identifiers(blobCount / 1_000, seed: seed)
        return IndexFile(
            packs: names.enumerated().map { number, id in
                IndexPack(id: id, blobs: packedBlobs(1_000, seed: seed &+ 1 &+ UInt64(number) &* 2))
            }
        )
    }

    /// A folder of files with a blob each.
    private static func tree(nodeCount: Int) -> Tree {
        let time = GoTime(seconds: 1_700_000_000, nanoseconds: 123_456_789)
        let nodes = StageData.identifiers(nodeCount).enumerated().map { number, id in
            Node(
                name: Array("page-\(10_000 + number).mdx".utf8),
                type: .file,
                mode: 0o644,
                mtime: time,
                atime: time,
                ctime: time,
                uid: 1000,
                gid: 1000,
                user: "somebody",
                group: "users",
                inode: UInt64(5_000_000 + number),
                deviceID: 2049,
                size: 4_096,
                links: 1,
                content: [id]
            )
        }
        return Tree(nodes: nodes)
    }
}
