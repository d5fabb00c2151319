import NIOCore
import TarArchive

extension FuzzTarget {
    static let tarArchives: [FuzzTarget] = [
        FuzzTarget(
            "tar",
            .tar,
            seeds: seeds,
            mend: { bytes, _ in TarMutations.mendChecksums(&bytes) },
            refuses: isTarError
        ) {
            let whole = try Unpacked.parse($0)
            // The same members however the bytes come.
            let pieces = try mustWork("reading in pieces") { [bytes = $0] in try Unpacked.parse(bytes, pieceLength: 7) }
            try hold(whole == pieces, "the members depend on how the bytes come")
            let packed = try mustWork("packing again") { try whole.packed() }
            let again = try mustWork("reading again") { try Unpacked.parse(packed) }
            try hold(again == whole, "packs to another archive")
        },
        FuzzTarget(
            "tar-nested",
            .tar,
            seeds: { try seeds().map { try Unpacked.wrap($0) } + [try Unpacked.wrapHoles()] },
            mend: { bytes, _ in TarMutations.mendChecksums(&bytes) },
            refuses: isTarError
        ) {
            try Unpacked.parseNested($0)
        },
    ]

    @Sendable private static func isTarError(_ error: any Error) -> Bool { error is TarError }

    @Sendable private static func seeds() throws -> [[UInt8]] {
        let map = try SparseMap(
            size: 100_000,
            extents: (0..<30).map { SparseMap.Extent(offset: Int64($0) * 2048, length: $0 == 29 ? 100 : 512) }
        )
        let members: [(TarMember, Int)] = [
            (TarMember(path: try TarPath("d"), content: .directory, mode: 0o755), 0),
            (TarMember(path: try TarPath("d/empty"), content: .file(size: 0)), 0),
            (
                TarMember(path: try TarPath("d/text"), content: .file(size: 700), uid: 1000, modificationTime: 1 << 40),
                700
            ),
            (TarMember(path: try TarPath(String(repeating: "long/", count: 40) + "name"), content: .file(size: 3)), 3),
            (TarMember(path: try TarPath("holes"), content: .sparseFile(map)), Int(map.dataSize)),
        ]
        return [
            try Unpacked(members.map { ($0.0, [UInt8](repeating: 7, count: $0.1)) }).packed(),
            try Unpacked(members.suffix(2).map { ($0.0, [UInt8](repeating: 9, count: $0.1)) }).packed(),
            try Unpacked([]).packed(),
        ]
    }
}

/// Members of an archive with their data, holes left out.
struct Unpacked: Equatable {
    var members: [TarMember] = []
    var data: [[UInt8]] = []

    /// A sparse file without holes is written as the plain file it is.
    static func == (left: Self, right: Self) -> Bool {
        func key(_ member: TarMember) -> [AnyHashable] {
            [
                member.path, member.size, member.extents, member.mode, member.uid, member.gid, member.modificationTime,
                member.content == .directory,
            ]
        }
        return left.data == right.data && left.members.map(key) == right.members.map(key)
    }

    init(_ members: [(TarMember, [UInt8])]) {
        self.members = members.map(\.0)
        data = members.map(\.1)
    }

    static func parse(_ bytes: [UInt8], pieceLength: Int = .max) throws -> Unpacked {
        var parser = TarParser()
        var unpacked = Unpacked([])
        var emitted: Int64 = 0
        var rest = ByteBuffer(bytes: bytes)
        while let piece = rest.readSlice(length: min(pieceLength, rest.readableBytes)), piece.readableBytes > 0 {
            try parser.feed(piece) { event in
                switch event {
                case .beginMember(let member):
                    unpacked.members.append(member)
                    unpacked.data.append([])
                    emitted = 0
                case .data(let buffer):
                    unpacked.data[unpacked.data.count - 1] += buffer.readableBytesView
                    emitted += Int64(buffer.readableBytes)
                case .hole(let count):
                    try hold(count > 0, "a hole of \(count) bytes")
                    emitted += count
                case .endMember: try hold(emitted == unpacked.members.last?.size, "\(emitted) bytes are handed out")
                case .endOfArchive: break
                }
                try hold(emitted >= 0 && emitted <= unpacked.members.last?.size ?? 0, "more than the member's size")
            }
        }
        try parser.finish()
        return unpacked
    }

    func packed() throws -> [UInt8] {
        let encoder = TarEncoder()
        var bytes: [UInt8] = []
        for (member, content) in zip(members, data) {
            bytes += Array(buffer: try encoder.header(for: member)) + content
            bytes += Array(buffer: encoder.padding(after: member))
        }
        try hold(
            try encoder.archiveSize(of: members) == bytes.count + 1024,
            "the size announced is not that of the archive"
        )
        return bytes + Array(buffer: TarEncoder.endMarker)
    }

    // MARK: Nested

    static func wrap(_ inner: [UInt8]) throws -> [UInt8] {
        let member = TarMember(path: try TarPath("segments/a.tar"), content: .file(size: Int64(inner.count)))
        return try Unpacked([(member, inner)]).packed()
    }

    /// An inner archive that lies in a hole but for its first header.
    static func wrapHoles() throws -> [UInt8] {
        let inner = TarMember(path: try TarPath("f"), content: .file(size: 1 << 20))
        let header = Array(buffer: try TarEncoder().header(for: inner))
        let map = try SparseMap(size: 512 + 1 << 20 + 1024, extents: [SparseMap.Extent(offset: 0, length: 512)])
        let member = TarMember(path: try TarPath("segments/b.tar"), content: .sparseFile(map))
        return try Unpacked([(member, header)]).packed()
    }

    /// Reads every member as an archive of its own.
    static func parseNested(_ bytes: [UInt8]) throws {
        var parser = TarParser()
        var inner: NestedTarParser?
        var emitted: Int64 = 0
        try parser.feed(ByteBuffer(bytes: bytes)) { event in
            if case .beginMember(let member) = event { inner = NestedTarParser(of: member) }
            try inner?.feed(event) { event in
                if case .hole(let count) = event { emitted &+= count }
                if case .data(let buffer) = event { emitted &+= Int64(buffer.readableBytes) }
            }
            if case .endMember = event { try inner?.finish() }
        }
        try parser.finish()
    }
}
