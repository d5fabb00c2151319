internal import Logging
internal import QdrantClient
internal import ResticRepository

/// The stored collection on a server, to compare with: restored for the purpose, or one that was there already.
struct ReferenceCopy: Sendable {
    let name: String
    let client: QdrantClient
    let manifest: CollectionManifest
    let options: CollectionRestoreOptions
    let clock: any WallClock
    let logger: Logger

    /// Makes sure that it is there and is what was captured.
    ///
    /// - Parameter plan: how to restore it; `nil` when it is there.
    /// - Throws: ``CaptureError/Code/unverified``; a copy that was made is deleted again then.
    func provide(_ restore: CollectionRestore, _ plan: CollectionRestore.Plan?) async throws {
        if let plan {
            let report = try await restore.run(plan)
            guard let difference = report.differences.first else { return }
            _ = await delete()
            throw CaptureError(
                .unverified,
                "the copy '\(name)' to compare with is not what was captured: \(difference)",
                hint:
                    "The live collection was not touched. Run 'holdfast verify', and look at the server's log and disk."
            )
        }
        let verifier = CollectionVerifier(client: client, manifest: manifest, options: options, clock: clock)
        let findings = try await verifier.verify(name)
        guard let difference = findings.differences.first else { return }
        throw CaptureError(
            .unverified,
            "the server has a collection '\(name)', but it is not what was captured: \(difference)",
            hint: "Delete it when it is not needed, and run the same command again: the copy is made anew then."
        )
    }

    /// Deletes it, also when the task has been cancelled.
    ///
    /// - Returns: whether it is gone.
    func delete() async -> Bool {
        let result = Result()
        await shielded { [self] in
            do {
                try await client.deleteCollection(name)
                await result.set()
            } catch {
                logger.warning(
                    "the copy could not be deleted: delete it by hand",
                    metadata: ["collection": "\(name)", "error": "\(error)"]
                )
            }
        }
        return await result.isGone
    }

    private actor Result {
        var isGone = false
        func set() { isGone = true }
    }
}
