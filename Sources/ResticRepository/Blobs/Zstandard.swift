internal import CZstd

/// A reusable zstd compression context; one task uses it at a time.
final class ZstdCompressor {
    private let context: OpaquePointer

    /// How hard to try.
    enum Effort: Sendable, Hashable {
        /// A level of zstd's own, 1 to 22.
        case level(Int32)
        /// Looks for repetitions at every so many bytes only, and codes what is left by how often each byte occurs: nearly all
        /// of what can be gained on numbers and on content that was packed before. zstd calls these levels negative, where it
        /// leaves the second half out.
        case entropy(acceleration: Int32)
    }

    init(_ effort: Effort) {
        guard let context = ZSTD_createCCtx() else { fatalError("out of memory for a zstd context") }
        self.context = context
        switch effort {
        case .level(let level):
            _ = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        case .entropy(let acceleration):
            // ZSTD_c_literalCompressionMode, 1 being "always" (zstd.h, since 1.3.7). A library that does not know it any more
            // refuses it: then by the fastest level that codes what is left.
            let isSet = ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_experimentalParam5, 1)) == 0
            _ = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, isSet ? -acceleration : 1)
        }
        // restic's decoder needs neither: blobs carry their length in the index and are authenticated by Poly1305.
        _ = ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0)
    }

    deinit {
        ZSTD_freeCCtx(context)
    }

    /// The most that `count` bytes can become.
    static func bound(_ count: Int) -> Int { ZSTD_compressBound(count) }

    /// Compresses into `output`.
    ///
    /// - Returns: the compressed length, or `nil` when it does not fit: the content is not worth compressing then.
    func compress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        let written = ZSTD_compress2(context, output.baseAddress, output.count, input.baseAddress, input.count)
        return ZSTD_isError(written) == 0 ? written : nil
    }
}

/// A reusable zstd decompression context; one task uses it at a time.
final class ZstdDecompressor {
    private let context: OpaquePointer

    init() {
        guard let context = ZSTD_createDCtx() else { fatalError("out of memory for a zstd context") }
        self.context = context
    }

    deinit {
        ZSTD_freeDCtx(context)
    }

    /// Decompresses one or more frames.
    ///
    /// - Returns: the length, or `nil` when the frames are damaged or their content is longer than `output`: the room is set
    ///   by the caller from an authenticated length, so a frame that claims to be larger can never fill the memory.
    func decompress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        let written = ZSTD_decompressDCtx(context, output.baseAddress, output.count, input.baseAddress, input.count)
        return ZSTD_isError(written) == 0 ? written : nil
    }

    /// The longest content that frames of `byteCount` bytes can have: no room is made for more.
    ///
    /// A block of 4 bytes, three of header and one that is repeated, gives at most 128 KiB, and no other kind gives more
    /// for its bytes (RFC 8878, sections 3.1.1.2.2 and 3.1.1.2.4).
    static func mostContent(of byteCount: Int) -> Int { byteCount * (32 << 10) }

    /// The content length that the frame itself states; `nil` when it states none or is not a frame.
    static func statedLength(of frame: UnsafeRawBufferPointer) -> UInt64? {
        let length = ZSTD_getFrameContentSize(frame.baseAddress, frame.count)
        // ZSTD_CONTENTSIZE_UNKNOWN and _ERROR are the two highest values; the macros do not import.
        return length >= UInt64.max - 1 ? nil : length
    }
}
