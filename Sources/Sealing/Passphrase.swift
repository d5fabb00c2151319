/// A passphrase that appears in no description, log or error, and whose memory is wiped when its last copy is gone.
public struct Passphrase: Sendable {
    private let storage: WipedBytes

    /// Takes the bytes of a passphrase as they were typed; nothing is normalized.
    ///
    /// - Throws: `invalidIdentity` when it is empty, or holds a line break or NUL, which no program can be given.
    public init(_ bytes: UnsafeRawBufferPointer) throws(SealingError) {
        try Self.check(bytes)
        storage = WipedBytes(copying: bytes)
    }

    /// Takes a text; the text itself cannot be wiped.
    ///
    /// - Throws: as the other initializer.
    public init(_ text: String) throws(SealingError) {
        let bytes = Array(text.utf8)
        try Self.check(bytes)
        storage = bytes.withUnsafeBytes { WipedBytes(copying: $0) }
    }

    private static func check(_ bytes: some Collection<UInt8>) throws(SealingError) {
        guard !bytes.isEmpty else {
            throw SealingError(
                .invalidIdentity,
                "a passphrase is empty",
                hint: "Is the place it is read from filled in?"
            )
        }
        guard !bytes.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) else {
            throw SealingError(.invalidIdentity, "a passphrase holds a line break or NUL")
        }
    }

    var count: Int { storage.count }

    /// Calls `body` with the bytes.
    func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try storage.withBytes(body)
    }
}

extension Passphrase: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Not the passphrase.
    public var description: String { "<redacted>" }
    /// Not the passphrase.
    public var debugDescription: String { "<redacted>" }
    /// Shows no contents.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
