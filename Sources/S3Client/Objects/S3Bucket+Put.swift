internal import HTTPUpload
public import NIOCore
internal import NIOHTTP1

/// What the server says of an object that it has stored.
public struct S3PutResult: Sendable, Hashable {
    /// The entity tag without its quotation marks.
    public var entityTag: String?
    /// The version, in buckets that keep them.
    public var versionID: String?
    /// The SHA-256 that the server keeps, in Base64.
    public var checksumSHA256: String?
    /// How the server encrypts what it has stored; `nil` when it says nothing.
    public var serverSideEncryption: String?

    /// Whether ``entityTag`` is the MD5 of the content; see ``S3ObjectHead/hasMD5Tag``.
    public var hasMD5Tag: Bool { S3ObjectHead.isMD5(entityTag, encryption: serverSideEncryption) }

    init(_ headers: HTTPHeaders) {
        entityTag = headers.first(name: "ETag").map(S3ObjectHead.unquoted)
        versionID = headers.first(name: "x-amz-version-id")
        checksumSHA256 = headers.first(name: "x-amz-checksum-sha256")
        serverSideEncryption = S3ObjectHead.encryption(headers)
    }
}

extension S3Bucket {
    /// Stores an object from memory.
    ///
    /// - Throws: ``S3Error``: ``S3Error/Code/preconditionFailed`` (see ``S3PutOptions/refusesExisting``);
    ///   ``S3Error/Code/checksumMismatch`` when the server says that it stored something else.
    @discardableResult
    public func put(_ body: ByteBuffer, at key: String, options: S3PutOptions = S3PutOptions()) async throws
        -> S3PutResult
    {
        var request = S3Request(.PUT, name, key: key, "store").with(headers: options.headers)
            .with(header: "If-None-Match", options.refusesExisting ? "*" : nil)
            .with(body: .bytes(body))
        let checksum = client.addChecksum(to: &request, of: body, isNeeded: options.needsChecksum)
        let answer = try await client.call(request)
        try client.refuseErrorDocument(answer, request)
        let result = try stored(answer, request).result
        try checksum.compare(with: result, request)
        return result
    }

    /// Stores an object from a source that is read once, in one request; see ``upload(_:at:options:multipart:)`` for long ones.
    ///
    /// Over TLS the body is not part of the signature, without TLS it is signed chunk by chunk.
    ///
    /// - Parameter byteCount: how many bytes the source has; known beforehand, since S3 takes no body of unknown length.
    /// - Throws: what the source throws, unchanged; ``S3Error/Code/sourceLengthMismatch`` when it has more or fewer bytes.
    @discardableResult
    public func put<Source: AsyncSequence & Sendable>(
        _ source: Source,
        byteCount: Int64,
        at key: String,
        options: S3PutOptions = S3PutOptions()
    ) async throws -> S3PutResult where Source.Element == ByteBuffer {
        let request = S3Request(.PUT, name, key: key, "store").with(headers: options.headers)
            .with(header: "If-None-Match", options.refusesExisting ? "*" : nil)
        let answer = try await client.upload(source, byteCount: byteCount, request)
        try client.refuseErrorDocument(answer, request)
        return try stored(answer, request).result
    }

    /// Every S3 names what it has stored; something else that answers 200 does not.
    func stored(
        _ answer: S3Answer,
        _ request: S3Request
    ) throws(S3Error) -> (result: S3PutResult, entityTag: String) {
        let result = S3PutResult(answer.headers)
        guard let tag = result.entityTag else {
            throw S3Error(
                .unexpectedResponse,
                "cannot \(request.action) \(request.object): the answer has no entity tag",
                hint: "Is something between here and the server that answers in its place, a login page for example?",
                status: answer.status
            )
        }
        return (result, tag)
    }
}

extension S3PutOptions {
    /// S3 wants a checksum of its own beside the signature for what it is to lock.
    var needsChecksum: Bool { retention != nil || hasLegalHold }
}

/// What was announced of a body, to be compared with what the server says of it.
struct SentChecksum {
    var sha256: Digest?
    var md5: Digest?

    func compare(with result: S3PutResult, _ request: S3Request) throws(S3Error) {
        if let sha256, let stored = result.checksumSHA256, stored != sha256.base64 {
            throw mismatch(request, "SHA-256 \(stored)", "\(sha256.base64)")
        }
        guard let md5, let tag = result.entityTag, result.hasMD5Tag else { return }
        if tag != md5.hex { throw mismatch(request, "MD5 \(tag)", md5.hex) }
    }

    private func mismatch(_ request: S3Request, _ found: String, _ expected: String) -> S3Error {
        S3Error(
            .checksumMismatch,
            "cannot \(request.action) \(request.object): the server stored something with \(found), sent was \(expected)"
        )
    }
}

extension S3Client {
    /// Asks for the checksum that is kept, where one is sent. Backblaze refuses a request with this header as it does those that send one.
    var checksumMode: String? { options.checksum == .sha256 ? "ENABLED" : nil }

    /// Adds the header of the configured checksum.
    func addChecksum(to request: inout S3Request, of body: ByteBuffer, isNeeded: Bool = false) -> SentChecksum {
        switch options.checksum {
        case .sha256:
            let digest = Digest.sha256(of: body)
            request.headers.append(HeaderField("x-amz-checksum-sha256", digest.base64))
            // moto 5.2 takes no retention without it.
            request.headers.append(HeaderField("x-amz-sdk-checksum-algorithm", "SHA256"))
            // The signature needs the same one.
            request.digest = digest
            return SentChecksum(sha256: digest)
        case .none where !isNeeded: return SentChecksum()
        case .md5, .none:
            let digest = Digest.md5(of: body)
            request.headers.append(HeaderField("Content-MD5", digest.base64))
            return SentChecksum(md5: digest)
        }
    }
}
