import NIOCore

@testable import Sealing

extension FuzzTarget {
    /// Files that somebody sealed, or says so.
    static let sealedFiles: [FuzzTarget] = [
        FuzzTarget(
            "age-header",
            .text,
            words: [
                "-> X25519 ", "-> scrypt ", "---", "--- ", "age-encryption.org/v1\n", "age-encryption.org/v2\n", "\r\n",
                "=",
            ],
            seeds: { [header.encode(), header.encode() + Samples.noise] },
            refuses: isSealingError
        ) { bytes in
            let (header, count) = try AgeHeader.decode(bytes)
            try hold(count <= bytes.count, "a header of \(count) in \(bytes.count) bytes")
            try hold(header.encode() == Array(bytes.prefix(count)), "a header encodes to other bytes")
            let again = try mustWork("decoding again") { try AgeHeader.decode(header.encode()).header }
            try hold(again == header, "encodes to another header")
            try hold(header.mac.count == AgeHeader.macLength, "a MAC of \(header.mac.count) bytes")
        },
        FuzzTarget(
            "age-armor",
            .text,
            words: [
                "-----BEGIN AGE ENCRYPTED FILE-----\n", "-----END AGE ENCRYPTED FILE-----\n", "=", "==\n", " ", "\r\n",
            ],
            seeds: { [armored(Samples.noise), armored(Array(Samples.noise.prefix(47))), armored([])] },
            refuses: isSealingError
        ) { bytes in
            let opened = try unarmored(bytes, pieceLength: bytes.count)
            let pieces = try mustWork("reading in pieces") { try unarmored(bytes, pieceLength: 5) }
            try hold(pieces == opened, "the content depends on how the text comes")
            try hold(opened.count <= bytes.count, "\(opened.count) of \(bytes.count) bytes")
            let again = try mustWork("reading again") { try unarmored(armored(opened), pieceLength: .max) }
            try hold(again == opened, "is written as another content")
        },
    ]

    @Sendable private static func isSealingError(_ error: any Error) -> Bool { error is SealingError }

    private static let header = AgeHeader(
        stanzas: [
            AgeStanza(arguments: ["X25519", "TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc"], body: Array(0..<32)),
            AgeStanza(arguments: ["example.com/1", "~!"], body: Array(0..<48)),
            AgeStanza(arguments: ["grease"], body: []),
        ],
        mac: Array(repeating: 7, count: AgeHeader.macLength),
        authenticatedBytes: AgeHeader.authenticatedBytes(of: [
            AgeStanza(arguments: ["X25519", "TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc"], body: Array(0..<32)),
            AgeStanza(arguments: ["example.com/1", "~!"], body: Array(0..<48)),
            AgeStanza(arguments: ["grease"], body: []),
        ])
    )

    private static func armored(_ content: [UInt8]) -> [UInt8] {
        var writer = AgeArmorWriter()
        var output = ByteBuffer()
        writer.write(ByteBuffer(bytes: content), into: &output)
        writer.finish(into: &output)
        return Array(buffer: output)
    }

    private static func unarmored(_ text: [UInt8], pieceLength: Int) throws -> [UInt8] {
        var reader = AgeArmorReader()
        var rest = ByteBuffer(bytes: text)
        var output = ByteBuffer()
        while var piece = rest.readSlice(length: min(pieceLength, rest.readableBytes)), piece.readableBytes > 0 {
            try reader.read(&piece, into: &output)
        }
        try reader.finish(into: &output)
        return Array(buffer: output)
    }
}
