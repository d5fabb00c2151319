internal import QdrantClient

/// The client's own type for a secret. Named here, in a file that does not import `Recovery`, since both rooms have a `Secret`
/// and the client's module shares its name with its main type.
typealias QdrantAPIKey = Secret
