import CZstd
import Chunking
import ResticCrypto
import ResticFormat
import TestSupport

extension Stage {
    /// What happens to every byte before it is known whether it is new.
    static var content: [Stage] {
        [
            Stage(name: "gear hash, noise") { data, watch in gearHash(data.noise, watch) },
            Stage(name: "gear hash, embeddings") { data, watch in gearHash(data.embeddings, watch) },
            Stage(name: "zero scan, zeros") { data, watch in zeroScan(data.zeros, watch) },
            // Ends at the first byte: what counts is the time for each block.
            Stage(name: "zero scan, noise") { data, watch in zeroScan(data.noise, watch, readsAll: false) },
            Stage(name: "SHA-256, 1 MiB") { data, watch in hash(data.noise, by: StageData.chunkLength, watch) },
            Stage(name: "SHA-256, 4 KiB") { data, watch in hash(data.noise, by: 4096, watch) },
        ]
    }

    /// zstd as the codec calls it: one context for all chunks, without a checksum.
    static var compression: [Stage] {
        let inUse: [(level: Int32, what: String, take: @Sendable (StageData) -> [UInt8])] = [
            (1, "embeddings", { $0.embeddings }), (1, "text", { $0.text }),
            (3, "embeddings", { $0.embeddings }), (3, "text", { $0.text }),
            // Of compression "max".
            (19, "text", { Array($0.text[..<StageData.chunkLength]) }),
        ]
        return inUse.map { use in
            Stage(name: "zstd -\(use.level), \(use.what)") { data, watch in
                compress(use.take(data), level: use.level, watch)
            }
        } + [
            Stage(name: "zstd, decompress embeddings") { data, watch in decompress(data.embeddings, watch) },
            Stage(name: "zstd, decompress text") { data, watch in decompress(data.text, watch) },
        ]
    }

    /// AES-256-CTR and Poly1305-AES.
    static var sealing: [Stage] {
        [
            Stage(name: "seal, 1 MiB") { data, watch in try seal(data.noise, by: StageData.chunkLength, watch) },
            Stage(name: "seal, 4 KiB") { data, watch in try seal(data.noise, by: 4096, watch) },
            Stage(name: "open, 1 MiB") { data, watch in try open(data.noise, by: StageData.chunkLength, watch) },
            Stage(name: "open, 4 KiB") { data, watch in try open(data.noise, by: 4096, watch) },
        ]
    }

    // MARK: How

    private static func gearHash(_ bytes: [UInt8], _ watch: Stopwatch) -> StageResult {
        var random = SeededGenerator(seed: 3)
        let table = GearTable(words: (0..<256).map { _ in random.next() })
        let parameters = ChunkParameters.standard
        func chunks() -> Int {
            bytes.withUnsafeBytes { all in
                var finder = BoundaryFinder(parameters: parameters, table: table)
                var start = 0
                var found = 0
                while start < all.count {
                    let rest = UnsafeRawBufferPointer(rebasing: all[start...])
                    start += finder.scan(rest) ?? rest.count
                    finder.reset()
                    found += 1
                }
                return found
            }
        }
        return watch.measure(bytes: bytes.count, count: chunks(), of: "chunk", chunks)
    }

    private static func zeroScan(_ bytes: [UInt8], _ watch: Stopwatch, readsAll: Bool = true) -> StageResult {
        let block = 4096
        return watch.measure(bytes: readsAll ? bytes.count : 0, count: bytes.count / block, of: "block") {
            bytes.withUnsafeBytes { all in
                stride(from: 0, to: all.count, by: block).reduce(0) { found, start in
                    found + (ZeroScan.isZero(UnsafeRawBufferPointer(rebasing: all[start..<(start + block)])) ? 1 : 0)
                }
            }
        }
    }

    private static func hash(_ bytes: [UInt8], by length: Int, _ watch: Stopwatch) -> StageResult {
        watch.measure(bytes: bytes.count, count: bytes.count / length, of: "hash") {
            bytes.withUnsafeBytes { all in
                stride(from: 0, to: all.count, by: length).reduce(0) { sum, start in
                    sum &+ ContentHash.id(of: UnsafeRawBufferPointer(rebasing: all[start..<(start + length)])).hashValue
                }
            }
        }
    }

    private static func compress(_ bytes: [UInt8], level: Int32, _ watch: Stopwatch) -> StageResult {
        let context = ZSTD_createCCtx()
        defer { ZSTD_freeCCtx(context) }
        _ = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        var output = [UInt8](repeating: 0, count: ZSTD_compressBound(StageData.chunkLength))
        var length = 0
        var result = watch.measure(bytes: bytes.count, count: bytes.count / StageData.chunkLength, of: "chunk") {
            length = 0
            StageData.forEachChunk(bytes) {
                length += ZSTD_compress2(context, &output, output.count, $0.baseAddress, $0.count)
            }
            return length
        }
        result.unit += ", \(length * 100 / bytes.count) % remain"
        return result
    }

    private static func decompress(_ bytes: [UInt8], _ watch: Stopwatch) -> StageResult {
        var frames: [[UInt8]] = []
        StageData.forEachChunk(bytes) { chunk in
            var frame = [UInt8](repeating: 0, count: ZSTD_compressBound(chunk.count))
            frame.removeLast(frame.count - ZSTD_compress(&frame, frame.count, chunk.baseAddress, chunk.count, 3))
            frames.append(frame)
        }
        let context = ZSTD_createDCtx()
        defer { ZSTD_freeDCtx(context) }
        var output = [UInt8](repeating: 0, count: StageData.chunkLength)
        return watch.measure(bytes: bytes.count, count: frames.count, of: "chunk") {
            frames.reduce(0) { $0 + ZSTD_decompressDCtx(context, &output, output.count, $1, $1.count) }
        }
    }

    private static func seal(_ bytes: [UInt8], by length: Int, _ watch: Stopwatch) throws -> StageResult {
        let context = try SealingContext(key: .random())
        var output = [UInt8](repeating: 0, count: length + SealingContext.overhead)
        return try watch.measure(bytes: bytes.count, count: bytes.count / length, of: "blob") {
            try bytes.withUnsafeBytes { all in
                try output.withUnsafeMutableBytes { output in
                    try stride(from: 0, to: all.count, by: length).reduce(0) { sum, start in
                        try sum
                            + context.seal(
                                UnsafeRawBufferPointer(rebasing: all[start..<(start + length)]),
                                into: output
                            )
                    }
                }
            }
        }
    }

    private static func open(_ bytes: [UInt8], by length: Int, _ watch: Stopwatch) throws -> StageResult {
        let context = try SealingContext(key: .random())
        // One sealed blob again and again: opening takes its time whatever is in it.
        var sealed = [UInt8](repeating: 0, count: length + SealingContext.overhead)
        _ = try sealed.withUnsafeMutableBytes { output in
            try bytes.withUnsafeBytes {
                try context.seal(UnsafeRawBufferPointer(rebasing: $0[..<length]), into: output)
            }
        }
        var output = [UInt8](repeating: 0, count: length)
        let count = bytes.count / length
        return try watch.measure(bytes: bytes.count, count: count, of: "blob") {
            try sealed.withUnsafeBytes { sealed in
                try output.withUnsafeMutableBytes { output in
                    try (0..<count).reduce(0) { sum, _ in try sum + context.open(sealed, into: output) }
                }
            }
        }
    }
}
