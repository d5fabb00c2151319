internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

extension S3Bucket {
    /// Asks whether the bucket exists and may be looked at.
    ///
    /// - Throws: ``S3Error/Code/accessDenied`` when it exists and may not.
    public func exists() async throws -> Bool {
        let request = S3Request(.HEAD, name, "look up")
        let response = try await client.send(request) { (200..<300).contains($0.code) || $0 == .notFound }
        _ = try await client.collect(response, request)
        return response.status != .notFound
    }

    /// Makes the bucket.
    ///
    /// - Parameter hasObjectLock: whether objects in it can be locked; that also makes it keep versions.
    /// - Throws: ``S3Error/Code/alreadyExists``.
    public func create(hasObjectLock: Bool = false) async throws {
        var request = S3Request(.PUT, name, "create")
            .with(header: "x-amz-bucket-object-lock-enabled", hasObjectLock ? "true" : nil)
        if let region = client.endpoint.region, region != S3Client.defaultRegion {
            let document = CreateBucketConfiguration(region: region)
            let body = ByteBuffer(bytes: try S3XML.encode(document, root: "CreateBucketConfiguration"))
            request = request.with(body: .bytes(body))
        }
        _ = try await client.call(request)
    }

    /// Removes the bucket, which must be empty.
    public func remove() async throws {
        _ = try await client.call(S3Request(.DELETE, name, "remove"))
    }

    /// Asks for the bucket's region (GetBucketLocation). The requests that follow are signed for it.
    public func region() async throws -> String {
        let request = S3Request(.GET, name, "find the region of").with(query: "location")
        let answer = try await client.call(request)
        try client.refuseErrorDocument(answer, request)
        // The root element has text and no child, or nothing at all for the oldest region.
        let word = S3XML.rootText(of: answer.body) ?? ""
        let region = word.isEmpty ? S3Client.defaultRegion : word == "EU" ? "eu-west-1" : word
        client.regions[name] = region
        return region
    }
}

/// `<CreateBucketConfiguration>`.
private struct CreateBucketConfiguration: Encodable {
    var region: String
    enum CodingKeys: String, CodingKey { case region = "LocationConstraint" }
}
