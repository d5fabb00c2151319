import NIOCore
import TestSupport
import Testing

@testable import Sealing

@Suite("The body of an age file")
struct AgePayloadTests {
    private static let full = [UInt8](repeating: 1, count: AgePayload.chunkLength)
    private static let some = [UInt8](repeating: 2, count: 100)

    @Test(
        "comes back, whatever the size and the pieces",
        arguments: interestingSizes,
        [1021, 65_536, 65_552, 5_000_000]
    )
    func roundTrip(count: Int, pieces: Int) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        let plain = generator.bytes(count)
        let identity = AgeIdentity()
        for armored in [false, true] {
            var sealer = try AgeSealer(to: .keys([identity.recipient]), armored: armored)
            var sealed: [UInt8] = []
            for start in stride(from: 0, to: count, by: pieces) {
                sealed += try sealer.seal(ByteBuffer(bytes: plain[start..<min(start + pieces, count)]))
                    .readableBytesView
            }
            sealed += try sealer.finish().readableBytesView
            let opened = openPiecewise(sealed, with: AgeIdentities(keys: [identity]), by: pieces)
            #expect(opened.code == nil)
            #expect(opened.plain == plain)
        }
    }

    @Test("has one length for one length")
    func length() async throws {
        let recipient = try AgeIdentity().recipient
        for count in interestingSizes {
            let sealed = try await seal([UInt8](repeating: 0, count: count), to: .age(.keys([recipient])))
            let header = try AgeHeader.decode(sealed).byteCount
            let chunks = max(1, (count + AgePayload.chunkLength - 1) / AgePayload.chunkLength)
            #expect(sealed.count == header + AgePayload.nonceLength + count + chunks * AgePayload.tagLength)
        }
    }

    /// Bodies that are sealed with the right key and still refused, and how much of them may come out.
    static let refusals:
        [(title: String, code: SealingError.Code, released: Int, make: @Sendable (CraftedFile) throws -> [[UInt8]])] = [
            ("no chunk", .truncated, 0, { _ in [] }),
            ("half a tag", .truncated, 0, { _ in [[1, 2, 3]] }),
            ("no last chunk", .truncated, 0, { try [$0.chunk(some, isLast: false)] }),
            ("no last chunk behind a full one", .truncated, full.count, { try [$0.chunk(full, isLast: false)] }),
            (
                "no last chunk behind two full ones", .truncated, 2 * full.count,
                { try [$0.chunk(full, isLast: false), $0.chunk(full, number: 1, isLast: false)] }
            ),
            (
                "empty last chunk behind a full one", .damaged, full.count,
                { try [$0.chunk(full, isLast: false), $0.chunk([], number: 1, isLast: true)] }
            ),
            (
                "short chunk that is not the last", .damaged, 0,
                { try [$0.chunk(some, isLast: false), $0.chunk(some, number: 1, isLast: true)] }
            ),
            (
                "two last chunks", .damaged, full.count,
                { try [$0.chunk(full, isLast: true), $0.chunk(some, number: 1, isLast: true)] }
            ),
            (
                "chunks exchanged", .damaged, 0,
                {
                    try [
                        $0.chunk(full, number: 1, isLast: false), $0.chunk(full, isLast: false),
                        $0.chunk(some, number: 2, isLast: true),
                    ]
                }
            ),
            (
                "a chunk twice", .damaged, full.count,
                {
                    try [
                        $0.chunk(full, isLast: false), $0.chunk(full, isLast: false),
                        $0.chunk(some, number: 1, isLast: true),
                    ]
                }
            ),
            (
                "a chunk left out", .damaged, full.count,
                { try [$0.chunk(full, isLast: false), $0.chunk(some, number: 2, isLast: true)] }
            ),
            ("a byte behind a short last chunk", .damaged, 0, { try [$0.chunk(some, isLast: true), [0]] }),
            ("a byte behind a full last chunk", .damaged, full.count, { try [$0.chunk(full, isLast: true), [0]] }),
            ("much behind a short last chunk", .damaged, 0, { try [$0.chunk(some, isLast: true), full] }),
            (
                "a second file behind", .damaged, 0,
                { try [$0.chunk(some, isLast: true), $0.file(chunks: [$0.chunk(some, isLast: true)])] }
            ),
        ]

    @Test(
        "is refused when its chunks are not the ones of one whole body",
        arguments: refusals.indices,
        [1000, 65_552, 1 << 20]
    )
    func refused(index: Int, pieces: Int) throws {
        let refusal = Self.refusals[index]
        let crafted = CraftedFile()
        let file = try crafted.file(chunks: refusal.make(crafted))
        let opened = openPiecewise(file, with: AgeIdentities(keys: [crafted.identity]), by: pieces)
        #expect(opened.code == refusal.code, "\(refusal.title)")
        #expect(opened.plain.count == refusal.released, "\(refusal.title)")
        #expect(opened.plain.allSatisfy { $0 == 1 }, "\(refusal.title)")
    }

    @Test("is accepted when the only chunk is empty or full")
    func edges() throws {
        let crafted = CraftedFile()
        for plain in [[], Self.full] {
            let opened = openPiecewise(
                try crafted.file(chunks: [crafted.chunk(plain, isLast: true)]),
                with: AgeIdentities(keys: [crafted.identity])
            )
            #expect(opened.code == nil)
            #expect(opened.plain == plain)
        }
    }

    @Test("gives out nothing that was not sealed, wherever a byte is damaged")
    func damage() async throws {
        var generator = SeededGenerator(seed: 5)
        let plain = generator.bytes(2 * AgePayload.chunkLength + 1000)
        let identity = AgeIdentity()
        let sealed = try await seal(plain, to: .age(.keys([identity.recipient])))
        let body = try AgeHeader.decode(sealed).byteCount
        let first = body + AgePayload.nonceLength
        let second = first + AgePayload.sealedChunkLength
        let third = second + AgePayload.sealedChunkLength
        // Nonce, then of each chunk: its first and a middle byte, and both ends of its tag.
        var places = [body, body + 15]
        for (start, end) in [(first, second), (second, third), (third, sealed.count)] {
            places += [start, (start + end) / 2, end - 16, end - 1]
        }
        for place in places {
            var changed = sealed
            changed[place] ^= 0x10
            let opened = openPiecewise(changed, with: AgeIdentities(keys: [identity]))
            #expect(opened.code == .damaged, "byte \(place)")
            let intact = place < second ? 0 : place < third ? 1 : 2
            #expect(opened.plain == Array(plain[..<(intact * AgePayload.chunkLength)]), "byte \(place)")
        }
    }

    @Test("is refused when it is cut anywhere")
    func cut() async throws {
        var generator = SeededGenerator(seed: 6)
        let plain = generator.bytes(AgePayload.chunkLength + 1000)
        let identity = AgeIdentity()
        let sealed = try await seal(plain, to: .age(.keys([identity.recipient])))
        let first = try AgeHeader.decode(sealed).byteCount + AgePayload.nonceLength
        let second = first + AgePayload.sealedChunkLength
        for count in [
            first - 16, first - 1, first, first + 15, first + 16, second - 1, second, second + 15, second + 16,
            sealed.count - 1,
        ] {
            let opened = openPiecewise(Array(sealed[..<count]), with: AgeIdentities(keys: [identity]))
            #expect(opened.code == .truncated || opened.code == .damaged, "\(count) bytes")
            #expect(opened.plain == (count >= second ? Array(plain[..<AgePayload.chunkLength]) : []), "\(count) bytes")
        }
        #expect(openPiecewise(Array(sealed[..<second]), with: AgeIdentities(keys: [identity])).code == .truncated)
    }

    @Test("numbers chunks in eleven bytes, most significant first, and marks the last")
    func nonces() throws {
        #expect(try Array(AgePayload.nonce(of: 0, isLast: false)) == [UInt8](repeating: 0, count: 12))
        let expected: [UInt8] = [0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 1]
        #expect(try Array(AgePayload.nonce(of: 0x0102_0304_0506_0708, isLast: true)) == expected)
    }

    @Test("is sealed under other keys each time")
    func fresh() async throws {
        let recipient = try AgeIdentity().recipient
        let one = try await seal(Self.some, to: .age(.keys([recipient])))
        let two = try await seal(Self.some, to: .age(.keys([recipient])))
        let header = try AgeHeader.decode(one).byteCount
        #expect(one.count == two.count)
        #expect(one[..<header] != two[..<header] && one[header...] != two[header...])
    }

    @Test("cannot be added to once it is finished, nor read on once it is refused")
    func misuse() throws {
        var sealer = try AgeSealer(to: .keys([AgeIdentity().recipient]))
        _ = try sealer.finish()
        var codes: [SealingError.Code] = []
        do throws(SealingError) { _ = try sealer.seal(ByteBuffer()) } catch { codes.append(error.code) }
        do throws(SealingError) { _ = try sealer.finish() } catch { codes.append(error.code) }
        var unsealer = AgeUnsealer(with: AgeIdentities())
        do throws(SealingError) { _ = try unsealer.open(ByteBuffer(string: "hello, world")) } catch {
            codes.append(error.code)
        }
        do throws(SealingError) { _ = try unsealer.open(ByteBuffer(string: "age-")) } catch { codes.append(error.code) }
        do throws(SealingError) { _ = try unsealer.finish() } catch { codes.append(error.code) }
        #expect(codes == [.misuse, .misuse, .notSealed, .misuse, .misuse])
    }
}
