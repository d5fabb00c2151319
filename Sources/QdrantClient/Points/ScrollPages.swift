/// All points of a collection or shard, page by page. Can be iterated any number of times.
///
/// Not a snapshot: points that are written meanwhile may or may not be seen.
public struct ScrollPages: AsyncSequence, Sendable {
    /// One page.
    public typealias Element = [PointRecord]

    let client: QdrantClient
    let request: ScrollRequest
    let collection: String
    let shard: UInt32?

    /// Begins at the first page.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(pages: self, next: request)
    }

    /// Reads one page after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let pages: ScrollPages
        private var next: ScrollRequest?

        fileprivate init(pages: ScrollPages, next: ScrollRequest) {
            self.pages = pages
            self.next = next
        }

        /// Reads the next page; `nil` behind the last one.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> [PointRecord]? {
            guard var request = next else { return nil }
            let page = try await pages.page(request)
            if let offset = page.nextOffset {
                // A server that leads back would keep us forever.
                guard page.records.last.map({ $0.id < offset }) ?? false else { throw pages.leadsBack }
                request.offset = offset
                next = request
            } else {
                next = nil
            }
            return page.records
        }
    }

    private func page(_ request: ScrollRequest) async throws -> ScrollPage {
        if let shard {
            try await client.scroll(request, inShard: shard, of: collection)
        } else {
            try await client.scroll(request, in: collection)
        }
    }

    private var leadsBack: QdrantError {
        let object: QdrantObject = shard.map { .shard($0, collection: collection) } ?? .collection(collection)
        return QdrantError(
            .unexpectedResponse,
            "cannot scroll through \(object): the next page does not lie behind this one",
            object: object
        )
    }
}

extension QdrantClient {
    /// All points of a collection, page by page, in the order of their ids.
    ///
    /// - Parameter scroll: where to begin and what to read. With `orderBy` the server answers one page only.
    public func scrollPages(_ scroll: ScrollRequest, in collection: String) -> ScrollPages {
        ScrollPages(client: self, request: scroll, collection: collection, shard: nil)
    }

    /// All points of one shard that is local to the node asked, page by page, in the order of their ids.
    public func scrollPages(_ scroll: ScrollRequest, inShard shard: UInt32, of collection: String) -> ScrollPages {
        ScrollPages(client: self, request: scroll, collection: collection, shard: shard)
    }
}
