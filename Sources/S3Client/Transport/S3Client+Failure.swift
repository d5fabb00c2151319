internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1

extension S3Client {
    /// The typed error for an answer that is not what was asked for.
    func refusal(_ response: HTTPClientResponse, _ request: S3Request) async -> S3Error {
        var beginning: [UInt8] = []
        do {
            for try await part in response.body {
                beginning.append(contentsOf: part.readableBytesView.prefix(Self.longestErrorBody - beginning.count))
                if beginning.count >= Self.longestErrorBody { break }
            }
        } catch {
            // What came of the text will do; the status says what happened.
        }
        return error(response, body: beginning, request)
    }

    /// S3 refuses requests that are dated further from its own clock ("RequestTimeTooSkewed" in its list of error codes).
    private static let longestSkew = Duration.seconds(15 * 60)

    /// The longest beginning of an error body that is read, in bytes.
    private static let longestErrorBody = 64 * 1024

    func error(_ response: HTTPClientResponse, body: [UInt8], _ request: S3Request) -> S3Error {
        let status = Int(response.status.code)
        let headers = response.headers
        let answer = S3ErrorAnswer(status: status, body: body, isBucket: request.key == nil)
        var code = answer.code
        let region = headers.first(name: "x-amz-bucket-region") ?? answer.region
        // The answer to HEAD has no document: a bucket elsewhere is only to be told from other bad requests by its region.
        if status == 400, body.isEmpty, let region, region != regions[request.bucket] ?? endpoint.region {
            code = .wrongRegion
        }
        let now = options.now()
        var skew: Duration?
        if code == .requestTimeTooSkewed || (request.method == .HEAD && status == 403) {
            skew = headers.first(name: "Date").flatMap { Self.skew($0, now: now) }
        }
        if code != .requestTimeTooSkewed, let distance = skew {
            // The answer to HEAD does not say why it refuses; a clock that is as far away as S3 refuses does.
            if abs(distance) > Self.longestSkew {
                code = .requestTimeTooSkewed
            } else {
                skew = nil
            }
        }
        var text = answer.text ?? "HTTP status \(status)"
        if let skew { text += "; the server's clock is \(Self.words(skew)) ours" }
        if code == .wrongRegion, let region { text += "; the bucket is in '\(region)'" }
        return S3Error(
            code,
            "cannot \(request.action) \(request.object): \(text)",
            status: status,
            serverCode: answer.serverCode,
            requestID: headers.first(name: "x-amz-request-id") ?? answer.requestID,
            retryAfter: headers.first(name: "Retry-After").flatMap { Self.retryAfter($0, now: now) },
            region: region,
            clockSkew: skew
        )
    }

    /// The typed error for what the HTTP client throws before an answer.
    func translated(_ error: any Error, _ request: S3Request) -> any Error {
        if Task.isCancelled || error is CancellationError { return CancellationError() }
        if error is S3Error { return error }
        let code = S3Error.Code(transport: error)
        return S3Error(
            code,
            "cannot \(request.action) \(request.object): \(code.phrase) (\(endpoint.url))",
            cause: error
        )
    }

    /// The typed error for what the HTTP client throws in the middle of an answer.
    func translatedBody(_ error: any Error, _ request: S3Request, received: Int64) -> any Error {
        if Task.isCancelled || error is CancellationError { return CancellationError() }
        if error is S3Error { return error }
        let isTimeout = S3Error.Code(transport: error) == .requestTimeout
        let code: S3Error.Code = isTimeout ? .requestTimeout : .truncatedBody
        return S3Error(
            code,
            "cannot \(request.action) \(request.object): \(code.phrase), after \(received) bytes",
            receivedByteCount: received,
            cause: error
        )
    }

    /// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
    private static func retryAfter(_ value: String, now: Date) -> Duration? {
        if let seconds = Int64(value) { return .seconds(max(0, seconds)) }
        return skew(value, now: now).map { max(.zero, $0) }
    }

    /// How far a date of HTTP is ahead of `now`.
    private static func skew(_ date: String, now: Date) -> Duration? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return formatter.date(from: date).map { .seconds(Int64($0.timeIntervalSince(now).rounded())) }
    }

    private static func words(_ skew: Duration) -> String {
        let seconds = skew.components.seconds
        return "\(seconds.magnitude) s \(seconds < 0 ? "behind" : "ahead of")"
    }
}
