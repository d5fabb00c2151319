internal import Crypto
public import NIOCore

/// Signs the chunks of a streamed body, each together with the one before it.
///
/// "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks" in S3's API reference. For
/// bodies whose digest is not known when the headers are sent, over connections that do not protect them.
public struct ChunkSigner: Sendable {
    private let key: SymmetricKey
    private let scope: String
    private let time: SigningTime
    private var previousSignature: String

    init(key: SymmetricKey, scope: String, time: SigningTime, previousSignature: String) {
        self.key = key
        self.scope = scope
        self.time = time
        self.previousSignature = previousSignature
    }

    /// The least length of every chunk but the last, in bytes.
    public static let leastChunkLength = 8 * 1024

    /// Frames one chunk: its length in hexadecimal, its signature, and the bytes. An empty chunk ends the body.
    public mutating func frame(_ chunk: ByteBuffer) -> ByteBuffer {
        let signature = sign(chunk)
        var framed = ByteBuffer()
        framed.reserveCapacity(Self.framedLength(of: chunk.readableBytes))
        framed.writeString("\(String(chunk.readableBytes, radix: 16));chunk-signature=\(signature)\r\n")
        framed.writeImmutableBuffer(chunk)
        framed.writeString("\r\n")
        return framed
    }

    /// The signature of one chunk, which the next one's is chained to.
    public mutating func sign(_ chunk: ByteBuffer) -> String {
        let text = [
            "AWS4-HMAC-SHA256-PAYLOAD", time.stamp, scope, previousSignature,
            Digest.sha256(of: "").hex, Digest.sha256(of: chunk).hex,
        ].joined(separator: "\n")
        previousSignature = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key).hex
        return previousSignature
    }

    /// The length of a body of `byteCount` bytes when it is framed in chunks of `chunkLength`, in bytes.
    public static func framedLength(of byteCount: Int64, chunkLength: Int) -> Int64 {
        let whole = byteCount / Int64(chunkLength)
        let rest = Int(byteCount % Int64(chunkLength))
        return whole * Int64(framedLength(of: chunkLength)) + Int64(rest == 0 ? 0 : framedLength(of: rest))
            + Int64(framedLength(of: 0))
    }

    private static func framedLength(of byteCount: Int) -> Int {
        String(byteCount, radix: 16).utf8.count + ";chunk-signature=".utf8.count + 64 + 2 + byteCount + 2
    }
}
