import Crypto
import NIOCore

@testable import Sealing

/// Makes age files that no honest program writes: each part can be replaced before the rest is built on it.
struct CraftedFile {
    let identity = AgeIdentity()
    let fileKey = AgeFileKey(key: SymmetricKey(data: [UInt8]("YELLOW SUBMARINE".utf8)))
    var nonce = [UInt8](repeating: 7, count: 16)

    /// A header line by line, with the right MAC over whatever the lines say.
    func header(_ lines: [String]) -> [UInt8] {
        let text = Array((lines.map { $0 + "\n" }.joined() + "---").utf8)
        return text + Array(" ".utf8) + Base64.encode(fileKey.headerMAC(of: text)) + [0x0A]
    }

    static let version = "age-encryption.org/v1"

    /// The two lines of a recipient that ``identity`` opens.
    func stanzaLines() throws -> [String] {
        lines(of: try AgeX25519.stanza(wrapping: fileKey, for: identity.recipient))
    }

    func lines(of stanza: AgeStanza) -> [String] {
        var text: [UInt8] = []
        stanza.encode(into: &text)
        return String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .map(String.init)
    }

    func header() throws -> [UInt8] {
        header([Self.version] + (try stanzaLines()))
    }

    /// A chunk sealed for its place.
    func chunk(_ plain: [UInt8], number: UInt64 = 0, isLast: Bool) throws -> [UInt8] {
        let nonce = try AgePayload.nonce(of: number, isLast: isLast)
        let box = try ChaChaPoly.seal(plain, using: fileKey.payloadKey(nonce: self.nonce), nonce: nonce)
        return Array(box.ciphertext) + Array(box.tag)
    }

    /// A whole file of these chunks.
    func file(chunks: [[UInt8]]) throws -> [UInt8] {
        try header() + nonce + chunks.joined()
    }

    /// A whole file with this header.
    func file(header: [UInt8], plain: [UInt8] = Array("age".utf8)) throws -> [UInt8] {
        try header + nonce + chunk(plain, isLast: true)
    }

    /// What opening says.
    func code(_ file: [UInt8], by size: Int = 4096) -> SealingError.Code? {
        openPiecewise(file, with: AgeIdentities(keys: [identity]), by: size).code
    }
}
