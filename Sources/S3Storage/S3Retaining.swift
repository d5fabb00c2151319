internal import FoundationEssentials
internal import NIOCore
public import ObjectStorage
internal import S3Client

extension S3Store {
    /// Where the options ask for a retention.
    public var retaining: (any RetainingStore)? {
        options.retention.map { S3Retaining(store: self, retention: $0) }
    }
}

/// Object lock, for one store.
struct S3Retaining: RetainingStore {
    let store: S3Store
    let retention: S3StoreOptions.Retention

    var retentionLength: Duration { retention.length }

    private var bucket: S3Bucket { store.bucket }

    func retainedUntil(_ key: ObjectKey) async throws -> Int64? {
        try await store.translating("look up the retention of '\(key)'") {
            try await bucket.head(store.name(of: key))?.retention.map { Int64($0.until.timeIntervalSince1970) }
        }
    }

    func retain(_ key: ObjectKey, until: Int64) async throws {
        let wanted = S3Retention(mode: retention.mode, until: Date(timeIntervalSince1970: Double(until)))
        try await store.translating("extend the retention of '\(key)'") {
            do {
                try await bucket.setRetention(wanted, of: store.name(of: key))
            } catch let error as S3Error where !error.isRetryable {
                // A retention that ends later, or is firmer, cannot be replaced by this one, and need not be.
                let found = try? await bucket.head(store.name(of: key))?.retention
                guard let found, found.until >= wanted.until else { throw error }
            }
        }
    }

    func put(_ body: ByteBuffer, at key: ObjectKey, retainedUntil: Int64) async throws {
        let until = S3Retention(mode: retention.mode, until: Date(timeIntervalSince1970: Double(retainedUntil)))
        try await store.translating("store '\(key)' with a retention") {
            _ = try await bucket.put(
                body,
                at: store.name(of: key),
                options: S3PutOptions(refusesExisting: true, retention: until)
            )
        }
    }

    func shorten(_ key: ObjectKey, until: Int64) async throws {
        let wanted = S3Retention(mode: retention.mode, until: Date(timeIntervalSince1970: Double(until)))
        do {
            try await bucket.setRetention(wanted, of: store.name(of: key))
        } catch let error as S3Error where !error.isRetryable {
            // Servers differ in their word for it.
            throw ObjectStoreError(.permissionDenied, "cannot shorten the retention of '\(key)'", cause: error)
        } catch {
            throw store.translated(error, "shorten the retention of '\(key)'")
        }
    }

    /// Only what nothing newer has taken the place of: an older version below an object that is there may be what somebody replaced,
    /// and the only good one.
    func listRemoved(under prefix: ObjectKey?, _ body: ([RemovedObject]) async throws -> Void) async throws {
        let start = store.name(under: prefix)
        var open = VersionGroups()
        try await store.translating("list the versions") {
            try await bucket.listVersions(prefix: start) { page in
                try await body(removed(in: open.add(page), start))
            }
            try await body(removed(in: open.takeRest(), start))
        }
    }

    private func removed(in groups: [[S3ObjectVersion]], _ start: String) -> [RemovedObject] {
        groups.compactMap { group in
            guard let latest = group.first(where: \.isLatest), latest.isMarker, latest.key.hasPrefix(start),
                let key = store.key(of: latest.key)
            else { return nil }
            return RemovedObject(
                key: key,
                removed: latest.modified.map { Int64($0.timeIntervalSince1970) },
                versions: group.filter { !$0.isMarker }.map { .init(id: $0.versionID, byteCount: $0.byteCount) },
                // The newest last: while it is there, nothing comes back into sight.
                markers: group.filter { $0.isMarker && !$0.isLatest }.map(\.versionID) + [latest.versionID]
            )
        }
    }

    func erase(_ object: RemovedObject) async throws -> Int64? {
        let name = store.name(of: object.key)
        return try await store.translating("remove the versions of '\(object.key)'") {
            var retained: Int64?
            for version in object.versions {
                do {
                    try await bucket.delete(name, version: version.id)
                } catch let error as S3Error where !error.isRetryable {
                    // The same answer for what is retained and for what this identity may not; at MinIO another one.
                    guard let until = try? await bucket.head(name, version: version.id)?.retention?.until,
                        until > bucket.client.now
                    else { throw error }
                    retained = max(retained ?? 0, Int64(until.timeIntervalSince1970))
                }
            }
            guard retained == nil else { return retained }
            for marker in object.markers { try await bucket.delete(name, version: marker) }
            return nil
        }
    }
}

/// Versions of one key that may be spread over several pages: keys come in order, and the last one of a page may go on in the next.
struct VersionGroups {
    private var open: [S3ObjectVersion] = []

    /// - Returns: the versions of keys that are complete, by key.
    mutating func add(_ page: [S3ObjectVersion]) -> [[S3ObjectVersion]] {
        let byKey = Dictionary(grouping: open + page, by: \.key)
        guard let last = byKey.keys.max(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) else { return [] }
        open = byKey[last] ?? []
        return byKey.filter { $0.key != last }.map(\.value)
    }

    /// - Returns: what the last page has left open.
    mutating func takeRest() -> [[S3ObjectVersion]] {
        defer { open = [] }
        return open.isEmpty ? [] : [open]
    }
}
