internal import Crypto
public import NIOCore

/// What a signature says about the body of a request: the header `x-amz-content-sha256`.
public enum PayloadDigest: Sendable, Hashable {
    /// The SHA-256 of the body, 64 lower-case hexadecimal digits. The server refuses any other body.
    case sha256(String)
    /// The body is not covered. Only over TLS, where the connection protects it.
    case unsigned
    /// The body comes in chunks that are each signed (``ChunkSigner``).
    case signedChunks

    /// The digest of no body.
    public static let empty = PayloadDigest.sha256("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

    /// The digest of the readable bytes of `body`.
    public init(of body: ByteBuffer) {
        self = .sha256(Digest.sha256(of: body).hex)
    }

    /// The value of the header.
    public var headerValue: String {
        switch self {
        case .sha256(let digits): digits
        case .unsigned: "UNSIGNED-PAYLOAD"
        case .signedChunks: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
        }
    }
}

/// Bytes of a digest, and the two ways in which S3 writes them.
struct Digest: Sendable, Hashable {
    let bytes: [UInt8]

    static func sha256(of body: ByteBuffer) -> Digest {
        var hash = SHA256()
        body.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        return Digest(bytes: Array(hash.finalize()))
    }

    static func sha256(of text: String) -> Digest {
        Digest(bytes: Array(SHA256.hash(data: Array(text.utf8))))
    }

    static func md5(of body: ByteBuffer) -> Digest {
        var hash = Insecure.MD5()
        body.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        return Digest(bytes: Array(hash.finalize()))
    }

    var hex: String { bytes.hex }

    var base64: String { bytes.base64 }
}

extension Sequence<UInt8> {
    /// Two lower-case hexadecimal digits a byte.
    var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(underestimatedCount * 2)
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
