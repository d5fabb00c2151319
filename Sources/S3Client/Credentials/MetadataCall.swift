internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1

/// One call to a metadata service or STS: short, unsigned, and with an answer of bounded length.
struct MetadataCall {
    var method: HTTPMethod = .GET
    var url: String
    var headers: [HeaderField] = []
    var form: [QueryItem] = []
    /// Whether it goes where S3's requests go, and not to this machine or beside it.
    var isForService = false

    /// The longest answer, in bytes.
    private static let longestAnswer = 256 * 1024
    private static let limit = TimeAmount.seconds(10)

    /// - Returns: the status and the body, whatever the status.
    func run(in context: S3CredentialsContext) async throws -> (status: Int, body: [UInt8]) {
        var request = HTTPClientRequest(url: url)
        request.method = method
        for header in headers { request.headers.add(name: header.name, value: header.value) }
        if !form.isEmpty {
            request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(ByteBuffer(string: form.map(\.encoded).joined(separator: "&")))
        }
        let http = isForService ? context.service ?? context.http : context.http
        if isForService { request.tlsConfiguration = context.serviceTLS }
        do {
            let response = try await http.execute(request, deadline: .now() + Self.limit)
            let body = try await response.body.collect(upTo: Self.longestAnswer)
            return (Int(response.status.code), Array(body.readableBytesView))
        } catch {
            if Task.isCancelled || error is CancellationError { throw CancellationError() }
            throw S3Error(S3Error.Code(transport: error), "no answer from \(url)", cause: error)
        }
    }
}

/// What metadata services answer: temporary credentials in JSON.
///
/// Sources: "Retrieve security credentials from instance metadata" in the EC2 user guide; "Container credential provider" in the
/// reference of AWS SDKs.
struct MetadataCredentials: Decodable {
    var accessKeyID: String
    var secretAccessKey: String
    var token: String?
    var expiration: String?

    enum CodingKeys: String, CodingKey {
        case accessKeyID = "AccessKeyId"
        case secretAccessKey = "SecretAccessKey"
        case token = "Token"
        case expiration = "Expiration"
    }

    static func credentials(in body: [UInt8], from source: String) throws(S3Error) -> S3Credentials {
        guard let answer = try? JSONDecoder().decode(Self.self, from: Data(body)) else {
            throw S3Error(
                .invalidConfiguration,
                "\(source) did not answer with credentials",
                hint: "Is a role attached to this machine or container?"
            )
        }
        return S3Credentials(
            accessKeyID: answer.accessKeyID,
            secretAccessKey: S3Secret(answer.secretAccessKey),
            sessionToken: answer.token.map { S3Secret($0) },
            expiration: answer.expiration.flatMap(date)
        )
    }

    /// RFC 3339, with or without fractions of a second.
    static func date(_ text: String) -> Date? {
        (try? Date.ISO8601FormatStyle(includingFractionalSeconds: false).parse(text))
            ?? (try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text))
    }
}
