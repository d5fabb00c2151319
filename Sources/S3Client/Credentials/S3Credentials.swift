public import FoundationEssentials

/// What requests are signed with.
public struct S3Credentials: Sendable, Hashable {
    /// The public part: it is in every signed request.
    public var accessKeyID: String
    /// The secret part: never sent.
    public var secretAccessKey: S3Secret
    /// What temporary credentials are sent with.
    public var sessionToken: S3Secret?
    /// When they stop working; `nil` for those that last.
    public var expiration: Date?

    /// Makes credentials.
    public init(
        accessKeyID: String,
        secretAccessKey: S3Secret,
        sessionToken: S3Secret? = nil,
        expiration: Date? = nil
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiration = expiration
    }
}
