internal import NIOCore
internal import NIOHTTP1

/// The single operations of an upload in parts.
extension S3Bucket {
    func beginMultipart(_ key: String, options: S3PutOptions) async throws -> String {
        let usesSHA256 = client.options.checksum == .sha256
        let request = S3Request(.POST, name, key: key, "begin the upload of").with(query: "uploads")
            .with(headers: options.headers)
            .with(header: "x-amz-checksum-algorithm", usesSHA256 ? "SHA256" : nil)
        return try await client.document(InitiateResult.self, request).uploadID
    }

    func putPart(_ body: ByteBuffer, number: Int, of upload: S3MultipartUpload) async throws -> StoredPart {
        var request = S3Request(.PUT, name, key: upload.key, "store part \(number) of")
            .with(query: "partNumber", String(number))
            .with(query: "uploadId", upload.uploadID)
            .with(body: .bytes(body))
        let checksum = client.addChecksum(to: &request, of: body)
        let answer = try await client.call(request)
        let (result, tag) = try stored(answer, request)
        try checksum.compare(with: result, request)
        return StoredPart(number: number, entityTag: tag, checksumSHA256: result.checksumSHA256)
    }

    /// - Throws: also the error that comes after the status of a success: putting the parts together may take minutes.
    func completeMultipart(
        _ upload: S3MultipartUpload,
        parts: [StoredPart],
        refusesExisting: Bool
    ) async throws -> S3PutResult {
        let document = CompleteRequest(
            parts: parts.sorted { $0.number < $1.number }.map {
                .init(number: $0.number, entityTag: "\"\($0.entityTag)\"", checksumSHA256: $0.checksumSHA256)
            }
        )
        let body = ByteBuffer(bytes: try S3XML.encode(document, root: "CompleteMultipartUpload"))
        var request = S3Request(.POST, name, key: upload.key, "complete the upload of")
            .with(query: "uploadId", upload.uploadID)
            .with(header: "Content-Type", "application/xml")
            .with(header: "If-None-Match", refusesExisting ? "*" : nil)
            .with(body: .bytes(body))
        // The server may take a while to put 10,000 parts together, and sends blanks meanwhile.
        request.expectedByteCount = 16 * 1024 * 1024
        let answer = try await client.call(request)
        let completed = try client.read(CompleteResult.self, answer, request)
        var result = S3PutResult(answer.headers)
        result.entityTag = completed.entityTag.map(S3ObjectHead.unquoted)
        return result
    }

    /// Aborts an upload: its parts are deleted. Parts that arrive meanwhile may survive; abort again then.
    ///
    /// Aborting what is not there succeeds.
    public func abort(_ upload: S3MultipartUpload) async throws {
        let request = S3Request(.DELETE, name, key: upload.key, "abort the upload of")
            .with(query: "uploadId", upload.uploadID)
        do {
            _ = try await client.call(request)
        } catch let error as S3Error where error.code == .noSuchUpload {
        }
    }

    /// Lists uploads that were begun and neither completed nor aborted.
    ///
    /// - Parameter prefix: what keys begin with.
    public func listMultipartUploads(prefix: String = "") async throws -> [S3MultipartUpload] {
        var uploads: [S3MultipartUpload] = []
        var marker: (key: String, upload: String?)?
        while true {
            let request = S3Request(.GET, name, "list the uploads of").with(query: "uploads")
                .with(query: "encoding-type", "url")
                .with(query: "prefix", prefix.isEmpty ? nil : prefix)
                .with(query: "key-marker", marker?.key)
                .with(query: "upload-id-marker", marker?.upload)
            let answer = try await client.document(ListUploadsResult.self, request)
            let isEncoded = answer.encodingType == "url"
            for upload in answer.uploads ?? [] {
                let key = try ListedKey.plain(upload.key, isEncoded, bucket: name)
                uploads.append(S3MultipartUpload(key: key, uploadID: upload.uploadID, initiated: upload.initiated))
            }
            guard answer.isTruncated == true else { return uploads }
            let next = try answer.nextKeyMarker.map { try ListedKey.plain($0, isEncoded, bucket: name) }
            guard let next, next != marker?.key || answer.nextUploadIDMarker != marker?.upload else {
                throw S3Error(
                    .unexpectedResponse,
                    "cannot list the uploads of bucket '\(name)': the answer does not say where the listing goes on"
                )
            }
            marker = (next, answer.nextUploadIDMarker)
        }
    }
}

/// `<InitiateMultipartUploadResult>`.
private struct InitiateResult: S3Document {
    static let rootNames: Set<String> = ["InitiateMultipartUploadResult"]
    var uploadID: String
    enum CodingKeys: String, CodingKey { case uploadID = "UploadId" }
}

/// `<CompleteMultipartUpload>`.
private struct CompleteRequest: Encodable {
    struct Part: Encodable {
        var number: Int
        var entityTag: String
        var checksumSHA256: String?
        enum CodingKeys: String, CodingKey {
            case number = "PartNumber"
            case entityTag = "ETag"
            case checksumSHA256 = "ChecksumSHA256"
        }
    }
    var parts: [Part]
    enum CodingKeys: String, CodingKey { case parts = "Part" }
}

/// `<CompleteMultipartUploadResult>`.
private struct CompleteResult: S3Document {
    static let rootNames: Set<String> = ["CompleteMultipartUploadResult"]
    var entityTag: String?
    enum CodingKeys: String, CodingKey { case entityTag = "ETag" }
}

/// `<ListMultipartUploadsResult>`.
private struct ListUploadsResult: S3Document {
    static let rootNames: Set<String> = ["ListMultipartUploadsResult"]
    struct Upload: Decodable {
        var key: String
        var uploadID: String
        var initiated: String?
        enum CodingKeys: String, CodingKey {
            case key = "Key"
            case uploadID = "UploadId"
            case initiated = "Initiated"
        }
    }
    var uploads: [Upload]?
    var isTruncated: Bool?
    var nextKeyMarker: String?
    var nextUploadIDMarker: String?
    var encodingType: String?
    enum CodingKeys: String, CodingKey {
        case uploads = "Upload"
        case isTruncated = "IsTruncated"
        case nextKeyMarker = "NextKeyMarker"
        case nextUploadIDMarker = "NextUploadIdMarker"
        case encodingType = "EncodingType"
    }
}
