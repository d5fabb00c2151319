internal import FoundationEssentials
internal import NIOHTTP1

extension S3Bucket {
    /// Asks whether objects of the bucket can be locked.
    public func hasObjectLock() async throws -> Bool {
        let request = S3Request(.GET, name, "read the object lock of").with(query: "object-lock")
        do {
            return try await client.document(ObjectLockConfiguration.self, request).isEnabled == "Enabled"
        } catch let error as S3Error where error.code == .notConfigured || error.code == .notSupported {
            return false
        }
    }

    /// Asks until when an object is retained.
    ///
    /// - Returns: `nil` when it is not.
    public func retention(of key: String, version: String? = nil) async throws -> S3Retention? {
        let request = S3Request(.GET, name, key: key, "read the retention of").with(query: "retention")
            .with(query: "versionId", version)
        do {
            let answer = try await client.document(Retention.self, request)
            guard let mode = answer.mode.flatMap({ S3Retention.Mode(rawValue: $0) }),
                let date = answer.until.flatMap(MetadataCredentials.date)
            else { return nil }
            return S3Retention(mode: mode, until: date)
        } catch let error as S3Error where error.code == .notConfigured {
            return nil
        }
    }

    /// Sets until when an object is retained. A later date always works; an earlier one, or another mode, does not for
    /// compliance, and for governance only with the right to bypass it.
    public func setRetention(
        _ retention: S3Retention,
        of key: String,
        version: String? = nil,
        bypassesGovernance: Bool = false
    ) async throws {
        let document = Retention(mode: retention.mode.rawValue, until: SigningTime.rfc3339(retention.until))
        let request = S3Request(.PUT, name, key: key, "set the retention of").with(query: "retention")
            .with(query: "versionId", version)
            .with(header: "x-amz-bypass-governance-retention", bypassesGovernance ? "true" : nil)
        try await client.send(document, root: "Retention", request)
    }

    /// Asks whether a legal hold keeps an object.
    public func hasLegalHold(on key: String, version: String? = nil) async throws -> Bool {
        let request = S3Request(.GET, name, key: key, "read the legal hold of").with(query: "legal-hold")
            .with(query: "versionId", version)
        do {
            return try await client.document(LegalHold.self, request).status == "ON"
        } catch let error as S3Error where error.code == .notConfigured {
            return false
        }
    }

    /// Sets or takes away a legal hold.
    public func setLegalHold(_ isOn: Bool, on key: String, version: String? = nil) async throws {
        let request = S3Request(.PUT, name, key: key, "set the legal hold of").with(query: "legal-hold")
            .with(query: "versionId", version)
        try await client.send(LegalHold(status: isOn ? "ON" : "OFF"), root: "LegalHold", request)
    }
}

/// `<ObjectLockConfiguration>`.
private struct ObjectLockConfiguration: S3Document {
    static let rootNames: Set<String> = ["ObjectLockConfiguration"]
    var isEnabled: String?
    enum CodingKeys: String, CodingKey { case isEnabled = "ObjectLockEnabled" }
}

/// `<Retention>`.
private struct Retention: S3Document, Encodable {
    static let rootNames: Set<String> = ["Retention"]
    var mode: String?
    var until: String?
    enum CodingKeys: String, CodingKey {
        case mode = "Mode"
        case until = "RetainUntilDate"
    }
}

/// `<LegalHold>`.
private struct LegalHold: S3Document, Encodable {
    static let rootNames: Set<String> = ["LegalHold"]
    var status: String?
    enum CodingKeys: String, CodingKey { case status = "Status" }
}
