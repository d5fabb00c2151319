import Foundation
import TarArchive
import TestSupport
import Testing

@Suite("Programs we did not write")
struct CounterpartTests {
    @Test(
        "GNU tar extracts what we write to identical files",
        .enabled(if: Program.gnuTar != nil, "GNU tar is not installed"),
        arguments: 1...3 as ClosedRange<UInt64>
    )
    func gnuTarExtracts(seed: UInt64) throws {
        let samples = try Self.samples(seed: seed)
        try withScratchFolder { folder in
            try Data(archive(samples)).write(to: folder.appendingPathComponent("ours.tar"))
            try Program.run(#require(Program.gnuTar), ["-xf", "ours.tar"], in: folder)
            for sample in samples {
                #expect(try Self.isEqual(sample, in: folder), "\(sample.member.path), seed \(seed)")
            }
        }
    }

    @Test(
        "Python's tarfile extracts what we write to identical files",
        .enabled(if: Program.python != nil, "Python is not installed"),
        arguments: 1...3 as ClosedRange<UInt64>
    )
    func pythonExtracts(seed: UInt64) throws {
        let samples = try Self.samples(seed: seed)
        try withScratchFolder { folder in
            try Data(archive(samples)).write(to: folder.appendingPathComponent("ours.tar"))
            try Program.run(
                #require(Program.python),
                ["-c", "import tarfile; tarfile.open('ours.tar', 'r:').extractall('.')"],
                in: folder
            )
            for sample in samples {
                #expect(try Self.isEqual(sample, in: folder), "\(sample.member.path), seed \(seed)")
            }
        }
    }

    @Test(
        "what GNU tar writes is read",
        .enabled(if: Program.gnuTar != nil, "GNU tar is not installed"),
        arguments: 1...3 as ClosedRange<UInt64>
    )
    func gnuTarIsRead(seed: UInt64) throws {
        let samples = try Self.samples(seed: seed)
        let read = try withScratchFolder { folder in
            try Self.write(samples, in: folder)
            let names = samples.map(\.member.path.string)
            try Program.run(
                #require(Program.gnuTar),
                ["--format=oldgnu", "--sparse", "--no-recursion", "--numeric-owner", "-cf", "theirs.tar", "--"] + names,
                in: folder
            )
            return try parse(
                Array(Data(contentsOf: folder.appendingPathComponent("theirs.tar"))),
                slicing: .random,
                seed: seed
            )
        }
        #expect(read.map(\.member.path) == samples.map(\.member.path))
        for (theirs, ours) in zip(read, samples) {
            #expect(theirs.member.size == ours.member.size)
            // Too large to expand, but for its data: holes are for the file system to say, so theirs may be smaller.
            if ours.member.size > 1 << 24 {
                #expect(theirs.member.dataSize < 1 << 20)
                #expect(ours.member.extents.allSatisfy { theirs.bytes(of: $0) == ours.bytes(of: $0) })
            } else {
                #expect(theirs.expanded == ours.expanded, "\(ours.member.path), seed \(seed)")
            }
        }
        let sparse = read.filter { if case .sparseFile = $0.member.content { true } else { false } }
        #expect(!sparse.isEmpty)
    }

    @Test(
        "a whole folder packed by GNU tar is read, its root skipped",
        .enabled(if: Program.gnuTar != nil, "GNU tar is not installed")
    )
    func gnuTarOfFolder() throws {
        let read = try withScratchFolder { folder in
            try Self.write([try Sample("in/a/b", [1, 2, 3])], in: folder)
            try Program.run(
                #require(Program.gnuTar),
                ["--format=gnu", "--sparse", "-C", "in", "-cf", "theirs.tar", "."],
                in: folder
            )
            return try parse(Array(Data(contentsOf: folder.appendingPathComponent("theirs.tar"))))
        }
        #expect(read.map(\.member.path.string) == ["a", "a/b"])
        #expect(read.last?.data == [1, 2, 3])
    }

    @Test(
        "Python's GNU and ustar archives are read, its pax archives refused",
        .enabled(if: Program.python != nil, "Python is not installed")
    )
    func pythonIsRead() throws {
        let script = """
            import tarfile, io
            for name, form in (('gnu', tarfile.GNU_FORMAT), ('ustar', tarfile.USTAR_FORMAT), ('pax', tarfile.PAX_FORMAT)):
                with tarfile.open(name + '.tar', 'w:', format=form) as t:
                    info = tarfile.TarInfo('folder/' * 20 + 'f')
                    info.size, info.mtime, info.uid = 3, 1700000000, 1000
                    if name == 'pax': info.pax_headers = {'comment': 'x'}
                    t.addfile(info, io.BytesIO(b'abc'))
            """
        try withScratchFolder { folder in
            try Program.run(#require(Program.python), ["-c", script], in: folder)
            for name in ["gnu", "ustar"] {
                let read = try parse(Array(Data(contentsOf: folder.appendingPathComponent("\(name).tar"))))
                #expect(read.map(\.member.path.string) == [String(repeating: "folder/", count: 20) + "f"])
                #expect(read.first?.data == Array("abc".utf8))
                #expect(read.first?.member.modificationTime == 1_700_000_000)
                #expect(read.first?.member.uid == 1000)
            }
            let pax = try Array(Data(contentsOf: folder.appendingPathComponent("pax.tar")))
            #expect(try refusal(of: pax)?.code == .unsupportedType)
        }
    }

    /// Files as in a shard: small ones, long names, many holes, and one far over 8 GiB.
    private static func samples(seed: UInt64) throws -> [Sample] {
        var generator = SeededGenerator(seed: seed)
        let page: Int64 = 4096
        let plain = [0, 1, 511, 512, 513, 5000].map { ("plain-\($0)", generator.bytes($0)) }
        let names = [100, 101, 240].map { ("folder/" + String(repeating: "n", count: $0), [UInt8]("name".utf8)) }
        let deep = ("deep/" + String(repeating: "folder-of-some-length/", count: 14) + "file", [UInt8]("deep".utf8))
        let maps = try [1, 4, 5, 25, 26, 100].flatMap { count in
            let extents = (0..<Int64(count)).map { SparseMap.Extent(offset: ($0 * 3 + 1) * page, length: page) }
            let end = extents.last?.end ?? 0
            return [
                ("sparse-\(count)-data", try SparseMap(size: end, extents: extents)),
                ("sparse-\(count)-hole", try SparseMap(size: end + page * 2 + 17, extents: extents)),
            ]
        }
        let hole = ("only-hole", try SparseMap(size: 100_000, extents: []))
        let huge = (
            "huge",
            try SparseMap(
                size: (9 << 30) + 17,
                extents: [.init(offset: 0, length: page), .init(offset: 9 << 30, length: 17)]
            )
        )
        return try (plain + names + [deep]).map { try Sample($0.0, $0.1) }
            + [try Sample(directory: "empty-folder"), try Sample(directory: "wal")]
            + (maps + [hole, huge]).map { try Sample($0.0, $0.1, using: &generator) }
    }

    private static func write(_ samples: [Sample], in folder: URL) throws {
        for sample in samples {
            guard sample.member.content == .directory else {
                try writeSparse(sample, in: folder)
                continue
            }
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(sample.member.path.string),
                withIntermediateDirectories: true
            )
        }
    }

    private static func isEqual(_ sample: Sample, in folder: URL) throws -> Bool {
        guard sample.member.content == .directory else { return try matches(sample, in: folder) }
        var isDirectory: ObjCBool = false
        let path = folder.appendingPathComponent(sample.member.path.string).path
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }
}
