internal import QdrantClient

/// The client's own type for a secret: named in a file that uses no other, since this room has a `Secret` as well.
func scratchEndpoint(_ url: String, apiKey: String?) throws -> QdrantEndpoint {
    try QdrantEndpoint(url: url, apiKey: apiKey.map { .init($0) })
}
