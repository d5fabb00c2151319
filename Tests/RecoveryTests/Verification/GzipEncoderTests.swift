import NIOCore
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@testable import Recovery

@Suite("Gzip")
struct GzipEncoderTests {
    @Test(
        "gives what the program gzip reads as the same bytes, in whatever pieces they came",
        .enabled(if: Program.find("gzip") != nil, "gzip is not installed"),
        arguments: [0, 1, 65_535, 65_536, 3_000_000],
        [1000, 70_000, 5_000_000]
    )
    func roundTrip(length: Int, pieceLength: Int) async throws {
        var generator = SeededGenerator(seed: UInt64(length))
        // Half random, half not.
        let bytes = generator.bytes(length / 2) + [UInt8](repeating: 7, count: length - length / 2)
        let encoder = GzipEncoder()
        var packed: [UInt8] = []
        for start in stride(from: 0, to: length, by: pieceLength) {
            packed += Array(
                encoder.add(ByteBuffer(bytes: bytes[start..<min(length, start + pieceLength)])).readableBytesView
            )
        }
        packed += Array(encoder.finish().readableBytesView)
        let outcome = try await #require(Program.find("gzip")).run(["-dc"], input: packed)
        #expect(outcome.succeeded && outcome.output == bytes)
        #expect(length < 1_000_000 || packed.count < length * 6 / 10)
    }
}
