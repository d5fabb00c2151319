/// A file of the folder `keys`: the master key, sealed with a key derived from a password. It is stored as it is,
/// neither sealed nor compressed.
///
/// Source: restic doc/design.rst, section Keys, Encryption and MAC; restic internal/repository/key.go.
public struct KeyFile: Hashable, Sendable {
    /// When the key was added.
    public var created: GoTime
    /// Who added it.
    public var username: String
    /// On which host it was added.
    public var hostname: String
    /// The key derivation function; `scrypt` is the only one there is.
    public var kdf: String
    /// scrypt's cost N, a power of two.
    public var n: Int
    /// scrypt's block size r.
    public var r: Int
    /// scrypt's parallelization p.
    public var p: Int
    /// The salt, 64 random bytes.
    public var salt: [UInt8]
    /// The master key's JSON, sealed: nonce, ciphertext, MAC.
    public var data: [UInt8]

    /// Makes a key file; see the properties.
    public init(
        created: GoTime,
        username: String,
        hostname: String,
        kdf: String = "scrypt",
        n: Int,
        r: Int,
        p: Int,
        salt: [UInt8],
        data: [UInt8]
    ) {
        self.created = created
        self.username = username
        self.hostname = hostname
        self.kdf = kdf
        self.n = n
        self.r = r
        self.p = p
        self.salt = salt
        self.data = data
    }

    /// The JSON of the file, without a line end; its SHA-256 hash is the file's name.
    public func encode() -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 512)
        writer.beginObject()
        writer.key("created")
        writer.value(created)
        writer.key("username")
        writer.value(username)
        writer.key("hostname")
        writer.value(hostname)
        writer.key("kdf")
        writer.value(kdf)
        writer.key("N")
        writer.value(n)
        writer.key("r")
        writer.value(r)
        writer.key("p")
        writer.value(p)
        writer.key("salt")
        writer.value(base64: salt)
        writer.key("data")
        writer.value(base64: data)
        writer.endObject()
        return writer.bytes
    }
}

extension KeyFile: ResticDocument {
    /// Reads the file. The parameters of the derivation are not checked here but where they are used.
    public static func decode(_ json: UnsafeRawBufferPointer) throws(ResticFormatError) -> Self {
        var file = Self(created: .zero, username: "", hostname: "", kdf: "", n: 0, r: 0, p: 0, salt: [], data: [])
        try scanObject(json) { scanner, key throws(ResticFormatError) in
            switch key {
            case "created": file.created = try scanner.time()
            case "username": file.username = try scanner.text()
            case "hostname": file.hostname = try scanner.text()
            case "kdf": file.kdf = try scanner.text()
            case "N": file.n = try scanner.signed()
            case "r": file.r = try scanner.signed()
            case "p": file.p = try scanner.signed()
            case "salt": file.salt = try scanner.base64()
            case "data": file.data = try scanner.base64()
            default: try scanner.skip()
            }
        }
        return file
    }
}

extension KeyFile: CustomStringConvertible {
    /// Who made it and when; neither salt nor data.
    public var description: String { "key of \(username)@\(hostname), created \(created)" }
}
