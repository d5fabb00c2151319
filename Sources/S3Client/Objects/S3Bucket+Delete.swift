internal import NIOCore
internal import NIOHTTP1

/// An object, or one version of it.
public struct S3ObjectIdentifier: Sendable, Hashable {
    /// The key.
    public var key: String
    /// The version; `nil` is the newest, whose deletion leaves a marker in buckets that keep versions.
    public var versionID: String?

    /// Makes an identifier.
    public init(_ key: String, versionID: String? = nil) {
        self.key = key
        self.versionID = versionID
    }
}

/// What a deletion has done.
public struct S3Deletion: Sendable, Hashable {
    /// Whether a marker hides the object's versions now, rather than the object being gone.
    public var isMarker: Bool
    /// The version that was deleted, or that of the marker.
    public var versionID: String?
}

/// What a deletion of many objects has done.
public struct S3BatchDeletion: Sendable {
    /// What is gone, or was not there.
    public var deleted: [S3ObjectIdentifier] = []
    /// What is still there, and why.
    public var failures: [(object: S3ObjectIdentifier, error: S3Error)] = []
}

extension S3Bucket {
    /// The most objects that one request deletes.
    public static let batchLimit = 1000

    /// Deletes an object. Deleting what is not there succeeds.
    ///
    /// - Parameters:
    ///   - version: `nil` deletes the newest, which leaves a marker in buckets that keep versions.
    ///   - bypassesGovernance: deletes what is retained in governance mode; needs a right of its own.
    @discardableResult
    public func delete(_ key: String, version: String? = nil, bypassesGovernance: Bool = false) async throws
        -> S3Deletion
    {
        let request = S3Request(.DELETE, name, key: key, "delete").with(query: "versionId", version)
            .with(header: "x-amz-bypass-governance-retention", bypassesGovernance ? "true" : nil)
        let answer = try await client.call(request)
        return S3Deletion(
            isMarker: answer.headers.first(name: "x-amz-delete-marker") == "true",
            versionID: answer.headers.first(name: "x-amz-version-id")
        )
    }

    /// Deletes many objects, ``batchLimit`` at most in a request; what cannot be deleted does not keep the others.
    ///
    /// - Throws: ``S3Error`` when a request as a whole fails; what was deleted before stays so.
    public func delete(_ objects: [S3ObjectIdentifier], bypassesGovernance: Bool = false) async throws
        -> S3BatchDeletion
    {
        var result = S3BatchDeletion()
        for start in stride(from: 0, to: objects.count, by: Self.batchLimit) {
            let batch = Array(objects[start..<min(start + Self.batchLimit, objects.count)])
            try await delete(batch: batch, bypassesGovernance, into: &result)
        }
        return result
    }

    private func delete(
        batch: [S3ObjectIdentifier],
        _ bypassesGovernance: Bool,
        into result: inout S3BatchDeletion
    ) async throws {
        let document = DeleteRequest(objects: batch.map { .init(key: $0.key, versionID: $0.versionID) })
        let body = ByteBuffer(bytes: try S3XML.encode(document, root: "Delete"))
        // The checksum is demanded for this request, and MD5 is the one that all servers know.
        let request = S3Request(.POST, name, "delete \(batch.count) objects of").with(query: "delete")
            .with(header: "Content-MD5", Digest.md5(of: body).base64)
            .with(header: "Content-Type", "application/xml")
            .with(header: "x-amz-bypass-governance-retention", bypassesGovernance ? "true" : nil)
            .with(body: .bytes(body))
        let answer = try await client.document(DeleteResult.self, request)
        for failure in answer.failures ?? [] {
            let classified = S3ErrorAnswer(code: failure.code ?? "", text: failure.message ?? "")
            let error = S3Error(
                classified.code,
                "cannot delete '\(failure.key)' in bucket '\(name)': \(failure.message ?? failure.code ?? "no reason given")",
                serverCode: failure.code
            )
            // moto 5.2 leaves the version out.
            let object = batch.first { object in
                object.key == failure.key && (failure.versionID ?? object.versionID) == object.versionID
            }
            result.failures.append((object ?? S3ObjectIdentifier(failure.key, versionID: failure.versionID), error))
        }
        let failed = Set(result.failures.map(\.object))
        // Servers differ in whether they name again what had no version; what is no failure is gone.
        result.deleted += batch.filter { !failed.contains($0) }
    }
}

/// `<Delete>`. "Quiet" is not asked for: some servers then leave the failures out too.
private struct DeleteRequest: Encodable {
    struct Object: Encodable {
        var key: String
        var versionID: String?
        enum CodingKeys: String, CodingKey {
            case key = "Key"
            case versionID = "VersionId"
        }
    }
    var objects: [Object]
    enum CodingKeys: String, CodingKey { case objects = "Object" }
}

/// `<DeleteResult>`.
private struct DeleteResult: S3Document {
    static let rootNames: Set<String> = ["DeleteResult"]
    struct Failure: Decodable {
        var key: String
        var versionID: String?
        var code: String?
        var message: String?
        enum CodingKeys: String, CodingKey {
            case key = "Key"
            case versionID = "VersionId"
            case code = "Code"
            case message = "Message"
        }
    }
    var failures: [Failure]?
    enum CodingKeys: String, CodingKey { case failures = "Error" }
}
