internal import CZstd

/// A reusable zstd compression context; one task uses it at a time.
final class ZstdCompressor {
    private let context: OpaquePointer

    init(level: Int32) {
        guard let context = ZSTD_createCCtx() else { fatalError("out of memory for a zstd context") }
        self.context = context
        _ = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
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

    /// The content length that the frame itself states; `nil` when it states none or is not a frame.
    static func statedLength(of frame: UnsafeRawBufferPointer) -> UInt64? {
        let length = ZSTD_getFrameContentSize(frame.baseAddress, frame.count)
        // ZSTD_CONTENTSIZE_UNKNOWN and _ERROR are the two highest values; the macros do not import.
        return length >= UInt64.max - 1 ? nil : length
    }
}
