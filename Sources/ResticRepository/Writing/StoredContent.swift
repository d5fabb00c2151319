public import ResticFormat

/// The content of a file that has been handed to the repository: its length now, its blobs as soon as they are known.
public struct StoredContent: Sendable {
    let assembly: ContentAssembly

    /// The length in bytes.
    public var byteCount: Int64 { assembly.byteCount }

    /// The ids of the content's blobs, in order; waits until the last one has been through the pipeline. Call it once.
    ///
    /// - Throws: what went wrong anywhere in the run.
    public func blobs() async throws -> [ResticID] {
        try await assembly.ids()
    }
}
