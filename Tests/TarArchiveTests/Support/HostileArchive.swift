import TarArchive
import Testing

/// One archive that must be refused, or accepted.
struct HostileArchive: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var bytes: [UInt8]
    var code: TarError.Code?

    init(_ name: String, _ bytes: [UInt8], _ code: TarError.Code?) {
        testDescription = name
        self.bytes = bytes
        self.code = code
    }

    /// A single header, bent, with an end marker behind it.
    init(
        _ name: String,
        _ code: TarError.Code?,
        header: RawHeader = RawHeader(),
        then: [UInt8] = [],
        bend: (inout RawHeader) -> Void = { _ in }
    ) {
        var header = header
        bend(&header)
        self.init(name, header.sealed + then + endMarker, code)
    }

    /// A sparse member with the given map and stored bytes.
    init(
        sparse name: String,
        _ code: TarError.Code?,
        _ extents: [(Int, Int)],
        stored: Int,
        realSize: Int,
        follows: UInt8 = 0,
        extensions: [[UInt8]] = [],
        bend: (inout RawHeader) -> Void = { _ in }
    ) {
        var header = RawHeader("s", type: "S", size: stored)
        header.putSparse(extents, follows: follows, realSize: realSize)
        bend(&header)
        let data = [UInt8](repeating: 7, count: (stored + 511) / 512 * 512)
        self.init(name, header.sealed + extensions.flatMap { $0 } + data + endMarker, code)
    }
}

/// The zoo.
extension HostileArchive {
    static let kinds: [HostileArchive] =
        "12346KxgDMNV7AIX".map { (type: Character) -> HostileArchive in
            HostileArchive("type \(type)", .unsupportedType) { $0.bytes[156] = type.asciiValue ?? 0 }
        } + [
            HostileArchive("type 0xFF", .unsupportedType) { $0.bytes[156] = 0xFF },
            HostileArchive("type NUL is a file", nil) { $0.bytes[156] = 0 },
            HostileArchive("POSIX ustar", nil) { $0.put("ustar\u{0}00", at: 257) },
            HostileArchive("no magic", .unsupportedFormat) { $0.put([UInt8](repeating: 0, count: 8), at: 257) },
            HostileArchive("POSIX magic of another version", .unsupportedFormat) { $0.put("ustar\u{0}01", at: 257) },
            HostileArchive(
                "long name in a POSIX header",
                .unsupportedFormat,
                header: RawHeader("x", type: "L", size: 2)
            ) {
                $0.put("ustar\u{0}00", at: 257)
            },
            HostileArchive("sparse member in a POSIX header", .unsupportedFormat, header: RawHeader("x", type: "S")) {
                $0.put("ustar\u{0}00", at: 257)
            },
            HostileArchive(
                "a directory with content",
                .invalidNumber,
                header: RawHeader("d/", type: "5", size: 1),
                then: block("x")
            ),
        ]

    static let names: [HostileArchive] = [
        HostileArchive("empty", .invalidPath, header: RawHeader("")),
        HostileArchive("empty directory name", .invalidPath, header: RawHeader("", type: "5")),
        HostileArchive("absolute", .invalidPath, header: RawHeader("/etc/passwd")),
        HostileArchive("parent", .invalidPath, header: RawHeader("..")),
        HostileArchive("parent in the middle", .invalidPath, header: RawHeader("a/../../b")),
        HostileArchive("parent at the end", .invalidPath, header: RawHeader("a/..", type: "5")),
        HostileArchive("file with a slash behind", .invalidPath, header: RawHeader("a/")),
        HostileArchive("file with a dot behind", .invalidPath, header: RawHeader("a/.")),
        HostileArchive("file named as the root", .invalidPath, header: RawHeader("./")),
        HostileArchive("file named dot", .invalidPath, header: RawHeader(".")),
        HostileArchive("the root as a directory is skipped", nil, header: RawHeader("./", type: "5")),
        HostileArchive("three dots are a name", nil, header: RawHeader("...")),
        HostileArchive("a name that fills the field", nil, header: RawHeader(String(repeating: "n", count: 100))),
        HostileArchive("absolute prefix", .invalidPath) {
            $0.put("ustar\u{0}00", at: 257)
            $0.put("/etc", at: 345)
        },
    ]

    static let numbers: [HostileArchive] =
        [("size", 124, 12), ("mode", 100, 8), ("owner", 108, 8), ("group", 116, 8), ("time", 136, 12)].flatMap {
            (name: String, at: Int, width: Int) -> [HostileArchive] in
            let field = { (text: String) in Array(text.utf8) + [UInt8](repeating: 0, count: width - text.utf8.count) }
            let base256 = { (first: UInt8, rest: UInt8) in [first] + [UInt8](repeating: rest, count: width - 1) }
            return [
                HostileArchive("\(name) blank", name == "size" ? .invalidNumber : nil) { $0.put(field(""), at: at) },
                HostileArchive("\(name) of spaces", name == "size" ? .invalidNumber : nil) {
                    $0.put(field("     "), at: at)
                },
                HostileArchive("\(name) with leading spaces", nil) { $0.put(field("   0 "), at: at) },
                HostileArchive("\(name) with a minus", .invalidNumber) { $0.put(field("-1"), at: at) },
                HostileArchive("\(name) in decimal", .invalidNumber) { $0.put(field("00008"), at: at) },
                HostileArchive("\(name) in hexadecimal", .invalidNumber) { $0.put(field("0x1"), at: at) },
                HostileArchive("\(name) with text behind", .invalidNumber) { $0.put(field("0 1"), at: at) },
                HostileArchive("\(name) negative in base-256", .invalidNumber) { $0.put(base256(0xFF, 0xFF), at: at) },
                HostileArchive("\(name) zero in base-256", nil) { $0.put(base256(0x80, 0), at: at) },
                HostileArchive("\(name) too large in base-256", name == "mode" ? nil : .invalidNumber) {
                    $0.put(base256(0x80, 0xFF), at: at)
                },
                HostileArchive("\(name) with bits in the first byte", name == "mode" ? nil : .invalidNumber) {
                    $0.put(base256(0xBF, 0), at: at)
                },
            ]
        } + [
            HostileArchive("owner of 33 bits", .invalidNumber) { $0.put([0x80, 0, 0, 1, 0, 0, 0, 0], at: 108) },
            HostileArchive("owner of 32 bits", nil) { $0.put([0x80, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], at: 108) },
        ]

    static let longNames: [HostileArchive] = [
        HostileArchive("empty", .invalidLongName, header: RawHeader("x", type: "L", size: 0)),
        HostileArchive(
            "only NUL",
            .invalidPath,
            header: RawHeader("x", type: "L", size: 1),
            then: block("") + zeroBlock + RawHeader().sealed
        ),
        HostileArchive(
            "two in a row",
            .invalidLongName,
            header: RawHeader("x", type: "L", size: 2),
            then: block("a") + RawHeader("x", type: "L", size: 2).sealed + block("b") + RawHeader().sealed
        ),
        HostileArchive(
            "without a member",
            .invalidLongName,
            header: RawHeader("x", type: "L", size: 2),
            then: block("a")
        ),
        HostileArchive("too long", .limitExceeded, header: RawHeader("x", type: "L", size: (64 << 10) + 2)),
        HostileArchive("huge", .limitExceeded, header: RawHeader("x", type: "L", size: 1 << 32)),
        HostileArchive(
            "NUL inside",
            .invalidPath,
            header: RawHeader("x", type: "L", size: 4),
            then: block("a\u{0}b") + RawHeader().sealed
        ),
        HostileArchive(
            "absolute",
            .invalidPath,
            header: RawHeader("x", type: "L", size: 3),
            then: block("/a") + RawHeader().sealed
        ),
        HostileArchive(
            "parent",
            .invalidPath,
            header: RawHeader("x", type: "L", size: 6),
            then: block("../ab") + RawHeader().sealed
        ),
        HostileArchive(
            "without NUL is accepted",
            nil,
            header: RawHeader("x", type: "L", size: 2),
            then: block("ab") + RawHeader().sealed
        ),
        HostileArchive(
            "a long link name",
            .unsupportedType,
            header: RawHeader("x", type: "K", size: 2),
            then: block("a")
        ),
    ]

    static let sparseMaps: [HostileArchive] = [
        HostileArchive(sparse: "correct", nil, [(0, 512), (1024, 0)], stored: 512, realSize: 1024),
        HostileArchive(
            sparse: "correct without the last extent, as it ends in data",
            nil,
            [(512, 512)],
            stored: 512,
            realSize: 1024
        ),
        HostileArchive(sparse: "empty file without extents", nil, [], stored: 0, realSize: 0),
        HostileArchive(sparse: "overlap", .invalidSparseMap, [(0, 1024), (512, 512)], stored: 1536, realSize: 1024),
        HostileArchive(
            sparse: "out of order",
            .invalidSparseMap,
            [(1024, 512), (0, 512)],
            stored: 1024,
            realSize: 1536
        ),
        HostileArchive(sparse: "beyond the real size", .invalidSparseMap, [(512, 1024)], stored: 1024, realSize: 1024),
        HostileArchive(sparse: "less than the real size", .invalidSparseMap, [(0, 512)], stored: 512, realSize: 1024),
        HostileArchive(sparse: "no extents but a size", .invalidSparseMap, [], stored: 0, realSize: 512),
        HostileArchive(sparse: "more stored than listed", .invalidSparseMap, [(0, 512)], stored: 1024, realSize: 512),
        HostileArchive(sparse: "less stored than listed", .invalidSparseMap, [(0, 1024)], stored: 512, realSize: 1024),
        HostileArchive(
            sparse: "odd length before another extent",
            .invalidSparseMap,
            [(0, 100), (512, 512)],
            stored: 612,
            realSize: 1024
        ),
        HostileArchive(sparse: "touching extents", nil, [(0, 512), (512, 512)], stored: 1024, realSize: 1024),
        HostileArchive(
            sparse: "flag of the map",
            .invalidSparseMap,
            [(0, 512)],
            stored: 512,
            realSize: 512,
            follows: 2
        ),
        HostileArchive(
            sparse: "goes on behind an unused slot",
            .invalidSparseMap,
            [(0, 512)],
            stored: 512,
            realSize: 512,
            follows: 1
        ),
        HostileArchive(
            sparse: "empty extension",
            .invalidSparseMap,
            [(0, 512), (512, 512), (1024, 512), (1536, 512)],
            stored: 2048,
            realSize: 2048,
            follows: 1,
            extensions: [extensionBlock([], follows: 1)]
        ),
        HostileArchive(
            sparse: "empty last extension",
            nil,
            [(0, 512), (512, 512), (1024, 512), (1536, 512)],
            stored: 2048,
            realSize: 2048,
            follows: 1,
            extensions: [extensionBlock([])]
        ),
        HostileArchive(
            sparse: "overlap across blocks",
            .invalidSparseMap,
            [(0, 512), (512, 512), (1024, 512), (1536, 512)],
            stored: 2560,
            realSize: 2560,
            follows: 1,
            extensions: [extensionBlock([(1024, 512)])]
        ),
        HostileArchive(sparse: "hole in the slots", .invalidSparseMap, [], stored: 512, realSize: 512) {
            $0.put(octal(0), at: 386 + 24)
            $0.put(octal(512), at: 398 + 24)
        },
        HostileArchive(sparse: "offset blank", .invalidNumber, [], stored: 512, realSize: 512) {
            $0.put(octal(512), at: 398)
        },
        HostileArchive(sparse: "real size blank", .invalidNumber, [(0, 512)], stored: 512, realSize: 0) {
            $0.put([UInt8](repeating: 0, count: 12), at: 483)
        },
        HostileArchive(sparse: "negative offset", .invalidNumber, [(0, 512)], stored: 512, realSize: 512) {
            $0.put([UInt8](repeating: 0xFF, count: 12), at: 386)
        },
        HostileArchive(sparse: "end over Int64", .invalidSparseMap, [(0, 512)], stored: 512, realSize: 512) {
            $0.put([0x80, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], at: 386)
        },
        HostileArchive(sparse: "named like a directory", .invalidPath, [(0, 512)], stored: 512, realSize: 512) {
            $0.put("s/", at: 0)
        },
    ]

    static let structure: [HostileArchive] = [
        HostileArchive("empty archive", endMarker, nil),
        HostileArchive("nothing", [], .truncated),
        HostileArchive("wrong checksum", Array(RawHeader().sealed.dropLast()) + [1] + endMarker, .checksumMismatch),
        HostileArchive("checksum that is no number", RawHeader().bytes + endMarker, .checksumMismatch),
        HostileArchive(
            "garbage between members",
            RawHeader().sealed + block("garbage") + RawHeader("b").sealed + endMarker,
            .checksumMismatch
        ),
        HostileArchive(
            "one zero block between members",
            RawHeader().sealed + zeroBlock + RawHeader("b").sealed + endMarker,
            .misplacedEndMarker
        ),
        HostileArchive("one zero block at the end", RawHeader().sealed + zeroBlock, .truncated),
        HostileArchive("padding to a record", RawHeader().sealed + [UInt8](repeating: 0, count: 10_240), nil),
        HostileArchive("odd padding", RawHeader().sealed + endMarker + [0, 0, 0], nil),
        HostileArchive("text behind the end", RawHeader().sealed + endMarker + Array("<html>".utf8), .trailingData),
        HostileArchive("text behind padding", RawHeader().sealed + endMarker + zeroBlock + [0, 0, 1], .trailingData),
        HostileArchive(
            "two archives in a row",
            RawHeader().sealed + endMarker + RawHeader("b").sealed + endMarker,
            .trailingData
        ),
    ]

    static let duplicates: [HostileArchive] = [
        HostileArchive("two files", RawHeader("a").sealed + RawHeader("a").sealed + endMarker, .duplicatePath),
        HostileArchive(
            "two spellings",
            RawHeader("a/b").sealed + RawHeader("./a//b").sealed + endMarker,
            .duplicatePath
        ),
        HostileArchive(
            "file and directory",
            RawHeader("a").sealed + RawHeader("a/", type: "5").sealed + endMarker,
            .duplicatePath
        ),
        HostileArchive(
            "directory and file",
            RawHeader("a/", type: "5").sealed + RawHeader("a").sealed + endMarker,
            .duplicatePath
        ),
        HostileArchive("file in a file", RawHeader("a").sealed + RawHeader("a/b/c").sealed + endMarker, .duplicatePath),
        HostileArchive(
            "file where a folder is needed",
            RawHeader("a/b").sealed + RawHeader("a").sealed + endMarker,
            .duplicatePath
        ),
        HostileArchive(
            "two directories are accepted",
            RawHeader("d/", type: "5").sealed + RawHeader("d", type: "5").sealed + endMarker,
            nil
        ),
        HostileArchive(
            "directory behind its file is accepted",
            RawHeader("d/f").sealed + RawHeader("d/", type: "5").sealed + endMarker,
            nil
        ),
    ]
}
