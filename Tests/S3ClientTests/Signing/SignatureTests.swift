import FoundationEssentials
import NIOCore
import Testing

@testable import S3Client

@Suite("Signature Version 4")
struct SignatureTests {
    @Test("signs the headers of every published request as published", arguments: SignatureVector.all)
    func headers(vector: SignatureVector) throws {
        let time = SigningTime(try date("2015-08-30T12:36:00Z"))
        let signed = vector.signer.headers(
            for: vector.request(isSignedByHeaders: true),
            at: try date("2015-08-30T12:36:00Z")
        )
        let authorization = try #require(signed.last)
        #expect(time.stamp == "20150830T123600Z")
        #expect(authorization.name == "Authorization")
        #expect(authorization.value.hasSuffix(", Signature=\(vector.headerSignature)"))
        #expect(
            authorization.value.hasPrefix(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders="
            )
        )
    }

    @Test("signs the query of every published request as published", arguments: SignatureVector.all)
    func query(vector: SignatureVector) throws {
        let request = vector.request(isSignedByHeaders: false)
        let query = vector.signer.presignedQuery(
            for: request,
            at: try date("2015-08-30T12:36:00Z"),
            lifetime: .seconds(3600)
        )
        #expect(query.last == QueryItem("X-Amz-Signature", vector.querySignature))
        #expect(query.prefix(request.query.count).elementsEqual(request.query))
    }

    private func date(_ text: String) throws -> Date { try #require(MetadataCredentials.date(text)) }
}

extension SignatureVector {
    var signer: SignatureV4 {
        SignatureV4(
            credentials: S3Credentials(
                accessKeyID: "AKIDEXAMPLE",
                secretAccessKey: S3Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                // The token of the others is added behind the signature, by whoever sends the request.
                sessionToken: omitsToken ? nil : token.map { S3Secret($0) }
            ),
            region: "us-east-1",
            service: "service"
        )
    }

    func request(isSignedByHeaders: Bool) -> SignableRequest {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var headers = [HeaderField("Host", "example.amazonaws.com")] + self.headers.map { HeaderField($0.0, $0.1) }
        let payload = body.isEmpty ? PayloadDigest.empty : PayloadDigest(of: ByteBuffer(string: body))
        if signsBody, isSignedByHeaders { headers.append(HeaderField("x-amz-content-sha256", payload.headerValue)) }
        let query = parts.count < 2 ? [] : parts[1].split(separator: "&").map(Self.item)
        return SignableRequest(
            method: method,
            path: PercentEncoding.encoded(PercentEncoding.decoded(parts[0]) ?? "", keepsSlash: true),
            query: query,
            headers: headers,
            payload: payload
        )
    }

    private static func item(_ text: Substring) -> QueryItem {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
            PercentEncoding.decoded(String($0)) ?? ""
        }
        return QueryItem(parts[0], parts.count > 1 ? parts[1] : "")
    }
}

/// The examples of S3's API reference: "Signature Calculations for the Authorization Header" (single chunk and multiple chunks)
/// and "Authenticating Requests: Using Query Parameters".
@Suite("Signature Version 4, the examples of S3")
struct S3SignatureExampleTests {
    private let signer = SignatureV4(
        credentials: S3Credentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE",
            secretAccessKey: S3Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        ),
        region: "us-east-1"
    )
    private let host = HeaderField("Host", "examplebucket.s3.amazonaws.com")
    private let date = Date(timeIntervalSince1970: 1_369_353_600)  // 2013-05-24T00:00:00Z

    private func authorization(_ request: SignableRequest) -> String {
        signer.headers(for: request, at: date).last?.value ?? ""
    }

    @Test("GET object with a range")
    func getObject() {
        let request = SignableRequest(
            method: "GET",
            path: "/test.txt",
            headers: [host, HeaderField("Range", "bytes=0-9")]
        )
        #expect(
            authorization(request)
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        )
    }

    @Test("PUT object whose key needs encoding, with a storage class")
    func putObject() {
        let request = SignableRequest(
            method: "PUT",
            path: "/" + PercentEncoding.encoded("test$file.text", keepsSlash: true),
            headers: [
                host, HeaderField("Date", "Fri, 24 May 2013 00:00:00 GMT"),
                HeaderField("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            payload: PayloadDigest(of: ByteBuffer(string: "Welcome to Amazon S3."))
        )
        #expect(
            authorization(request).hasSuffix("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
        )
    }

    @Test("GET bucket lifecycle: a parameter without a value")
    func getLifecycle() {
        let request = SignableRequest(method: "GET", path: "/", query: [QueryItem("lifecycle")], headers: [host])
        #expect(
            authorization(request).hasSuffix("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
        )
    }

    @Test("GET bucket: list objects")
    func listObjects() {
        let query = [QueryItem("max-keys", "2"), QueryItem("prefix", "J")]
        let request = SignableRequest(method: "GET", path: "/", query: query, headers: [host])
        #expect(
            authorization(request).hasSuffix("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
        )
    }

    @Test("presigned URL of a GET")
    func presigned() {
        let request = SignableRequest(method: "GET", path: "/test.txt", headers: [host], payload: .unsigned)
        let query = signer.presignedQuery(for: request, at: date, lifetime: .seconds(86400))
        #expect(
            query.last?.value == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        )
    }

    @Test("PUT of 66,560 bytes in signed chunks of 64 KiB")
    func chunks() throws {
        let request = SignableRequest(
            method: "PUT",
            path: "/examplebucket/chunkObject.txt",
            headers: [
                HeaderField("Host", "s3.amazonaws.com"), HeaderField("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                HeaderField("Content-Encoding", "aws-chunked"), HeaderField("x-amz-decoded-content-length", "66560"),
                HeaderField("Content-Length", "66824"),
            ],
            payload: .signedChunks
        )
        let headers = signer.headers(for: request, at: date)
        #expect(
            headers.last?.value.hasSuffix("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9") == true
        )
        var chunks = try #require(signer.chunkSigner(after: headers, at: date))
        #expect(
            chunks.sign(ByteBuffer(repeating: UInt8(ascii: "a"), count: 65536))
                == "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"
        )
        #expect(
            chunks.sign(ByteBuffer(repeating: UInt8(ascii: "a"), count: 1024))
                == "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"
        )
        #expect(
            chunks.sign(ByteBuffer()) == "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"
        )
        #expect(ChunkSigner.framedLength(of: 66560, chunkLength: 65536) == 66824)
    }

    @Test(
        "frames chunks to exactly the length that is announced",
        arguments: [0, 1, 15, 16, 65535, 65536, 65537, 200_000]
    )
    func framedLength(byteCount: Int) throws {
        let headers = signer.headers(
            for: SignableRequest(method: "PUT", path: "/x", headers: [host], payload: .signedChunks),
            at: date
        )
        var chunks = try #require(signer.chunkSigner(after: headers, at: date))
        var body = ByteBuffer(repeating: 7, count: byteCount)
        var framed = 0
        while let chunk = body.readSlice(length: min(65536, body.readableBytes)), chunk.readableBytes > 0 {
            framed += chunks.frame(chunk).readableBytes
        }
        framed += chunks.frame(ByteBuffer()).readableBytes
        #expect(Int64(framed) == ChunkSigner.framedLength(of: Int64(byteCount), chunkLength: 65536))
    }
}

@Suite("Percent encoding of S3")
struct PercentEncodingTests {
    @Test(
        "keeps unreserved characters and encodes every other byte",
        arguments: [
            ("abcXYZ019-._~", "abcXYZ019-._~"), ("a b", "a%20b"), ("a+b", "a%2Bb"), ("ሴ", "%E1%88%B4"), ("a/b", "a/b"),
            ("%41", "%2541"), ("a//b/../c", "a//b/../c"), ("*'()!$&,;=:@", "%2A%27%28%29%21%24%26%2C%3B%3D%3A%40"),
            ("\u{0}\u{7F}", "%00%7F"),
        ]
    )
    func encodes(plain: String, encoded: String) {
        #expect(PercentEncoding.encoded(plain, keepsSlash: true) == encoded)
        #expect(PercentEncoding.decoded(encoded) == plain)
    }

    @Test("encodes a slash where it separates nothing")
    func slash() {
        #expect(PercentEncoding.encoded("a/b") == "a%2Fb")
    }

    @Test("refuses what is no encoding", arguments: ["%", "%4", "%zz", "%C3%28"])
    func refuses(text: String) {
        #expect(PercentEncoding.decoded(text) == nil)
    }
}
