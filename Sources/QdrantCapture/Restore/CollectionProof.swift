public import QdrantClient
public import ResticRepository

/// Compares a collection on a server with what was captured, and changes nothing.
public struct CollectionProof: Sendable {
    private let verifier: CollectionVerifier

    /// - Parameter options: the tolerance and the deadline; the rest is not looked at.
    public init(
        of stored: StoredCollection,
        on client: QdrantClient,
        options: CollectionRestoreOptions,
        clock: any WallClock = SystemWallClock()
    ) {
        verifier = CollectionVerifier(client: client, manifest: stored.manifest, options: options, clock: clock)
    }

    /// Looks at status, configuration, payload indexes, counts and golden queries.
    ///
    /// - Parameter name: the name it has on that server.
    /// - Returns: what differs, a sentence each; empty when it is what was captured.
    public func differences(of name: String) async throws -> [String] {
        try await verifier.verify(name).differences
    }
}
