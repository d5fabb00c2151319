/// What a sealed file may ask of whoever opens it. Everything else is streamed.
public struct AgeLimits: Sendable, Hashable {
    /// The longest header in bytes. Default 256 KiB: some 2 500 recipients of X25519, or 150 of the post-quantum type.
    public var headerBytes: Int
    /// The greatest base-two logarithm of scrypt's cost. Default 20: 1 GiB of memory and some seconds. `age` writes 18, and
    /// opens up to 22 (4 GiB).
    public var scryptWorkFactor: Int

    /// The most ``scryptWorkFactor`` can be set to, as in `age`: 4 GiB of memory.
    public static let greatestScryptWorkFactor = 22

    /// Makes limits; see the properties.
    public init(headerBytes: Int = 256 << 10, scryptWorkFactor: Int = 20) {
        self.headerBytes = headerBytes
        self.scryptWorkFactor = min(scryptWorkFactor, Self.greatestScryptWorkFactor)
    }
}
