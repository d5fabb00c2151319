internal import ObjectStorage
internal import S3Client

/// The pages of a listing, one request each.
struct S3Pages: ListingPages {
    private let store: S3Store
    private let start: String
    private var pages: S3ObjectPages.AsyncIterator

    init(_ store: S3Store, under prefix: ObjectKey?) {
        self.store = store
        start = store.name(under: prefix)
        pages = store.bucket.list(prefix: start).makeAsyncIterator()
    }

    /// The client's own iterator stays where it is when it fails.
    mutating func next() async throws -> [ObjectEntry]? {
        try Task.checkCancellation()
        do {
            return try await pages.next().map(entries)
        } catch {
            throw store.translated(error, "list")
        }
    }

    /// What has no key of ours is not ours: the markers that consoles make for folders, for example.
    private func entries(_ page: S3ObjectPage) -> [ObjectEntry] {
        page.objects.compactMap { object in
            guard object.key.hasPrefix(start) else { return nil }
            return store.key(of: object.key).map { ObjectEntry(key: $0, byteCount: object.byteCount) }
        }
    }
}
