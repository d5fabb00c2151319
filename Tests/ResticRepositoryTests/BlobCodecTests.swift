import CZstd
import NIOCore
import ResticCrypto
import ResticFormat
import Testing

@testable import ResticRepository

@Suite("Sealed content that claims too much")
struct BlobCodecTests {
    private let key: MasterKey
    private let codec: BlobCodec

    init() throws {
        key = try MasterKey.random()
        codec = try BlobCodec(key: key, formatVersion: 2, mode: .auto)
    }

    private func seal(_ content: [UInt8]) throws -> [UInt8] {
        var sealed = [UInt8](repeating: 0, count: content.count + SealingContext.overhead)
        let context = try SealingContext(key: key)
        _ = try content.withUnsafeBytes { content in
            try sealed.withUnsafeMutableBytes { try context.seal(content, into: $0) }
        }
        return sealed
    }

    private func frame(_ content: [UInt8], statesLength: Bool) -> [UInt8] {
        let context = ZSTD_createCCtx()
        defer { ZSTD_freeCCtx(context) }
        _ = ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, statesLength ? 1 : 0)
        var output = [UInt8](repeating: 0, count: ZSTD_compressBound(content.count))
        let count = ZSTD_compress2(context, &output, output.count, content, content.count)
        return Array(output.prefix(ZSTD_isError(count) == 0 ? count : 0))
    }

    /// Content that zstd makes as small as it makes anything.
    private let zeros = [UInt8](repeating: 0, count: 8 << 20)

    @Test("a blob is refused before room is made for a length that its bytes cannot have", arguments: [UInt32.max, 1 << 31])
    func impossibleLength(claimed: UInt32) throws {
        var sealed = try seal(frame(Array("short".utf8), statesLength: true))
        let id = Array("short".utf8).withUnsafeBytes { ContentHash.id(of: $0) }
        let error = #expect(throws: RepositoryError.self) {
            try sealed.withUnsafeMutableBytes { _ = try codec.open($0, id: id, uncompressedLength: claimed) }
        }
        #expect(error?.code == .damaged && error?.message.contains("cannot decompress") == true)
    }

    @Test("the best compression there is is not taken for an impossible one", arguments: [true, false])
    func bestCompression(statesLength: Bool) throws {
        let frame = frame(zeros, statesLength: statesLength)
        #expect(frame.count < 1000)
        var sealed = try seal(frame)
        let id = zeros.withUnsafeBytes { ContentHash.id(of: $0) }
        let content = try sealed.withUnsafeMutableBytes {
            try codec.open($0, id: id, uncompressedLength: UInt32(zeros.count))
        }
        #expect(content.readableBytes == zeros.count)
        let file = try seal([2] + frame)
        #expect(try file.withUnsafeBytes { try codec.openFile($0, name: "file") } == zeros)
    }

    @Test("a wrong length is refused, be it too short or too long", arguments: [-1, 1])
    func wrongLength(difference: Int) throws {
        var sealed = try seal(frame(zeros, statesLength: true))
        let id = zeros.withUnsafeBytes { ContentHash.id(of: $0) }
        let error = #expect(throws: RepositoryError.self) {
            try sealed.withUnsafeMutableBytes {
                _ = try codec.open($0, id: id, uncompressedLength: UInt32(zeros.count + difference))
            }
        }
        #expect(error?.code == .damaged)
    }

    @Test("a file whose frame states more than it can hold is refused")
    func fileLength() throws {
        // Magic, a descriptor with eight bytes of length, no window; then the length, and one empty last block.
        let claims: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xE0] + [0, 0, 0, 0x3F, 0, 0, 0, 0] + [1, 0, 0]
        let file = try seal([2] + claims)
        let error = #expect(throws: RepositoryError.self) {
            try file.withUnsafeBytes { _ = try codec.openFile($0, name: "index/x") }
        }
        #expect(error?.code == .damaged)
    }
}
