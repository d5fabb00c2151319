internal import Crypto
internal import FoundationEssentials
internal import NIOCore
internal import S3Client

/// What an answer says of an object's content, to be compared with bytes.
struct StatedDigest: Sendable, Hashable {
    /// What a comparison came to.
    enum Verdict: Sendable, Hashable {
        /// The bytes are those.
        case same
        /// They are not.
        case otherSHA256
        /// They are not, if the entity tag is an MD5 as it looks: there are servers whose tags are something else.
        case otherTag
        /// The answer says nothing that bytes could be compared with.
        case unknown
    }

    private var sha256: String?
    private var md5: String?

    init(_ head: S3ObjectHead) {
        self.init(sha256: head.checksumSHA256, md5: head.hasMD5Tag ? head.entityTag : nil)
    }

    /// Without the SHA-256: where there is one, the client has compared it.
    init(_ result: S3PutResult) {
        self.init(sha256: nil, md5: result.checksumSHA256 == nil && result.hasMD5Tag ? result.entityTag : nil)
    }

    private init(sha256: String?, md5: String?) {
        // With a dash it is that of the parts' checksums.
        self.sha256 = sha256?.contains("-") == false ? sha256 : nil
        self.md5 = md5
    }

    /// Compares; one digest is computed, and none when there is nothing to compare with.
    func judge(_ body: ByteBuffer) -> Verdict {
        if let sha256 {
            var hash = SHA256()
            body.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
            return sha256 == Data(hash.finalize()).base64EncodedString() ? .same : .otherSHA256
        }
        guard let md5 else { return .unknown }
        var hash = Insecure.MD5()
        body.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        return md5 == hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() ? .same : .otherTag
    }
}
