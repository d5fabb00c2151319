internal import QdrantClient

/// Writes points of a reference into the live collection: those that are missing, and those that differ.
///
/// Each point is looked at once more before it is written: one that somebody has written, changed or deleted since the comparison is
/// left alone. The server is told to only insert, or only update, so that the moment between look and write cannot hurt a missing
/// point that came back. What was written is read back and compared.
struct PointWriter {
    let live: any PointTarget
    let reference: any PointSource
    let rule: ContentRule
    /// How many points are read and written at once.
    let batchLimit: Int

    /// What was done.
    struct Outcome: Sendable {
        /// Missing points that were written.
        var restored = 0
        /// Different points that were written.
        var replaced = 0
        /// Points left alone because they are no longer as they were compared.
        var changedMeanwhile: [PointID] = []
        /// Written points that do not read as they should.
        var unconfirmed: [PointID] = []
    }

    /// Writes the missing points of a part.
    func restoreMissing(of part: CollectionDifferences.Part, into outcome: inout Outcome) async throws {
        for ids in part.missing.ids.batches(batchLimit) {
            let (wanted, found) = try await read(Array(ids), part.shardKey)
            var batch: [PointRecord] = []
            for record in wanted {
                guard let now = found[record.id] else {
                    batch.append(record)
                    continue
                }
                if !rule.areEqual(now, record) { outcome.changedMeanwhile.append(record.id) }
            }
            try await write(batch, .insertOnly, part.shardKey, &outcome)
            outcome.restored += batch.count
        }
    }

    /// Writes the different points of a part.
    func replaceDifferent(of part: CollectionDifferences.Part, into outcome: inout Outcome) async throws {
        let seen = Dictionary(zip(part.different.ids, part.seen)) { first, _ in first }
        for ids in part.different.ids.batches(batchLimit) {
            let (wanted, found) = try await read(Array(ids), part.shardKey)
            var batch: [PointRecord] = []
            for record in wanted {
                let now = found[record.id]
                if let now, now.fingerprint == seen[record.id] {
                    batch.append(record)
                } else if !(now.map { rule.areEqual($0, record) } ?? false) {
                    outcome.changedMeanwhile.append(record.id)
                }
            }
            try await write(batch, .updateOnly, part.shardKey, &outcome)
            outcome.replaced += batch.count
        }
    }

    /// Both sides of some points, the reference's in the order of ids.
    private func read(_ ids: [PointID], _ key: ShardKey?) async throws -> ([PointRecord], [PointID: PointRecord]) {
        async let wanted = reference.records(ids, in: key)
        async let found = live.records(ids, in: key)
        let records = try await wanted.sorted { $0.id < $1.id }
        guard records.count == ids.count else {
            throw CaptureError(
                .unverified,
                "the copy to repair from has lost \(ids.count - records.count) points since it was compared",
                hint: "Did somebody delete or change it? Run the same command again: it finds what is still missing."
            )
        }
        return (records, Dictionary(try await found.map { ($0.id, $0) }) { first, _ in first })
    }

    private func write(
        _ records: [PointRecord],
        _ mode: UpsertMode,
        _ key: ShardKey?,
        _ outcome: inout Outcome
    ) async throws {
        guard !records.isEmpty else { return }
        try Task.checkCancellation()
        let points = records.map {
            Point(id: $0.id, vectors: $0.vectors ?? .named([:]), payload: $0.payload ?? JSONObject())
        }
        try await live.write(points, mode, in: key)
        let now = Dictionary(try await live.records(records.map(\.id), in: key).map { ($0.id, $0) }) { first, _ in first
        }
        for record in records where !(now[record.id].map { rule.areEqual($0, record) } ?? false) {
            outcome.unconfirmed.append(record.id)
        }
    }
}

extension Array {
    fileprivate func batches(_ limit: Int) -> some Sequence<ArraySlice<Element>> {
        stride(from: 0, to: count, by: limit).lazy.map { self[$0..<Swift.min($0 + limit, count)] }
    }
}
