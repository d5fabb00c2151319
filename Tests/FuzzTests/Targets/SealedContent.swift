import CZstd
import NIOCore
import ResticCrypto
import ResticFormat

@testable import ResticRepository

extension FuzzTarget {
    /// Sealed files and blobs: as they lie in the store, and with good seals around bad content, which only somebody with
    /// the password can make; they must not bring a reader down either.
    static let sealedContent: [FuzzTarget] = [
        FuzzTarget("sealed-file", .binary, seeds: { [try codec().sealFile(Samples.text, isConfig: false)] }) {
            try refusingDamage($0) { bytes in
                let content = try bytes.withUnsafeBytes { try codec().openFile($0, name: "file") }
                try hold(content == Samples.text, "a file opens that nobody sealed")
            }
        },
        FuzzTarget("file-content", .binary, words: ["\u{2}", "{", "["], seeds: { fileContents }) { content in
            try refusingDamage(content) { content in
                let sealed = try seal(content)
                let opened = try sealed.withUnsafeBytes { try codec().openFile($0, name: "file") }
                try hold(opened.count <= BlobCodec.maximumFileLength, "a file of \(opened.count) bytes")
            }
        },
        FuzzTarget("blob-content", .binary, seeds: { blobContents }) { input in
            // Four bytes with the length that the index claims, then what the seal holds.
            guard input.count >= 4 else { return }
            let claimed = input.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
            var sealed = try seal(Array(input.dropFirst(4)))
            try refusingDamage(input) { _ in
                let content = try sealed.withUnsafeMutableBytes {
                    try codec().open($0, id: Self.contentID, uncompressedLength: claimed == 0 ? nil : claimed)
                }
                try hold(Array(buffer: content) == Samples.text, "another content is returned")
            }
        },
        FuzzTarget("sealed-blob", .binary, seeds: { [try seal(Samples.text)] }) { input in
            var sealed = input
            try refusingDamage(input) { _ in
                let content = try sealed.withUnsafeMutableBytes {
                    try codec().open($0, id: Self.contentID, uncompressedLength: nil)
                }
                try hold(Array(buffer: content) == Samples.text, "another content is returned")
            }
        },
        FuzzTarget("index-cache", .binary, words: ["hfindex1"], seeds: { [try cachedIndex.bytes] }) { input in
            guard let index = CompactIndex(bytes: input, id: Samples.id(1)) else { throw Refused() }
            var (packs, blobs) = (0, 0)
            index.forEach { _ in
                packs += 1
            } blob: { _ in
                blobs += 1
            }
            try hold(packs == index.packCount && blobs == index.blobCount, "visits \(packs) packs and \(blobs) blobs")
        },
    ]

    private static var cachedIndex: CompactIndex {
        get throws { try Samples.index.encode().withUnsafeBytes { try CompactIndex(json: $0, id: Samples.id(1)) } }
    }

    private static var contentID: ResticID { Samples.text.withUnsafeBytes { ContentHash.id(of: $0) } }

    private static func codec() throws -> BlobCodec {
        try BlobCodec(key: Samples.key(), formatVersion: 2, mode: .auto)
    }

    private static func seal(_ content: [UInt8]) throws -> [UInt8] {
        var sealed = [UInt8](repeating: 0, count: content.count + SealingContext.overhead)
        let context = try SealingContext(key: Samples.key())
        _ = try content.withUnsafeBytes { content in
            try sealed.withUnsafeMutableBytes { try context.seal(content, into: $0) }
        }
        return sealed
    }

    /// Damage must be called so, whatever library found it.
    private static func refusingDamage(_ input: [UInt8], _ body: ([UInt8]) throws -> Void) throws {
        do {
            try body(input)
        } catch let error as RepositoryError where [.damaged, .unsupportedVersion].contains(error.code) {
            throw Refused()
        }
    }

    // MARK: Frames

    private static let fileContents: [[UInt8]] = [
        Samples.text, [2] + frame(Samples.text), [2] + frame(Samples.text, statesLength: false),
        [2] + frame(Samples.noise), [2] + frame([]), [2] + frame(Samples.text, isChecked: true),
        // A megabyte in fewer bytes than its description.
        [2] + frame([UInt8](repeating: 0, count: 1 << 20)),
    ]

    private static let blobContents: [[UInt8]] = {
        let length = withUnsafeBytes(of: UInt32(Samples.text.count).littleEndian, Array.init)
        return [
            [0, 0, 0, 0] + Samples.text, length + frame(Samples.text),
            length + frame(Samples.text, statesLength: false),
            length + frame(Samples.text, isChecked: true),
        ]
    }()

    static func frame(_ content: [UInt8], statesLength: Bool = true, isChecked: Bool = false) -> [UInt8] {
        let context = ZSTD_createCCtx()
        defer { ZSTD_freeCCtx(context) }
        _ = ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, statesLength ? 1 : 0)
        _ = ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, isChecked ? 1 : 0)
        var output = [UInt8](repeating: 0, count: ZSTD_compressBound(content.count))
        let count = ZSTD_compress2(context, &output, output.count, content, content.count)
        precondition(ZSTD_isError(count) == 0, "zstd cannot compress a sample")
        return Array(output.prefix(count))
    }
}
