internal import FoundationEssentials

extension S3Bucket {
    /// Makes a URL that lets whoever has it do one thing with one object, without credentials.
    ///
    /// - Parameters:
    ///   - method: `GET`, `PUT`, `HEAD`, `DELETE`.
    ///   - lifetime: 1 second to 7 days, and not longer than the credentials live.
    /// - Throws: ``S3Error/Code/invalidArgument``, ``S3Error/Code/noCredentials``.
    public func presignedURL(
        _ method: String,
        _ key: String,
        version: String? = nil,
        lifetime: Duration
    ) async throws -> String {
        guard lifetime >= .seconds(1), lifetime <= .seconds(7 * 24 * 3600) else {
            throw S3Error(.invalidArgument, "a presigned URL lives 1 second to 7 days, not \(lifetime)")
        }
        guard let credentials = try await client.credentials.current() else {
            throw S3Error(.noCredentials, "a URL cannot be presigned without credentials")
        }
        let region = client.regions[name] ?? client.endpoint.region
        let place = client.endpoint.place(of: name, region: region)
        let path = "\(place.pathPrefix)/\(PercentEncoding.encoded(key, keepsSlash: true))"
        let request = SignableRequest(
            method: method,
            path: path,
            query: version.map { [QueryItem("versionId", $0)] } ?? [],
            headers: [HeaderField("Host", place.authority)],
            payload: .unsigned
        )
        let query = SignatureV4(credentials: credentials, region: region ?? S3Client.defaultRegion)
            .presignedQuery(for: request, at: client.options.now(), lifetime: lifetime)
        let scheme = client.endpoint.isSecure ? "https" : "http"
        return "\(scheme)://\(place.authority)\(path)?\(query.map(\.encoded).joined(separator: "&"))"
    }
}
