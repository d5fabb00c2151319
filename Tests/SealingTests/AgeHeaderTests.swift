import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Sealing

@Suite("The header of an age file")
struct AgeHeaderTests {
    @Test("is read back, with stanzas of every length and none of ours")
    func roundTrip() throws {
        let crafted = CraftedFile()
        var generator = SeededGenerator(seed: 1)
        let stanzas = [0, 1, 47, 48, 49, 95, 96, 97, 1184].map {
            AgeStanza(arguments: ["example.com/\($0)", "~!"], body: generator.bytes($0))
        }
        let header = AgeHeader(stanzas: stanzas, fileKey: crafted.fileKey)
        let bytes = header.encode()
        let (read, count) = try AgeHeader.decode(bytes + [1, 2, 3])
        #expect(read == header)
        #expect(count == bytes.count)
        #expect(crafted.fileKey.authenticates(read))
    }

    @Test("can come in pieces of any size", arguments: [1, 2, 3, 21, 22, 23, 64, 1000])
    func pieces(size: Int) throws {
        let crafted = CraftedFile()
        let file = try crafted.file(header: crafted.header())
        #expect(crafted.code(file, by: size) == nil)
    }

    @Test("may hold recipients of unknown types, before and behind ours")
    func unknownTypes() throws {
        let crafted = CraftedFile()
        let odd = ["-> x25519 a", "", "-> ~!#grease", String(repeating: "A", count: 64), "", "-> Scrypt", "AA"]
        let file = try crafted.file(header: crafted.header([CraftedFile.version] + odd + crafted.stanzaLines() + odd))
        #expect(crafted.code(file) == nil)
    }

    @Test("that is for somebody else is no damage")
    func somebodyElse() throws {
        let crafted = CraftedFile()
        let stanza = try AgeX25519.stanza(wrapping: crafted.fileKey, for: AgeIdentity().recipient)
        let file = try crafted.file(header: crafted.header([CraftedFile.version] + crafted.lines(of: stanza)))
        #expect(crafted.code(file) == .noIdentityMatches)
        let unknown = try crafted.file(header: crafted.header([CraftedFile.version, "-> x25519 a", "AA"]))
        #expect(crafted.code(unknown) == .noIdentityMatches)
    }

    /// Headers whose MAC is right, whose recipient can be opened, and that are still refused.
    static let refusals: [(title: String, code: SealingError.Code, change: @Sendable ([String]) -> [String])] = [
        ("another version", .unsupported, { ["age-encryption.org/v2"] + $0[1...] }),
        ("no version", .damaged, { ["age-encryption.org/"] + $0[1...] }),
        ("space behind the version", .damaged, { [$0[0] + " "] + $0[1...] }),
        ("carriage return behind the version", .damaged, { [$0[0] + "\r"] + $0[1...] }),
        ("another format", .notSealed, { ["age-encryption.com/v1"] + $0[1...] }),
        ("empty line before", .notSealed, { [""] + $0 }),
        ("no recipients", .damaged, { [$0[0]] }),
        ("empty line between", .damaged, { $0 + [""] }),
        ("stanza without a space", .damaged, { [$0[0], $0[1].replacing("-> ", with: "->"), $0[2]] }),
        ("stanza with two spaces", .damaged, { [$0[0], $0[1].replacing("-> ", with: "->  "), $0[2]] }),
        ("two spaces between arguments", .damaged, { [$0[0], $0[1].replacing("X25519 ", with: "X25519  "), $0[2]] }),
        ("space behind the arguments", .damaged, { [$0[0], $0[1] + " ", $0[2]] }),
        ("carriage return behind the arguments", .damaged, { [$0[0], $0[1] + "\r", $0[2]] }),
        ("stanza without arguments", .damaged, { [$0[0], "-> ", ""] + $0[1...] }),
        ("argument that is not ASCII", .damaged, { [$0[0], "-> ü", ""] + $0[1...] }),
        ("argument with a control character", .damaged, { [$0[0], "-> a\u{1}", ""] + $0[1...] }),
        ("stanza begun with a dash only", .damaged, { [$0[0], "- a", ""] + $0[1...] }),
        ("body missing", .damaged, { [$0[0], "-> a"] + $0[1...] }),
        (
            "full line without a short one behind", .damaged,
            { [$0[0], "-> a", String(repeating: "A", count: 64)] + $0[1...] }
        ),
        ("line too long", .damaged, { [$0[0], "-> a", String(repeating: "A", count: 68)] + $0[1...] }),
        ("two short lines", .damaged, { [$0[0], "-> a", "AA", "AA"] + $0[1...] }),
        ("body padded", .damaged, { [$0[0], "-> a", "AA=="] + $0[1...] }),
        ("body not canonical", .damaged, { [$0[0], "-> a", "AB"] + $0[1...] }),
        ("body with a space", .damaged, { [$0[0], "-> a", "AA "] + $0[1...] }),
        ("body of the URL alphabet", .damaged, { [$0[0], "-> a", "-_"] + $0[1...] }),
        ("X25519 with an argument more", .damaged, { [$0[0], $0[1] + " a", $0[2]] }),
        ("X25519 with an argument less", .damaged, { [$0[0], "-> X25519", $0[2]] }),
        ("second X25519 malformed", .damaged, { $0 + ["-> X25519 AA", ""] }),
        ("share padded", .damaged, { [$0[0], $0[1] + "=", $0[2]] }),
        ("share of 31 bytes", .damaged, { [$0[0], "-> X25519 " + String(repeating: "A", count: 42), $0[2]] }),
        ("share of 33 bytes", .damaged, { [$0[0], "-> X25519 " + String(repeating: "A", count: 44), $0[2]] }),
        (
            "second share of zeros", .damaged,
            { $0 + ["-> X25519 " + String(repeating: "A", count: 43), String(repeating: "A", count: 43)] }
        ),
        ("share of zeros", .damaged, { [$0[0], "-> X25519 " + String(repeating: "A", count: 43), $0[2]] }),
        (
            "share of low order", .damaged,
            {
                let share = String(decoding: Base64.encode(AgeKeyTests.lowOrderPoint), as: UTF8.self)
                return [$0[0], "-> X25519 \(share)", $0[2]]
            }
        ),
        ("file key too long", .damaged, { [$0[0], $0[1], String(repeating: "A", count: 44)] }),
        ("file key too short", .damaged, { [$0[0], $0[1], String(repeating: "A", count: 42)] }),
        ("X25519 and scrypt", .damaged, { $0 + ["-> scrypt \(salt) 10", String(repeating: "A", count: 43)] }),
        (
            "unknown type and scrypt", .damaged,
            { [$0[0], "-> a", "", "-> scrypt \(salt) 10", String(repeating: "A", count: 43)] }
        ),
    ]

    static let salt = String(repeating: "A", count: 22)

    @Test("is refused when it is not exactly as prescribed", arguments: refusals.indices)
    func refused(index: Int) throws {
        let (title, code, change) = Self.refusals[index]
        let crafted = CraftedFile()
        let lines = [CraftedFile.version] + (try crafted.stanzaLines())
        #expect(crafted.code(try crafted.file(header: crafted.header(lines))) == nil)
        for size in [1, 4096] {
            let file = try crafted.file(header: crafted.header(change(lines)))
            #expect(crafted.code(file, by: size) == code, "\(title), in pieces of \(size)")
        }
    }

    @Test("is refused when the line of the MAC is not exactly as prescribed")
    func macLine() throws {
        let crafted = CraftedFile()
        let header = String(decoding: try crafted.header(), as: UTF8.self)
        let mark = try #require(header.range(of: "--- ", options: .backwards))
        let start = header[..<mark.lowerBound]
        let mac = header[mark.upperBound...].dropLast()
        let lines = [
            "---\(mac)\n", "---  \(mac)\n", "--- \(mac) \n", "--- \(mac)\r\n", "--- \(mac)=\n",
            "--- \(mac.dropLast())\n",
            "--- \(mac)A\n", "--- \n", "---\n", "---- \(mac)\n", "-- \(mac)\n", "--- \(mac.dropLast())\u{FC}\n",
        ]
        for line in lines {
            let file = try crafted.file(header: Array((start + line).utf8))
            #expect(crafted.code(file) == .damaged, "\(line)")
        }
        // 43 letters hold two bits more than 32 bytes: the last letter has neighbours that decode alike in a lax reader.
        let last = try #require(mac.utf8.last)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let next = alphabet[(try #require(alphabet.firstIndex(of: last))) + 1]
        let twisted = start + "--- \(mac.dropLast())" + String(decoding: [next], as: UTF8.self) + "\n"
        #expect(crafted.code(try crafted.file(header: Array(twisted.utf8))) == .damaged)
    }

    @Test("is refused when one bit of it differs, wherever")
    func everyBit() throws {
        let crafted = CraftedFile()
        let file = try crafted.file(header: crafted.header())
        let count = try AgeHeader.decode(file).byteCount
        let allowed: Set<SealingError.Code?> = [.damaged, .notSealed, .unsupported, .noIdentityMatches, .limitExceeded]
        for index in 0..<count {
            for bit in 0..<8 {
                var changed = file
                changed[index] ^= 1 << bit
                let code = crafted.code(changed)
                // A longer last line or stanza may swallow what follows, up to the end of the file.
                #expect(
                    allowed.contains(code) || code == .truncated,
                    "bit \(bit) of byte \(index): \(String(describing: code))"
                )
            }
        }
    }

    @Test("is cut short when it ends before its MAC")
    func everyLength() throws {
        let crafted = CraftedFile()
        let header = try crafted.header()
        for count in 0..<header.count {
            #expect(crafted.code(Array(header[..<count])) == .truncated, "\(count) bytes")
        }
    }

    @Test("that never ends is refused at a limit", arguments: ["A", "\n", "-> a\n\n", "-> a b c d e f g h\n"])
    func bombs(piece: String) {
        let limits = AgeLimits(headerBytes: 10_000)
        let bomb = "age-encryption.org/v1\n-> a\n" + String(repeating: piece, count: 20_000 / piece.utf8.count)
        var decoder = AgeHeaderDecoder(limits: limits)
        let start = ByteBuffer(string: "age-encryption.org/v1\n-> ")
        let error = #expect(throws: SealingError.self) {
            var buffer = start
            _ = try decoder.decode(&buffer)
            for _ in 0..<100_000 {
                var piece = ByteBuffer(string: String(repeating: "a", count: 100))
                _ = try decoder.decode(&piece)
            }
        }
        #expect(error?.code == .limitExceeded)
        let whole = openPiecewise(Array(bomb.utf8), with: AgeIdentities(keys: [AgeIdentity()]), limits: limits).code
        #expect(whole == .limitExceeded || whole == .damaged)
    }

    @Test("of a few thousand recipients is refused at the stated limit, of two thousand it is read")
    func manyRecipients() throws {
        let crafted = CraftedFile()
        let lines = try crafted.stanzaLines()
        func header(_ count: Int) -> [UInt8] {
            crafted.header([CraftedFile.version] + (0..<count).flatMap { _ in lines })
        }
        #expect(try AgeHeader.decode(header(2000)).header.stanzas.count == 2000)
        let error = #expect(throws: SealingError.self) { try AgeHeader.decode(header(4000)) }
        #expect(error?.code == .limitExceeded)
    }

    @Test("a file of another kind is refused before a line of it ends")
    func foreign() {
        for beginning in ["BEGIN", "age-encryption.orgy", "\u{1F}\u{8B}", "AGE-ENCRYPTION.ORG/v1"] {
            let bytes = Array(beginning.utf8) + [UInt8](repeating: 0x41, count: 1_000_000)
            #expect(openPiecewise(bytes, with: AgeIdentities(), by: 3).code == .notSealed)
            #expect(openPiecewise(bytes, with: AgeIdentities(), by: bytes.count).code == .notSealed)
        }
    }

    /// Any bytes: either a typed error, or a header that encodes to exactly what was read.
    static func check(_ bytes: [UInt8]) throws(SealingError) {
        let (header, count) = try AgeHeader.decode(bytes, limits: AgeLimits(headerBytes: 4096))
        #expect(header.encode() == Array(bytes[..<count]))
        for stanza in header.stanzas { #expect(!stanza.arguments.isEmpty) }
    }

    @Test(
        "of any bytes is refused, or is one that encodes to itself",
        arguments: [UInt64.random(in: 0...UInt64.max), 1, 2]
    )
    func mutations(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let crafted = CraftedFile()
        let seeds = [
            try crafted.header(),
            crafted.header([CraftedFile.version, "-> scrypt \(Self.salt) 18", String(repeating: "A", count: 43)]),
            crafted.header([CraftedFile.version, "-> a b", String(repeating: "A", count: 64), "", "-> c", "AA"]),
        ]
        var readable = 0
        for _ in 0..<4000 {
            var bytes = seeds[Int.random(in: 0..<seeds.count, using: &generator)]
            for _ in 0..<Int.random(in: 1...4, using: &generator) { Self.mutate(&bytes, &generator) }
            do throws(SealingError) {
                try Self.check(bytes)
                readable += 1
            } catch {
                #expect(error.code != .misuse && error.code != .libraryFailure, "\(generator)")
            }
        }
        // Enough of them get past the grammar for the comparison above to mean something.
        #expect(readable > 20, "\(generator)")
    }

    private static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        let letters = Array("ABab01+/=-> \n\r~\u{0}".utf8)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[place] = letters[Int.random(in: 0..<letters.count, using: &generator)]
        case 2: bytes.insert(letters[Int.random(in: 0..<letters.count, using: &generator)], at: place)
        case 3: bytes.remove(at: place)
        case 4: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...64, using: &generator)))
        default:
            let part = Array(bytes[place..<min(bytes.count, place + Int.random(in: 1...80, using: &generator))])
            bytes.insert(contentsOf: part, at: Int.random(in: 0...bytes.count, using: &generator))
        }
    }
}
