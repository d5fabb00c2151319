internal import FoundationEssentials
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
            guard let page = try await pages.next() else { return nil }
            return try entries(page)
        } catch {
            throw store.translated(error, "list")
        }
    }

    /// What has no key of ours is not ours: the markers that consoles make for folders, for example. What lies elsewhere was misread.
    private func entries(_ page: S3ObjectPage) throws(S3Error) -> [ObjectEntry] {
        var entries: [ObjectEntry] = []
        for object in page.objects {
            guard object.key.hasPrefix(start) else {
                throw S3Error(
                    .unexpectedResponse,
                    "cannot list '\(start)': the server lists '\(object.key)', which does not begin so"
                )
            }
            if let key = store.key(of: object.key) {
                entries.append(
                    ObjectEntry(
                        key: key,
                        byteCount: object.byteCount,
                        modified: object.modified.map { Int64($0.timeIntervalSince1970) }
                    )
                )
            }
        }
        return entries
    }
}
