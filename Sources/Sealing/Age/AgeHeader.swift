/// The textual beginning of an age file: the file key, wrapped for each recipient, and a MAC over all of it.
///
/// Source: C2SP age.md, section Header.
struct AgeHeader: Equatable, Sendable {
    static let versionPrefix = "age-encryption.org/"
    static let version = "v1"
    static let macLength = 32

    var stanzas: [AgeStanza]
    /// HMAC-SHA-256 over ``authenticatedBytes``.
    var mac: [UInt8]
    /// Everything up to and with `---`, as it was read.
    var authenticatedBytes: [UInt8]

    /// The header of these stanzas, authenticated by the file key that is wrapped in them.
    init(stanzas: [AgeStanza], fileKey: AgeFileKey) {
        self.stanzas = stanzas
        authenticatedBytes = Self.authenticatedBytes(of: stanzas)
        mac = fileKey.headerMAC(of: authenticatedBytes)
    }

    init(stanzas: [AgeStanza], mac: [UInt8], authenticatedBytes: [UInt8]) {
        self.stanzas = stanzas
        self.mac = mac
        self.authenticatedBytes = authenticatedBytes
    }

    static func authenticatedBytes(of stanzas: [AgeStanza]) -> [UInt8] {
        var text = Array("\(versionPrefix)\(version)\n".utf8)
        for stanza in stanzas { stanza.encode(into: &text) }
        return text + Array("---".utf8)
    }

    /// All bytes, the line feed after the MAC included.
    func encode() -> [UInt8] {
        authenticatedBytes + [0x20] + Base64.encode(mac) + [0x0A]
    }
}
