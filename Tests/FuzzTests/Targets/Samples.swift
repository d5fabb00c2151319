import ResticCrypto
import ResticFormat
import TestSupport

/// Good values for the encoders to make seeds of; small, fixed, with every optional part present.
enum Samples {
    static let password = Array("correct horse".utf8)
    static let time = GoTime(seconds: 1_772_446_500, nanoseconds: 250_000_000, utcOffsetSeconds: 3600)

    static func id(_ byte: UInt8) -> ResticID {
        [UInt8](repeating: byte, count: 32).withUnsafeBytes { ResticID(bytes: $0) }
    }

    static let blobs = [
        PackedBlob(id: id(1), type: .data, offset: 0, length: 100),
        PackedBlob(id: id(2), type: .tree, offset: 100, length: 60, uncompressedLength: 90),
        PackedBlob(id: id(3), type: .data, offset: 160, length: 32),
        PackedBlob(id: id(4), type: .data, offset: 192, length: 1_000_000, uncompressedLength: 4_000_000),
    ]

    static let index = IndexFile(
        supersedes: [id(9)],
        packs: [IndexPack(id: id(7), blobs: blobs), IndexPack(id: id(8), blobs: [])]
    )
    /// Keys in another order and unknown ones, as other programs may write them.
    static let indexOfOthers = Array(
        """
        {"x":[{"y":null}],"packs":[{"blobs":[{"length":64,"offset":0,"type":"tree","id":"\(id(5).hex)","z":1.5e3}],
        "later":{},"id":"\(id(6).hex)"}]}
        """.utf8
    )

    static let tree = Tree(nodes: [
        Node(
            name: Array("attributes \"<ü\n".utf8),
            type: .file,
            mode: 0o644,
            mtime: time,
            atime: time,
            ctime: .zero,
            uid: 1000,
            gid: 1000,
            user: "eva",
            group: "staff",
            inode: 1 << 60,
            deviceID: 66,
            size: 12_345,
            links: 2,
            extendedAttributes: [ExtendedAttribute(name: "user.a", value: [1, 2, 3])],
            genericAttributes: try? GenericAttributes(json: Array(#"{"a":{"b":[1,"<"]}}"#.utf8)),
            content: [id(1), id(3)]
        ),
        Node(name: Array("folder".utf8), type: .dir, mode: 0x8000_01ED, mtime: time, subtree: id(2)),
        Node(name: Array("link".utf8), type: .symlink, linkTarget: [0xFF, 0x41]),
        Node(name: [0xFE, 0x2E], type: .chardev, mode: 0x0420_0000, device: 259, error: "no access"),
    ])

    static let snapshot = SnapshotRecord(
        time: time,
        parent: id(1),
        tree: id(2),
        paths: ["/a", "/ü"],
        hostname: "host",
        username: "eva",
        uid: 1000,
        gid: 1000,
        excludes: ["*.tmp"],
        tags: ["holdfast", "x"],
        original: id(3),
        programVersion: "holdfast 0.1",
        summary: SnapshotSummary(backupStart: time, backupEnd: time, filesNew: 3, dataBlobs: -1, dataAdded: 1 << 40)
    )

    static let lock = LockRecord(
        time: time,
        exclusive: true,
        hostname: "host",
        username: "eva",
        pid: 4242,
        uid: 1,
        gid: 2
    )
    static let config = RepositoryConfig(id: id(3).hex, chunkerPolynomial: 0x3DA3_358B_4DC1_73)

    static func key() throws -> MasterKey {
        try Array(1...64 as ClosedRange<UInt8>).withUnsafeBytes { try MasterKey($0) }
    }

    static func keyFile() throws -> KeyFile {
        try KeyFile.make(
            sealing: key(),
            password: password,
            parameters: ScryptParameters(n: 2, r: 1, p: 1),
            created: time,
            username: "eva",
            hostname: "host"
        )
    }

    /// Text that compresses, with a beginning that every file of a repository may have.
    static let text = Array((0..<60).flatMap { "{\"page\":\($0),\"text\":\"all work and no play\"}\n".utf8 })
    static var noise: [UInt8] {
        var generator = SeededGenerator(seed: 5)
        return generator.bytes(1_500)
    }
}
