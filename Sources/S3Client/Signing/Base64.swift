internal import FoundationEssentials

extension Sequence<UInt8> {
    /// Base64 with padding (RFC 4648, section 4), as `Content-MD5` and the checksums of S3 are written.
    var base64: String { Data(self).base64EncodedString() }
}
