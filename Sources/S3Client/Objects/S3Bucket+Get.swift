internal import AsyncHTTPClient
public import NIOCore
internal import NIOHTTP1

extension S3Bucket {
    /// What is known of an object.
    ///
    /// - Parameter version: `nil` is the newest.
    /// - Returns: `nil` when there is no such object.
    /// - Throws: ``S3Error``; ``S3Error/Code/accessDenied`` also for a missing object when the identity may not list.
    public func head(_ key: String, version: String? = nil) async throws -> S3ObjectHead? {
        let request = S3Request(.HEAD, name, key: key, "look up")
            .with(query: "versionId", version)
            .with(header: "x-amz-checksum-mode", client.checksumMode)
        let response = try await client.send(request) { (200..<300).contains($0.code) || $0 == .notFound }
        _ = try await client.collect(response, request)
        guard response.status != .notFound else {
            // A missing bucket looks the same in an answer without a body.
            return nil
        }
        guard let byteCount = response.headers.first(name: "Content-Length").flatMap({ Int64($0) }) else {
            throw S3Error(.unexpectedResponse, "cannot look up \(request.object): the answer gives no length")
        }
        return S3ObjectHead(response.headers, byteCount: byteCount)
    }

    /// Begins to download an object or a part of it.
    ///
    /// The request runs until ``S3Download/body`` was read to its end or dropped.
    ///
    /// - Parameters:
    ///   - range: byte offsets, half open, not empty; `nil` is the whole object.
    ///   - entityTag: of the object that is expected; another is refused with ``S3Error/Code/preconditionFailed``.
    /// - Throws: ``S3Error/Code/noSuchKey``; ``S3Error/Code/invalidRange`` when the object ends before the range begins or
    ///   before it ends; ``S3Error/Code/rangeNotHonoured``.
    public func get(
        _ key: String,
        range: Range<Int64>? = nil,
        version: String? = nil,
        ifMatch entityTag: String? = nil
    ) async throws -> S3Download {
        var request = S3Request(.GET, name, key: key, "read").with(query: "versionId", version)
            .with(header: "If-Match", entityTag.map { "\"\($0)\"" })
        if let range {
            guard range.lowerBound >= 0, !range.isEmpty else {
                throw S3Error(.invalidArgument, "cannot read \(request.object): the range \(range) cannot be asked for")
            }
            request = request.with(header: "Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
            request.expectedByteCount = Int64(range.count)
        } else {
            // Unknown before the answer; the limit for silence is all that holds then.
            request.expectedByteCount = .max / 4
            request = request.with(header: "x-amz-checksum-mode", client.checksumMode)
        }
        let response = try await client.send(request)
        return try download(response, request, range: range)
    }

    private func download(
        _ response: HTTPClientResponse,
        _ request: S3Request,
        range: Range<Int64>?
    ) throws(S3Error) -> S3Download {
        let headers = response.headers
        guard let length = headers.first(name: "Content-Length").flatMap({ Int64($0) }) else {
            throw S3Error(.unexpectedResponse, "cannot read \(request.object): the answer gives no length")
        }
        var byteCount = length
        if let range {
            // Not the status: rclone 1.75 answers a range with 200 and a right Content-Range.
            guard let sent = ContentRange(headers.first(name: "Content-Range") ?? ""), sent.first == range.lowerBound,
                sent.last < range.upperBound,
                length == sent.last - sent.first + 1
            else {
                throw S3Error(
                    .rangeNotHonoured,
                    "cannot read \(request.object): bytes \(range) were asked for and others were sent",
                    status: Int(response.status.code)
                )
            }
            byteCount = sent.total ?? range.upperBound
            guard sent.last == range.upperBound - 1 else {
                throw S3Error(
                    .invalidRange,
                    "cannot read \(request.object): it has \(byteCount) bytes, \(range) were asked for",
                    status: Int(response.status.code)
                )
            }
        }
        return S3Download(
            head: S3ObjectHead(headers, byteCount: byteCount),
            body: S3Body(
                response,
                client,
                request,
                byteCount: length,
                deadline: .now + client.endpoint.timeouts.limit(for: length)
            )
        )
    }

    /// Reads an object or a part of it into memory.
    ///
    /// - Parameters:
    ///   - range: byte offsets, half open; `nil` is the whole object. An empty one is answered without a byte being read.
    ///   - limit: the longest object to take, in bytes.
    /// - Throws: as ``get(_:range:version:ifMatch:)``; ``S3Error/Code/responseTooLarge``.
    public func read(
        _ key: String,
        range: Range<Int64>? = nil,
        version: String? = nil,
        upTo limit: Int64 = 1 << 30
    ) async throws -> ByteBuffer {
        let download = try await get(key, range: range, version: version)
        guard download.body.byteCount <= limit else {
            throw S3Error(
                .responseTooLarge,
                "cannot read '\(key)' in bucket '\(name)': it has \(download.body.byteCount) bytes, \(limit) are allowed"
            )
        }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(Int(download.body.byteCount))
        for try await part in download.body { buffer.writeImmutableBuffer(part) }
        return buffer
    }
}

/// `bytes 10-99/100`; the total may be `*`.
struct ContentRange: Equatable {
    var first: Int64
    var last: Int64
    var total: Int64?

    init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let parts = words[1].split(separator: "/")
        let bounds = parts.first?.split(separator: "-").compactMap { Int64($0) } ?? []
        guard parts.count == 2, bounds.count == 2, bounds[0] <= bounds[1] else { return nil }
        guard parts[1] == "*" || Int64(parts[1]) != nil else { return nil }
        first = bounds[0]
        last = bounds[1]
        total = Int64(parts[1])
    }
}
