import TarArchive
import Testing

@Suite("Sparse maps")
struct SparseMapTests {
    typealias Extent = SparseMap.Extent

    @Test("touching extents become one, empty ones none")
    func normalises() throws {
        let map = try SparseMap(
            size: 100,
            extents: [
                Extent(offset: 0, length: 0), Extent(offset: 10, length: 5), Extent(offset: 15, length: 5),
                Extent(offset: 30, length: 0), Extent(offset: 40, length: 60),
            ]
        )
        #expect(map.extents == [Extent(offset: 10, length: 10), Extent(offset: 40, length: 60)])
        #expect(map.dataSize == 70 && map.hasHoles)
        #expect(
            try SparseMap(size: 10, extents: [Extent(offset: 0, length: 4), Extent(offset: 4, length: 6)]).hasHoles
                == false
        )
    }

    @Test("aligning widens to whole blocks, to the end of the file at most", arguments: [512, 4096] as [Int64])
    func aligns(alignment: Int64) throws {
        let map = try SparseMap(
            size: 10 * alignment + 7,
            extents: [
                Extent(offset: 1, length: 1), Extent(offset: alignment - 1, length: 2),
                Extent(offset: 4 * alignment, length: alignment),
                Extent(offset: 10 * alignment + 1, length: 3),
            ],
            alignment: alignment
        )
        #expect(
            map.extents == [
                Extent(offset: 0, length: 2 * alignment), Extent(offset: 4 * alignment, length: alignment),
                Extent(offset: 10 * alignment, length: 7),
            ]
        )
    }

    @Test("a file that ends in a hole lists an empty extent at its end")
    func listsEnd() throws {
        let hole = try SparseMap(size: 1024, extents: [Extent(offset: 0, length: 512)])
        #expect(hole.listedExtents == [Extent(offset: 0, length: 512), Extent(offset: 1024, length: 0)])
        let data = try SparseMap(size: 1024, extents: [Extent(offset: 512, length: 512)])
        #expect(data.listedExtents == data.extents)
        #expect(try SparseMap(size: 7, extents: []).listedExtents == [Extent(offset: 7, length: 0)])
        #expect(try SparseMap(dense: 0).listedExtents.isEmpty)
    }

    @Test(
        "what contradicts itself is refused",
        arguments: [
            (-1, []), (10, [(-1, 2)]), (10, [(0, -1)]), (10, [(0, 11)]), (10, [(11, 0)]), (10, [(5, 2), (0, 2)]),
            (10, [(0, 5), (4, 2)]), (.max, [(.max, 1)]), (.max, [(1, .max)]),
        ] as [(Int64, [(Int64, Int64)])]
    )
    func refuses(size: Int64, extents: [(Int64, Int64)]) {
        let extents = extents.map { Extent(offset: $0.0, length: $0.1) }
        let error = #expect(throws: TarError.self) { try SparseMap(size: size, extents: extents) }
        #expect(error?.code == .invalidSparseMap)
    }

    @Test("aligning at the end of the number range does not overflow")
    func alignsAtTheEnd() throws {
        let map = try SparseMap(size: .max, extents: [Extent(offset: .max - 1, length: 1)], alignment: 4096)
        #expect(map.extents.last?.end == .max)
    }
}

@Suite("Paths")
struct TarPathTests {
    @Test(
        "equal files have equal paths",
        arguments: [
            ("a/b", "a/b"), ("./a/b", "a/b"), ("a//b", "a/b"), ("a/./b", "a/b"), ("a/b/", "a/b"),
            ("..a/b..", "..a/b.."),
        ]
    )
    func canonical(spelling: String, path: String) throws {
        #expect(try TarPath(spelling).string == path)
        #expect(try TarPath(spelling) == TarPath(path))
    }

    @Test(
        "what names no file within the archive is refused",
        arguments: ["", "/", "/a", "..", "a/..", "../a", "./..", ".", "./", "a\0b"]
    )
    func refused(path: String) {
        #expect(#expect(throws: TarError.self) { try TarPath(path) }?.code == .invalidPath)
    }

    @Test("a description does not steer the terminal and is short")
    func description() throws {
        #expect(try TarPath("a\u{1B}[31m\nb").description.unicodeScalars.allSatisfy { $0.value >= 0x20 })
        #expect(try TarPath(String(repeating: "x", count: 60_000)).description.count == 201)
    }
}
