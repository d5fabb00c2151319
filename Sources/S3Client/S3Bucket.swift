/// A bucket, as a client sees it: what its methods work on. Making one asks nothing of the server.
public struct S3Bucket: Sendable {
    /// The client that asks for it.
    public let client: S3Client
    /// The bucket's name.
    public let name: String
}
