internal import AsyncHTTPClient
internal import FoundationEssentials
internal import HTTPUpload
internal import Logging
internal import NIOCore
internal import NIOHTTP1

extension S3Client {
    /// Makes a call whose answer is a document, or nothing, of bounded length.
    func call(_ request: S3Request) async throws -> S3Answer {
        let response = try await send(request)
        return S3Answer(head: response, body: try await collect(response, request))
    }

    /// Makes a call and reads its document.
    func document<Document: S3Document>(_ type: Document.Type, _ request: S3Request) async throws -> Document {
        let answer = try await call(request)
        return try read(type, answer, request)
    }

    /// Reads a document. One that is an error, in an answer whose status says success, is that error: the status of long
    /// operations is sent before they are done.
    func read<Document: S3Document>(
        _ type: Document.Type,
        _ answer: S3Answer,
        _ request: S3Request
    ) throws(S3Error) -> Document {
        try refuseErrorDocument(answer, request)
        guard let root = S3XML.rootName(of: answer.body), Document.rootNames.contains(String(root)) else {
            throw S3Error(
                .unexpectedResponse,
                "cannot \(request.action) \(request.object): the answer is not the expected document",
                hint: "Is something between here and the server that answers in its place, a login page for example?",
                status: answer.status
            )
        }
        do {
            return try S3XML.decode(type, from: answer.body)
        } catch {
            throw S3Error(
                .unexpectedResponse,
                "cannot \(request.action) \(request.object): the answer is not the expected document",
                status: answer.status,
                cause: error
            )
        }
    }

    /// - Throws: the error that `answer` holds in the place of a result.
    func refuseErrorDocument(_ answer: S3Answer, _ request: S3Request) throws(S3Error) {
        guard S3XML.rootName(of: answer.body) == "Error" else { return }
        throw error(answer.head, body: answer.body, request)
    }

    /// Sends a request, and again when the answer says what was wrong with it: the region, or credentials that ended.
    ///
    /// - Parameter accepts: statuses to return; for the others the answer is thrown as an error.
    func send(
        _ request: S3Request,
        accepts: (HTTPResponseStatus) -> Bool = { (200..<300).contains($0.code) }
    ) async throws -> HTTPClientResponse {
        var hasFollowedRegion = false
        var hasRenewedCredentials = false
        var hasAskedWhy = false
        while true {
            let credentials = try await credentials.current()
            do {
                return try await sendOnce(request, credentials, accepts: accepts)
            } catch let error as S3Error where request.body.isRepeatable {
                if error.code == .wrongRegion, !hasFollowedRegion, try await follow(error, request) {
                    hasFollowedRegion = true
                } else if mayBeExpired(error, request, credentials), !hasRenewedCredentials {
                    hasRenewedCredentials = true
                    await self.credentials.forget(credentials)
                } else if request.method == .HEAD, error.status == 400, error.serverCode == nil, !hasAskedWhy {
                    hasAskedWhy = true
                    try await askWhy(request)
                } else {
                    throw error
                }
            }
        }
    }

    /// Asks for what HEAD was refused by a request whose refusal comes with a document: a region that the server expects is found out
    /// by it, and the reason is in its error.
    private func askWhy(_ request: S3Request) async throws {
        var question = S3Request(.GET, request.bucket, key: request.key, request.action)
        question =
            request.key == nil
            ? question.with(query: "list-type", "2").with(query: "max-keys", "1")
            : question.with(header: "Range", "bytes=0-0")
        do {
            // Not its body: a server that passes over the range would send everything.
            _ = try await send(question)
        } catch let error as S3Error where [.noSuchKey, .noSuchBucket, .invalidRange].contains(error.code) {
            // Answered like this, it was understood; the look-up says the same.
        }
    }

    /// The answer to HEAD has no document: to it, temporary credentials past their time are a bad request like any other.
    private func mayBeExpired(_ error: S3Error, _ request: S3Request, _ credentials: S3Credentials?) -> Bool {
        if error.code == .expiredCredentials { return true }
        return request.method == .HEAD && error.status == 400 && error.serverCode == nil
            && credentials?.sessionToken != nil
    }

    private func sendOnce(
        _ request: S3Request,
        _ credentials: S3Credentials?,
        accepts: (HTTPResponseStatus) -> Bool
    ) async throws -> HTTPClientResponse {
        let head = try makeHead(request, credentials)
        let response: HTTPClientResponse
        do {
            let limit = endpoint.timeouts.limit(for: max(request.body.byteCount, request.expectedByteCount))
            response = try await http.execute(head, deadline: .now() + TimeAmount(limit))
        } catch {
            options.observe?(S3Exchange(request, status: nil))
            throw translated(error, request)
        }
        options.observe?(S3Exchange(request, status: Int(response.status.code)))
        logger.trace("s3 request", metadata: metadata(request, response))
        guard accepts(response.status) else { throw await refusal(response, request) }
        return response
    }

    private func makeHead(_ request: S3Request, _ credentials: S3Credentials?) throws(S3Error) -> HTTPClientRequest {
        let now = options.now()
        let region = regions[request.bucket] ?? endpoint.region
        let (authority, prefix) = endpoint.place(of: request.bucket, region: region)
        let path = request.path(behind: prefix)
        let payload = payload(of: request, isSigned: credentials != nil)
        var signable = SignableRequest(
            method: request.method.rawValue,
            path: path,
            query: request.query,
            headers: [HeaderField("Host", authority)] + request.headers,
            payload: payload
        )
        if payload == .signedChunks {
            signable.headers += [
                HeaderField("Content-Encoding", "aws-chunked"),
                HeaderField("X-Amz-Decoded-Content-Length", String(request.body.byteCount)),
            ]
        }
        var headers = signable.headers
        var signer: ChunkSigner?
        if let credentials {
            let signature = SignatureV4(credentials: credentials, region: region ?? Self.defaultRegion)
            let added = signature.headers(for: signable, at: now)
            headers += added
            if payload == .signedChunks { signer = signature.chunkSigner(after: added, at: now) }
        }
        let query = request.query.isEmpty ? "" : "?" + request.query.map(\.encoded).joined(separator: "&")
        var head = HTTPClientRequest(url: "\(endpoint.isSecure ? "https" : "http")://\(authority)\(path)\(query)")
        head.method = request.method
        head.tlsConfiguration = tls
        for header in headers { head.headers.add(name: header.name, value: header.value) }
        // Not signed: front ends rewrite them. A compressed answer would have another length.
        head.headers.add(name: "User-Agent", value: endpoint.userAgent)
        head.headers.add(name: "Accept-Encoding", value: "identity")
        switch request.body {
        case .none: if request.method == .PUT || request.method == .POST { head.body = .bytes(ByteBuffer()) }
        case .bytes(let bytes): head.body = .bytes(bytes)
        case .stream(let channel, let byteCount):
            if let signer {
                let length = ChunkSigner.framedLength(of: byteCount, chunkLength: SignedChunks.chunkLength)
                head.body = .stream(SignedChunks(channel, signer), length: .known(length))
            } else {
                head.body = .stream(channel, length: .known(byteCount))
            }
        }
        return head
    }

    /// What every service takes until it says otherwise.
    static let defaultRegion = "us-east-1"

    /// A body in plain HTTP is always signed: nothing else protects it.
    private func payload(of request: S3Request, isSigned: Bool) -> PayloadDigest {
        switch request.body {
        case .none: .empty
        case .bytes(let bytes):
            if let digest = request.digest {
                .sha256(digest.hex)
            } else {
                isSigned && (options.signsPayload || !endpoint.isSecure) ? PayloadDigest(of: bytes) : .unsigned
            }
        case .stream: endpoint.isSecure || !isSigned ? .unsigned : .signedChunks
        }
    }

    /// Learns the region of the bucket from an error.
    ///
    /// - Returns: whether there is something new to try.
    private func follow(_ error: S3Error, _ request: S3Request) async throws -> Bool {
        let used = regions[request.bucket] ?? endpoint.region ?? Self.defaultRegion
        guard let region = error.region, region != used else { return false }
        regions[request.bucket] = region
        logger.debug(
            "s3 bucket is in another region",
            metadata: ["bucket": "\(request.bucket)", "region": "\(region)"]
        )
        return true
    }

    /// The whole body of an answer, bounded.
    func collect(_ response: HTTPClientResponse, _ request: S3Request) async throws -> [UInt8] {
        let limit = options.responseByteLimit
        var bytes: [UInt8] = []
        do {
            for try await part in response.body {
                guard bytes.count + part.readableBytes <= limit else {
                    throw S3Error(
                        .responseTooLarge,
                        "cannot \(request.action) \(request.object): the answer is larger than \(limit) bytes",
                        status: Int(response.status.code)
                    )
                }
                bytes.append(contentsOf: part.readableBytesView)
            }
        } catch {
            throw translatedBody(error, request, received: Int64(bytes.count))
        }
        return bytes
    }

    private func metadata(_ request: S3Request, _ response: HTTPClientResponse) -> Logger.Metadata {
        [
            "method": "\(request.method)", "bucket": "\(request.bucket)", "key": "\(request.key ?? "")",
            "status": "\(response.status.code)",
        ]
    }
}

/// An answer with its whole body.
struct S3Answer: Sendable {
    var head: HTTPClientResponse
    var body: [UInt8]

    var status: Int { Int(head.status.code) }
    var headers: HTTPHeaders { head.headers }
}
