internal import CLibcrypto

/// Calls `body` with 16 bytes of the stack, which are wiped afterwards.
@inline(__always)
func withWipedBytes16<R, E: Error>(_ body: (UnsafeMutableRawBufferPointer) throws(E) -> R) throws(E) -> R {
    var bytes: (UInt64, UInt64) = (0, 0)
    return try withUnsafeMutableBytes(of: &bytes) { bytes throws(E) in
        defer { OPENSSL_cleanse(bytes.baseAddress, bytes.count) }
        return try body(bytes)
    }
}

/// Calls `body` with 32 bytes of the stack, which are wiped afterwards.
@inline(__always)
func withWipedBytes32<R, E: Error>(_ body: (UnsafeMutableRawBufferPointer) throws(E) -> R) throws(E) -> R {
    var bytes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    return try withUnsafeMutableBytes(of: &bytes) { bytes throws(E) in
        defer { OPENSSL_cleanse(bytes.baseAddress, bytes.count) }
        return try body(bytes)
    }
}

extension UnsafeRawBufferPointer {
    /// The start as libcrypto wants it.
    @inline(__always)
    var bytePointer: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}

extension UnsafeMutableRawBufferPointer {
    /// The start as libcrypto wants it. Of an empty buffer there may be none.
    @inline(__always)
    var bytePointer: UnsafeMutablePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}
