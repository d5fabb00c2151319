internal import FoundationEssentials
internal import NIOHTTP1

extension S3Bucket {
    /// Lists objects.
    ///
    /// - Parameters:
    ///   - prefix: what keys begin with.
    ///   - delimiter: keys that have it behind the prefix are summed up; usually `/`.
    ///   - startAfter: a key; only those behind it are listed.
    ///   - pageLength: 1 to 1000; the server's own limit when `nil`.
    public func list(
        prefix: String = "",
        delimiter: String? = nil,
        startAfter: String? = nil,
        pageLength: Int? = nil
    ) -> S3ObjectPages {
        S3ObjectPages(
            bucket: self,
            prefix: prefix,
            delimiter: delimiter,
            startAfter: startAfter,
            pageLength: pageLength
        )
    }

    /// Asks for one page of a listing by version 2 of the operation.
    ///
    /// - Parameter continuation: of the page before.
    public func listPage(
        prefix: String = "",
        delimiter: String? = nil,
        startAfter: String? = nil,
        pageLength: Int? = nil,
        continuation: String? = nil
    ) async throws -> S3ObjectPage {
        let request = S3Request(.GET, name, "list")
            .with(query: "list-type", "2")
            // XML 1.0 cannot hold every character that a key can.
            .with(query: "encoding-type", "url")
            .with(query: "prefix", prefix.isEmpty ? nil : prefix)
            .with(query: "delimiter", delimiter)
            .with(query: "start-after", startAfter)
            .with(query: "max-keys", pageLength.map(String.init))
            .with(query: "continuation-token", continuation)
        let answer = try await client.document(ListBucketResult.self, request)
        let isEncoded = answer.encodingType == "url"
        let next = answer.isTruncated == true ? answer.nextContinuationToken : nil
        if answer.isTruncated == true, next?.isEmpty != false {
            throw S3Error(
                .unexpectedResponse,
                "cannot list bucket '\(name)': the listing goes on and the answer does not say where"
            )
        }
        return S3ObjectPage(
            objects: try (answer.contents ?? []).map { try $0.summary(isEncoded, bucket: name) },
            commonPrefixes: try (answer.commonPrefixes ?? []).map {
                try ListedKey.plain($0.prefix, isEncoded, bucket: name)
            },
            continuation: next
        )
    }
}

/// A key as listings write it.
enum ListedKey {
    static func plain(_ text: String, _ isEncoded: Bool, bucket: String) throws(S3Error) -> String {
        guard isEncoded else { return text }
        guard let key = PercentEncoding.decoded(text) else {
            throw S3Error(.unexpectedResponse, "cannot list bucket '\(bucket)': '\(text)' is no encoded key")
        }
        return key
    }
}

/// `<ListBucketResult>` of version 2.
private struct ListBucketResult: S3Document {
    static let rootNames: Set<String> = ["ListBucketResult"]
    struct Object: Decodable {
        var key: String
        var size: Int64
        var entityTag: String?
        var lastModified: String?
        var storageClass: String?

        enum CodingKeys: String, CodingKey {
            case key = "Key"
            case size = "Size"
            case entityTag = "ETag"
            case lastModified = "LastModified"
            case storageClass = "StorageClass"
        }

        func summary(_ isEncoded: Bool, bucket: String) throws(S3Error) -> S3ObjectSummary {
            S3ObjectSummary(
                key: try ListedKey.plain(key, isEncoded, bucket: bucket),
                byteCount: size,
                entityTag: entityTag.map(S3ObjectHead.unquoted),
                modified: lastModified.flatMap(MetadataCredentials.date),
                storageClass: storageClass
            )
        }
    }

    struct Prefix: Decodable {
        var prefix: String
        enum CodingKeys: String, CodingKey { case prefix = "Prefix" }
    }

    var contents: [Object]?
    var commonPrefixes: [Prefix]?
    var isTruncated: Bool?
    var nextContinuationToken: String?
    var encodingType: String?

    enum CodingKeys: String, CodingKey {
        case contents = "Contents"
        case commonPrefixes = "CommonPrefixes"
        case isTruncated = "IsTruncated"
        case nextContinuationToken = "NextContinuationToken"
        case encodingType = "EncodingType"
    }
}
