internal import NIOHTTP1

extension S3Bucket {
    /// Copies an object of up to 5 GB on the server.
    ///
    /// - Parameter source: where it is; the same bucket when `nil`.
    /// - Throws: ``S3Error``, also when the copy fails after the server has sent the status of a success.
    @discardableResult
    public func copy(
        _ key: String,
        version: String? = nil,
        from source: S3Bucket? = nil,
        to target: String,
        options: S3PutOptions = S3PutOptions()
    ) async throws -> S3PutResult {
        let place = "/\((source ?? self).name)/\(PercentEncoding.encoded(key, keepsSlash: true))"
        let request = S3Request(.PUT, name, key: target, "copy to").with(headers: options.headers)
            .with(header: "x-amz-copy-source", place + (version.map { "?versionId=\($0)" } ?? ""))
            .with(header: "If-None-Match", options.refusesExisting ? "*" : nil)
        let answer = try await client.call(request)
        let copied = try client.read(CopyResult.self, answer, request)
        var result = S3PutResult(answer.headers)
        result.entityTag = copied.entityTag.map(S3ObjectHead.unquoted)
        return result
    }
}

/// `<CopyObjectResult>`.
private struct CopyResult: S3Document {
    static let rootNames: Set<String> = ["CopyObjectResult"]
    var entityTag: String?
    enum CodingKeys: String, CodingKey { case entityTag = "ETag" }
}
