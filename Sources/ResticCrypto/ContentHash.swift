internal import CLibcrypto
public import ResticFormat

/// The SHA-256 hash of content, which is its name in the repository.
///
/// The one-shot call with an algorithm that was looked up before, because nothing that matters is faster. Measured with
/// OpenSSL 3.0 on a processor with SHA instructions, release build, its throughput being 1: a context kept from call to
/// call 1.35 (100 bytes), 1.02 (4 KiB), 1.00 (1 MiB), for one more object per worker; `EVP_sha256()`, which looks the
/// algorithm up each time, 0.44, 0.92, 1.00; swift-crypto 0.85, 0.99, 1.00.
public enum ContentHash {
    /// The hash of `bytes`.
    public static func id(of bytes: UnsafeRawBufferPointer) -> ResticID {
        withHash { output in EVP_Digest(bytes.baseAddress, bytes.count, output.bytePointer, nil, sha256, nil) }
    }

    /// The hash of `bytes`.
    public static func id(of bytes: [UInt8]) -> ResticID {
        bytes.withUnsafeBytes { id(of: $0) }
    }

    /// SHA-256, which every libcrypto has, even one confined to FIPS 140; without it nothing at all works, so this is
    /// the one look-up that may trap.
    fileprivate static var sha256: OpaquePointer {
        guard let algorithms = try? Libcrypto.algorithms() else {
            preconditionFailure("libcrypto lacks AES, Poly1305 or SHA-256")
        }
        return algorithms.sha256
    }

    /// The identifier that `body` has written, which it confirms by returning 1.
    fileprivate static func withHash(_ body: (UnsafeMutableRawBufferPointer) -> Int32) -> ResticID {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        return withUnsafeMutableBytes(of: &words) { output in
            precondition(body(output) == 1, "libcrypto failed to compute a hash")
            return ResticID(bytes: UnsafeRawBufferPointer(output))
        }
    }
}

/// Computes the SHA-256 hash of content that comes in pieces. Not `Sendable`: one for each worker.
public final class ContentHasher {
    private let context: OpaquePointer

    /// Makes a hasher that has seen nothing yet.
    public init() {
        guard let context = EVP_MD_CTX_new() else { preconditionFailure("libcrypto is out of memory") }
        self.context = context
        start()
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    private func start() {
        precondition(EVP_DigestInit_ex2(context, ContentHash.sha256, nil) == 1, "libcrypto failed to start a hash")
    }

    /// Takes the next piece.
    public func update(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        precondition(
            EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1,
            "libcrypto failed to compute a hash"
        )
    }

    /// The hash of all pieces since the last call; then starts over.
    public func finalize() -> ResticID {
        let id = ContentHash.withHash { output in EVP_DigestFinal_ex(context, output.bytePointer, nil) }
        start()
        return id
    }
}
