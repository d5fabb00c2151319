internal import Logging
internal import NIOCore
internal import QdrantClient
internal import ResticCrypto
internal import ResticFormat
internal import ResticRepository

/// The second road in: a collection snapshot that the server makes and stores, for servers and keys that do not stream.
///
/// Made with `wait=false` and awaited by polling, so that no proxy times out; one that is already under way is adopted instead
/// of starting a second (reference, section 4: creation times out while the server goes on). What we made or adopted is
/// deleted on the server in the end, whatever happens.
struct StoredSnapshotRoad {
    let capture: CollectionCapture
    let collection: String

    private var client: QdrantClient { capture.client }
    private var owner: SnapshotOwner { .collection(collection) }

    func read(_ cluster: CollectionCluster, into writer: BlobWriter) async throws -> [CollectionCapture.ShardTree] {
        let snapshot = try await make()
        let result: Result<[CollectionCapture.ShardTree], any Error>
        do {
            result = .success(try await download(snapshot, into: writer))
        } catch {
            result = .failure(error)
        }
        await delete(snapshot)
        let trees = try result.get()
        let expected = cluster.localShards.map(\.id).sorted()
        guard trees.map(\.id) == expected else {
            throw CaptureError(
                .foreignArchive,
                "the snapshot of collection '\(collection)' holds shards \(trees.map(\.id)) instead of \(expected)",
                hint: "Behind a load balancer the snapshot may be of another node: use the node's own URL."
            )
        }
        return trees
    }

    // MARK: Making

    private func make() async throws -> SnapshotDescription {
        let known = Set(try await client.snapshots(of: owner).map(\.name))
        if try await isCreationRunning() {
            capture.logger.notice(
                "a snapshot of the collection is being made already; waiting for it",
                metadata: ["collection": "\(collection)"]
            )
            if let adopted = try await poll(known: known, untilIdle: true) { return adopted }
        }
        let before = Set(try await client.snapshots(of: owner).map(\.name))
        try await client.startSnapshot(of: owner)
        if let made = try await poll(known: before, untilIdle: false) { return made }
        throw CaptureError(
            .deadline,
            "the server did not finish a snapshot of collection '\(collection)' in time",
            hint: "Its log says why: often the disk is full. Look at the list of snapshots before trying again."
        )
    }

    /// Waits for a snapshot that is not in `known`.
    ///
    /// - Parameter untilIdle: gives up when nothing is being made any more.
    private func poll(known: Set<String>, untilIdle: Bool) async throws -> SnapshotDescription? {
        var waited: Duration = .zero
        while waited <= capture.options.snapshotDeadline {
            let isRunning = try await isCreationRunning()
            if let new = try await client.snapshots(of: owner).filter({ !known.contains($0.name) }).max(by: {
                $0.name < $1.name
            }) {
                return new
            }
            if untilIdle, !isRunning { return nil }
            try await capture.clock.sleep(capture.options.pollInterval)
            waited += capture.options.pollInterval
        }
        return nil
    }

    /// A key without the right to read metrics cannot know; then the list alone decides.
    private func isCreationRunning() async throws -> Bool {
        do {
            return (try await client.metrics().runningSnapshotCreations[collection] ?? 0) > 0
        } catch let error as QdrantError
            where error.code == .forbidden || error.code == .unauthenticated || error.code == .notFound
        {
            return false
        }
    }

    // MARK: Downloading

    private func download(_ snapshot: SnapshotDescription, into writer: BlobWriter) async throws -> [CollectionCapture
        .ShardTree]
    {
        var intake = ArchiveIntake(writer: writer, layout: .collection, label: "snapshot '\(snapshot.name)'")
        let hasher = ContentHasher()
        let download = try await client.downloadSnapshot(snapshot.name, of: owner)
        for try await buffer in download.body {
            capture.progress(Int64(buffer.readableBytes))
            buffer.withUnsafeReadableBytes { hasher.update($0) }
            try await intake.feed(buffer)
        }
        try check(hasher.finalize().hex, of: snapshot)
        return try intake.finish().values.sorted { $0.id < $1.id }
    }

    private func check(_ found: String, of snapshot: SnapshotDescription) throws {
        guard let stated = snapshot.checksum else {
            capture.logger.warning(
                "the server states no checksum for its snapshot",
                metadata: ["snapshot": "\(snapshot.name)"]
            )
            return
        }
        guard found == stated.lowercased() else {
            throw CaptureError(
                .checksumMismatch,
                "the downloaded snapshot '\(snapshot.name)' has SHA-256 \(found), the server stated \(stated)",
                hint: "The transfer or the server's disk damaged it. Nothing was recorded; run the backup again."
            )
        }
    }

    // MARK: Deleting

    /// Shielded from cancellation: a snapshot that stays behind fills the server's disk.
    private func delete(_ snapshot: SnapshotDescription) async {
        let (client, owner, logger) = (client, owner, capture.logger)
        await shielded {
            do {
                try await client.deleteSnapshot(snapshot.name, of: owner)
            } catch {
                logger.warning(
                    "the server's snapshot could not be deleted: delete it by hand",
                    metadata: ["snapshot": "\(snapshot.name)", "error": "\(error)"]
                )
            }
        }
    }
}
