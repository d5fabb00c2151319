internal import CLibcrypto

/// Memory for something secret: never written after it was made, hence unchecked, and wiped at its end.
final class WipedBytes: @unchecked Sendable {
    private let bytes: UnsafeMutableRawBufferPointer

    init(copying source: UnsafeRawBufferPointer) {
        bytes = .allocate(byteCount: max(source.count, 1), alignment: 16)
        bytes.copyMemory(from: source)
        count = source.count
    }

    /// Takes what `body` fills in.
    init(count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(SealingError) -> Void) throws(SealingError) {
        bytes = .allocate(byteCount: max(count, 1), alignment: 16)
        self.count = count
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        try body(UnsafeMutableRawBufferPointer(rebasing: bytes[0..<count]))
    }

    deinit {
        OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        bytes.deallocate()
    }

    /// How many bytes there are.
    let count: Int

    /// Calls `body` with the bytes.
    func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(rebasing: bytes[0..<count]))
    }
}

/// Overwrites an array that held something secret. Copies that were made of it are out of reach.
func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
}
