internal import Crypto
public import FoundationEssentials

/// Signs requests by AWS Signature Version 4.
///
/// The rules are those of S3: the path is taken as it is sent, encoded once and not normalised. The specification is "AWS
/// Signature Version 4 for API requests" in the IAM user guide, and for chunks and presigned URLs "Authenticating Requests"
/// in the API reference of S3.
public struct SignatureV4: Sendable {
    /// Whose key signs.
    public var credentials: S3Credentials
    /// The region the request goes to.
    public var region: String
    /// The service's name in the scope of the key.
    public var service: String

    static let algorithm = "AWS4-HMAC-SHA256"

    /// Makes a signer.
    public init(credentials: S3Credentials, region: String, service: String = "s3") {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// The headers that a request needs in addition to those it has: `X-Amz-Date`, `X-Amz-Content-Sha256` where the
    /// service is S3, `X-Amz-Security-Token` where there is one, and `Authorization`.
    public func headers(for request: SignableRequest, at date: Date) -> [HeaderField] {
        let time = SigningTime(date)
        var added = [HeaderField("X-Amz-Date", time.stamp)]
        if service == "s3" { added.append(HeaderField("X-Amz-Content-Sha256", request.payload.headerValue)) }
        if let token = credentials.sessionToken {
            added.append(HeaderField("X-Amz-Security-Token", token.exposed))
        }
        var signed = request
        signed.headers += added
        let signature = signature(of: stringToSign(signed.canonicalForm, time), time)
        let authorization =
            "\(Self.algorithm) Credential=\(credentials.accessKeyID)/\(scope(time)), "
            + "SignedHeaders=\(signed.signedHeaderNames), Signature=\(signature)"
        return added + [HeaderField("Authorization", authorization)]
    }

    /// The query of a presigned URL: the request's own, and what the signature adds.
    ///
    /// Only headers that the request names are signed; `host` must be among them.
    ///
    /// - Parameter lifetime: from `date` on; S3 takes 1 second to 7 days.
    public func presignedQuery(for request: SignableRequest, at date: Date, lifetime: Duration) -> [QueryItem] {
        let time = SigningTime(date)
        var signed = request
        signed.query += [
            QueryItem("X-Amz-Algorithm", Self.algorithm),
            QueryItem("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope(time))"),
            QueryItem("X-Amz-Date", time.stamp),
            QueryItem("X-Amz-Expires", String(lifetime.components.seconds)),
            QueryItem("X-Amz-SignedHeaders", signed.signedHeaderNames),
        ]
        if let token = credentials.sessionToken {
            signed.query.append(QueryItem("X-Amz-Security-Token", token.exposed))
        }
        let signature = signature(of: stringToSign(signed.canonicalForm, time), time)
        return signed.query + [QueryItem("X-Amz-Signature", signature)]
    }

    /// Signs the chunks of the body of a request whose payload is ``PayloadDigest/signedChunks``.
    ///
    /// - Parameter headers: what ``headers(for:at:)`` returned for it; their signature is the seed.
    /// - Returns: `nil` when `headers` hold no signature.
    public func chunkSigner(after headers: [HeaderField], at date: Date) -> ChunkSigner? {
        guard let authorization = headers.last(where: { $0.name == "Authorization" })?.value,
            let seed = authorization.components(separatedBy: "Signature=").last, seed.utf8.count == 64
        else { return nil }
        let time = SigningTime(date)
        return ChunkSigner(key: key(time), scope: scope(time), time: time, previousSignature: seed)
    }

    func stringToSign(_ canonicalForm: String, _ time: SigningTime) -> String {
        [Self.algorithm, time.stamp, scope(time), Digest.sha256(of: canonicalForm).hex].joined(separator: "\n")
    }

    private func scope(_ time: SigningTime) -> String {
        "\(time.day)/\(region)/\(service)/aws4_request"
    }

    private func signature(of text: String, _ time: SigningTime) -> String {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key(time)).hex
    }

    /// The key is derived from the secret in four steps, each with a part of the scope.
    private func key(_ time: SigningTime) -> SymmetricKey {
        var key = SymmetricKey(data: Array("AWS4\(credentials.secretAccessKey.exposed)".utf8))
        for part in [time.day, region, service, "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        return key
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
