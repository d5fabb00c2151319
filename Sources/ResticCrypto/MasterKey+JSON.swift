internal import CLibcrypto
internal import ResticFormat

extension MasterKey {
    /// The key's JSON, `{"mac":{"k":…,"r":…},"encrypt":…}` with the parts in base 64: the key in plain, to be sealed at
    /// once.
    ///
    /// Source: restic doc/design.rst, section Keys, Encryption and MAC; restic internal/repository/crypto/crypto.go.
    public func encodeJSON() -> [UInt8] {
        // Some 150 bytes: room for all of them from the start, lest the memory moves and leaves a copy behind.
        var writer = JSONWriter(reservingCapacity: 256)
        writer.beginObject()
        writer.key("mac")
        writer.beginObject()
        withMACKeys { k, r in
            writer.key("k")
            writer.value(base64: k)
            writer.key("r")
            writer.value(base64: r)
        }
        writer.endObject()
        writer.key("encrypt")
        withEncryptionKey { writer.value(base64: $0) }
        writer.endObject()
        return writer.bytes
    }

    /// Reads a key's JSON.
    ///
    /// - Throws: `invalidKey` when it is no such JSON, a part is of another length, or a part is all zeros.
    public init(json: UnsafeRawBufferPointer) throws(ResticCryptoError) {
        var parts = KeyParts()
        defer { parts.wipe() }
        do {
            try parts.scan(json)
        } catch {
            throw ResticCryptoError(.invalidKey, "the opened key is not the JSON of a key", cause: error)
        }
        guard parts.encryption.count == 32, parts.macK.count == 16, parts.macR.count == 16 else {
            throw ResticCryptoError(.invalidKey, "a part of the opened key is missing or of the wrong length")
        }
        self = try withWipedBytes(count: Self.byteCount) { bytes throws(ResticCryptoError) in
            bytes.copyBytes(from: parts.encryption)
            UnsafeMutableRawBufferPointer(rebasing: bytes[32...]).copyBytes(from: parts.macK)
            UnsafeMutableRawBufferPointer(rebasing: bytes[48...]).copyBytes(from: parts.macR)
            return try Self(UnsafeRawBufferPointer(bytes))
        }
    }
}

/// The parts of a key while it is read.
private struct KeyParts {
    var encryption: [UInt8] = []
    var macK: [UInt8] = []
    var macR: [UInt8] = []

    mutating func scan(_ json: UnsafeRawBufferPointer) throws(ResticFormatError) {
        var scanner = JSONScanner(json)
        try scanner.object { scanner, key throws(ResticFormatError) in
            switch key {
            case "encrypt": encryption = try scanner.base64()
            case "mac":
                try scanner.object { scanner, key throws(ResticFormatError) in
                    switch key {
                    case "k": macK = try scanner.base64()
                    case "r": macR = try scanner.base64()
                    default: try scanner.skip()
                    }
                }
            default: try scanner.skip()
            }
        }
        try scanner.finish()
    }

    mutating func wipe() {
        encryption.wipe()
        macK.wipe()
        macR.wipe()
    }
}

extension [UInt8] {
    /// Overwrites the bytes with zeros in a way that is not optimized away; of no use if somebody else holds a copy.
    mutating func wipe() {
        withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }
}
