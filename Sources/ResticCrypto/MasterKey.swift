internal import CLibcrypto

/// The keys that seal everything in a repository: one to encrypt, two to authenticate.
///
/// A key derived from a password is of the same shape; it seals nothing but a master key. Copies share one piece of
/// memory, which is wiped when the last copy is gone. Source: restic doc/design.rst, section Keys, Encryption and MAC.
public struct MasterKey: Sendable {
    /// The length of all three in bytes.
    public static let byteCount = 64

    private let storage: KeyStorage

    /// Takes 64 bytes: 32 to encrypt (AES-256), then 16 for the MAC's AES-128 (k), then 16 for Poly1305 (r).
    ///
    /// - Throws: `invalidKey` when there are not 64 bytes, or one of the three is all zeros; restic refuses those, for
    ///   they are what forgotten initialization looks like.
    public init(_ bytes: UnsafeRawBufferPointer) throws(ResticCryptoError) {
        guard bytes.count == Self.byteCount else {
            throw ResticCryptoError(.invalidKey, "a key has 64 bytes, not \(bytes.count)")
        }
        let storage = KeyStorage(copying: bytes)
        guard [storage.encryption, storage.macK, storage.macR].allSatisfy({ part in part.contains { $0 != 0 } }) else {
            throw ResticCryptoError(.invalidKey, "a key is all zeros")
        }
        self.storage = storage
    }

    /// A new random key.
    ///
    /// - Throws: `libraryFailure` when the system has no randomness to give.
    public static func random() throws(ResticCryptoError) -> Self {
        try withWipedBytes(count: byteCount) { bytes throws(ResticCryptoError) in
            try Libcrypto.fillRandom(bytes)
            return try Self(UnsafeRawBufferPointer(bytes))
        }
    }

    /// Calls `body` with the key to encrypt, 32 bytes.
    func withEncryptionKey<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(storage) {} }
        return try body(storage.encryption)
    }

    /// Calls `body` with the MAC's keys k and r, 16 bytes each.
    func withMACKeys<R, E: Error>(
        _ body: (_ k: UnsafeRawBufferPointer, _ r: UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        defer { withExtendedLifetime(storage) {} }
        return try body(storage.macK, storage.macR)
    }

    /// Whether both are the same key, in a time that does not depend on where they differ.
    public static func == (left: Self, right: Self) -> Bool {
        KeyStorage.areEqual(left.storage, right.storage)
    }
}

extension MasterKey: Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says that it is a key, and not which.
    public var description: String { "MasterKey(…)" }
    /// Says no more than ``description``.
    public var debugDescription: String { description }
    /// Shows nothing to `dump` either.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Memory of 64 bytes that is never written after it was made, hence unchecked, and wiped at its end.
private final class KeyStorage: @unchecked Sendable {
    private let bytes: UnsafeMutableRawBufferPointer

    init(copying source: UnsafeRawBufferPointer) {
        bytes = .allocate(byteCount: source.count, alignment: 16)
        bytes.copyMemory(from: source)
    }

    deinit {
        OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        bytes.deallocate()
    }

    var encryption: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[0..<32]) }
    var macK: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[32..<48]) }
    var macR: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[48..<64]) }

    static func areEqual(_ left: KeyStorage, _ right: KeyStorage) -> Bool {
        CRYPTO_memcmp(left.bytes.baseAddress, right.bytes.baseAddress, left.bytes.count) == 0
    }
}

/// Calls `body` with memory for something secret, which is wiped afterwards.
func withWipedBytes<R, E: Error>(
    count: Int,
    _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
) throws(E) -> R {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    defer {
        OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        bytes.deallocate()
    }
    return try body(bytes)
}
