import ResticCrypto
import ResticFormat

extension FuzzTarget {
    /// What stands in the files of a repository once they are opened.
    static let repositoryRecords: [FuzzTarget] = [
        FuzzTarget("pack-header", .binary, seeds: { [PackHeader.encode(Samples.blobs)] }, refuses: isFormatError) {
            let blobs = try PackHeader.decode($0)
            try hold(PackHeader.encode(blobs) == $0, "a header encodes to other bytes")
            try hold(blobs.allSatisfy { Int($0.length) >= PackedBlob.sealingOverhead }, "a blob is too short")
            try hold(blobs.allSatisfy { $0.plaintextLength >= 0 && !$0.range.isEmpty }, "a blob has no range")
        },
        FuzzTarget(
            "pack-trailer",
            .binary,
            seeds: { [PackHeader.encodeTrailer(sealedLength: 69) + [0, 1, 0, 0]] },
            refuses: isFormatError
        ) { bytes in
            // The trailer, then the length of the pack it claims to end.
            guard bytes.count >= 8 else { return }
            let packLength = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            let length = try bytes.dropLast(4).suffix(4).withUnsafeBytes {
                try PackHeader.sealedLength(fromTail: $0, packLength: packLength)
            }
            try hold(
                length <= PackHeader.maximumSealedLength && length + 4 <= packLength,
                "a header of \(length) bytes"
            )
        },
        document("index", [Samples.index.encode(), Samples.indexOfOthers], keys: indexKeys, encode: { $0.encode() }) {
            (index: IndexFile) in
            let blobs = index.packs.flatMap(\.blobs)
            try hold(blobs.allSatisfy { UInt64($0.offset) + UInt64($0.length) <= UInt64(UInt32.max) }, "beyond 32 bits")
            try hold(blobs.allSatisfy { Int($0.length) >= PackedBlob.sealingOverhead }, "a blob is too short")
            var scanned = 0
            try index.encode().withUnsafeBytes { bytes in try IndexFile.scan(bytes) { _, _ in scanned += 1 } }
            try hold(scanned == blobs.count, "a scan sees \(scanned) of \(blobs.count) blobs")
        },
        document("tree", [try? Samples.tree.encode()].compactMap { $0 }, keys: treeKeys, encode: { try $0.encode() }) {
            (tree: Tree) in
            for node in tree.nodes {
                try hold(!node.name.isEmpty && !node.name.contains(UInt8(ascii: "/")), "a name leads elsewhere")
                try hold(node.size <= UInt64(Int64.max), "a size of \(node.size)")
                try hold(tree[node.name] != nil, "a node is not found under its name")
                _ = GoFileMode.toPOSIX(node.mode)
            }
        },
        document("snapshot", [Samples.snapshot.encode()], keys: snapshotKeys, encode: { $0.encode() }) {
            (_: SnapshotRecord) in
        },
        document("lock", [Samples.lock.encode()], keys: snapshotKeys, encode: { $0.encode() }) { (_: LockRecord) in },
        document("config", [Samples.config.encode()], keys: ["\"chunker_polynomial\":\"3da3358b4dc173\""]) {
            $0.encode()
        } check: { (config: RepositoryConfig) in
            try hold(RepositoryConfig.supportedVersions.contains(config.version), "version \(config.version)")
            try hold(ChunkerPolynomial.isIrreducible(config.chunkerPolynomial), "a reducible polynomial")
        },
        keyFile,
        FuzzTarget("master-key", .json, seeds: { [try Samples.key().encodeJSON()] }, refuses: isCryptoError) { bytes in
            let key = try bytes.withUnsafeBytes { try MasterKey(json: $0) }
            let again = try key.encodeJSON().withUnsafeBytes { try MasterKey(json: $0) }
            try hold(again == key, "a key encodes to another key")
        },
    ]

    private static let keyFile = FuzzTarget(
        "key-file",
        .json,
        words: ["\"N\":1024", "\"r\":1", "\"p\":1", "\"kdf\":\"scrypt\"", "\"salt\":\"\"", "\"data\":\"AAAA\""],
        seeds: { [try Samples.keyFile().encode()] },
        refuses: { isFormatError($0) || isCryptoError($0) }
    ) { bytes in
        let file = try KeyFile.decode(bytes)
        try hold(
            try mustWork("decoding again") { try KeyFile.decode(file.encode()) } == file,
            "encodes to another file"
        )
        // Refuses what would take the machine down before any work is done; cheap ones are opened.
        let parameters = try ScryptParameters(n: file.n, r: file.r, p: file.p)
        try hold(parameters.n * parameters.r * 128 <= ScryptParameters.maximumMemory, "too much memory is granted")
        if parameters.n * parameters.r * parameters.p <= 4096 { _ = try file.open(password: Samples.password) }
    }

    /// A JSON document of the repository: what is read is written and read again.
    private static func document<Document: ResticDocument & Equatable>(
        _ name: String,
        _ seeds: [[UInt8]],
        keys: [String] = [],
        encode: @escaping @Sendable (Document) throws -> [UInt8],
        check: @escaping @Sendable (Document) throws -> Void
    ) -> FuzzTarget {
        FuzzTarget(name, .json, words: keys, seeds: { seeds }, refuses: isFormatError) { bytes in
            let document = try Document.decode(bytes)
            let encoded = try mustWork("encoding") { try encode(document) }
            let again = try mustWork("decoding again") { try Document.decode(encoded) }
            try hold(again == document, "encodes to another document")
            try hold(
                try mustWork("encoding again") { try encode(again) } == encoded,
                "does not encode to the same bytes"
            )
            try check(document)
        }
    }

    @Sendable static func isFormatError(_ error: any Error) -> Bool { error is ResticFormatError }
    @Sendable static func isCryptoError(_ error: any Error) -> Bool { error is ResticCryptoError }

    private static let indexKeys = [
        "\"supersedes\":[],", "\"packs\":[", "\"blobs\":[],", "\"id\":", "\"uncompressed_length\":0,", "\"offset\":",
        "\"length\":31,", "\"type\":\"tree\",",
    ]
    private static let treeKeys = [
        "\"nodes\":[", "\"name\":\"..\",", "\"name\":\"a\\\\x2fb\",", "\"content\":null,", "\"subtree\":null,",
        "\"mode\":2147484141,", "\"linktarget_raw\":\"/w==\",",
        "\"extended_attributes\":[{\"name\":\"user.x\",\"value\":\"AQ==\"}],",
        "\"generic_attributes\":{\"windows.creation_time\":\"AA==\"},", "\"type\":\"irregular\",",
        "\"size\":9223372036854775808,",
    ]
    private static let snapshotKeys = [
        "\"tree\":null,", "\"parent\":null,", "\"paths\":null,", "\"tags\":[\"\"],", "\"time\":null,", "\"uid\":-1,",
        "\"summary\":{},", "\"exclusive\":null,", "\"pid\":-9223372036854775808,",
    ]
}
