import TestSupport
import Testing

@testable import ResticFormat

@Suite("Damaged and hostile input")
struct HostileInputTests {
    /// A document, and what is to hold for any bytes like it: a typed error, or a value that encodes and decodes to
    /// itself.
    struct Subject: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let document: [UInt8]
        let check: @Sendable ([UInt8]) throws -> Void
    }

    static let subjects: [Subject] = [
        Subject(testDescription: "tree", document: (try? sampleTree.encode()) ?? []) { bytes in
            let tree = try Tree.decode(bytes)
            let again = try Tree.decode(tree.encode())
            #expect(again == tree)
        },
        Subject(testDescription: "index", document: IndexFileTests.random(packs: 2, blobs: 3, seed: 4).encode()) {
            bytes in
            let index = try IndexFile.decode(bytes)
            #expect(try IndexFile.decode(index.encode()) == index)
        },
        Subject(testDescription: "snapshot", document: sampleSnapshot.encode()) { bytes in
            let snapshot = try SnapshotRecord.decode(bytes)
            #expect(try SnapshotRecord.decode(snapshot.encode()) == snapshot)
        },
        Subject(
            testDescription: "config",
            document: RepositoryConfig(id: hex(3), chunkerPolynomial: 0x3DA3_358B_4DC1_73).encode()
        ) { bytes in
            let config = try RepositoryConfig.decode(bytes)
            #expect(try RepositoryConfig.decode(config.encode()) == config)
        },
        Subject(
            testDescription: "key file",
            document: KeyFile(
                created: .zero,
                username: "u",
                hostname: "h",
                n: 2,
                r: 8,
                p: 1,
                salt: Array(0..<64),
                data: Array(0..<99)
            ).encode()
        ) { bytes in
            let file = try KeyFile.decode(bytes)
            #expect(try KeyFile.decode(file.encode()) == file)
        },
        Subject(
            testDescription: "lock",
            document: LockRecord(time: .zero, exclusive: true, hostname: "h", username: "u", pid: 1).encode()
        ) { bytes in
            let lock = try LockRecord.decode(bytes)
            #expect(try LockRecord.decode(lock.encode()) == lock)
        },
        Subject(testDescription: "pack header", document: PackHeader.encode(PackHeaderTests.blobs)) { bytes in
            let blobs = try PackHeader.decode(bytes)
            #expect(PackHeader.encode(blobs) == bytes)
        },
    ]

    static let sampleTree = Tree(nodes: [
        TreeTests.node("attributes \"<ü\n") { node in
            node.extendedAttributes = [ExtendedAttribute(name: "user.a", value: [1, 2, 3])]
            node.genericAttributes = try? GenericAttributes(json: Array(#"{"a":{"b":[1,"<"]}}"#.utf8))
            (node.content, node.mode, node.size, node.user) = ([id(1)], 0o644, 12_345, "eva")
        },
        TreeTests.node("folder", .dir) { $0.subtree = id(2) },
        TreeTests.node("link", .symlink) { $0.linkTarget = [0xFF, 0x41] },
    ])

    static let sampleSnapshot = SnapshotRecord(
        time: TreeTests.time,
        parent: id(1),
        tree: id(2),
        paths: ["/a", "/ü"],
        hostname: "h",
        tags: ["x"],
        programVersion: "p",
        summary: SnapshotSummary(backupStart: .zero, backupEnd: .zero, filesNew: 3)
    )

    @Test("no change to a document does more than throw our error", arguments: subjects)
    func mutations(subject: Subject) throws {
        try subject.check(subject.document)
        let seed: UInt64 = 0xD0C5
        var generator = SeededGenerator(seed: seed)
        var refused = 0
        for round in 0..<3_000 {
            var bytes = subject.document
            for _ in 0...Int.random(in: 0..<3, using: &generator) { Self.mutate(&bytes, &generator) }
            do {
                try subject.check(bytes)
            } catch is ResticFormatError {
                refused += 1
            } catch {
                Issue.record("seed \(seed), round \(round): \(error)")
            }
        }
        #expect(refused > 300)
    }

    @Test("no cut document is taken for a whole one", arguments: subjects.dropLast())
    func cuts(subject: Subject) throws {
        // A line feed at the end is no part of the document.
        let length = subject.document.last == 0x0A ? subject.document.count - 1 : subject.document.count
        for end in 0..<length {
            #expect(code { try subject.check(Array(subject.document[0..<end])) } == .truncated, "\(end) bytes")
        }
    }

    @Test("noise is refused", arguments: subjects)
    func noise(subject: Subject) {
        let seed: UInt64 = 77
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let bytes = generator.bytes(.random(in: 1..<300, using: &generator))
            #expect(code { try subject.check(bytes) } != nil, "seed \(seed), \(bytes)")
        }
    }

    /// What may stand where it is not expected: JSON's own marks, numbers at the edges, escapes, halves of characters.
    static let scraps =
        [
            "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "0", "-1", "1e9", "4294967295", "4294967296",
            "18446744073709551615", "9223372036854775808", #"\u0000"#,
            #"\ud800"#, #"\\x"#, #"\\U00110000"#, "..", "/", "\"nodes\":", "\"name\":\"..\",", "\"content\":[],",
            "9999-12-31T23:59:59Z", "+23:59", "=",
        ].map { Array($0.utf8) } + [[0xFF], [0xE2, 0x80], [0], [0xED, 0xA0, 0x80]]

    static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        guard !bytes.isEmpty else { return bytes.append(UInt8(truncatingIfNeeded: generator.next())) }
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        let end = min(bytes.count, index + .random(in: 0..<40, using: &generator))
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[index] = UInt8(truncatingIfNeeded: generator.next())
        case 2: bytes.removeSubrange(index..<end)
        case 3: bytes.insert(contentsOf: Array(bytes[index..<end]), at: .random(in: 0...bytes.count, using: &generator))
        case 4: bytes.insert(contentsOf: scraps[.random(in: 0..<scraps.count, using: &generator)], at: index)
        case 5: bytes.replaceSubrange(index..<end, with: scraps[.random(in: 0..<scraps.count, using: &generator)])
        default: bytes.removeLast(bytes.count - index)
        }
    }
}
