internal import QdrantClient

/// A part of the ids that is read by itself.
struct IDRange: Sendable, Hashable {
    /// The first id; `nil` for the very first.
    var start: PointID?
    /// The first id behind it; `nil` for none.
    var end: PointID?
}

/// Walks through the points of one collection in a range, one page at a time.
struct PageCursor: Sendable {
    private let source: any PointSource
    private let range: IDRange
    private let shardKey: ShardKey?
    private let limit: Int
    private let withContent: Bool
    private var records: [PointRecord] = []
    private var position = 0
    private var start: PointID?
    private var isAtEnd = false

    init(_ source: any PointSource, _ range: IDRange, in shardKey: ShardKey?, limit: Int, withContent: Bool) {
        self.source = source
        self.range = range
        self.shardKey = shardKey
        self.limit = limit
        self.withContent = withContent
        start = range.start
    }

    /// The point that it is at; `nil` behind the last one of the page.
    var current: PointRecord? { position < records.count ? records[position] : nil }

    /// Whether the page is used up and there may be another one.
    var needsPage: Bool { position == records.count && !isAtEnd }

    mutating func advance() {
        position += 1
    }

    /// Reads the next page where one is needed.
    func fetch() async throws -> ScrollPage? {
        guard needsPage else { return nil }
        return try await source.page(from: start, limit: limit, withContent: withContent, in: shardKey)
    }

    /// Goes on with what ``fetch()`` read.
    ///
    /// - Throws: `unexpectedResponse` when the page is not in the order of ids or does not lie behind the one before: then a
    ///   comparison would find differences that are none.
    mutating func take(_ page: ScrollPage?) throws {
        guard let page else { return }
        var last: PointID?
        for record in page.records {
            guard last.map({ $0 < record.id }) ?? start.map({ $0 <= record.id }) ?? true else { throw Self.disorder }
            last = record.id
        }
        if let next = page.nextOffset {
            guard last.map({ $0 < next }) ?? start.map({ $0 < next }) ?? false else { throw Self.disorder }
        }
        records = page.records
        position = 0
        start = page.nextOffset
        isAtEnd = page.nextOffset == nil
        guard let end = range.end else { return }
        if let next = page.nextOffset, next >= end { isAtEnd = true }
        if let last, last >= end {
            records.removeAll { $0.id >= end }
            isAtEnd = true
        }
    }

    private static var disorder: QdrantError {
        QdrantError(
            .unexpectedResponse,
            "cannot compare points: the server's pages are not in the order of ids",
            object: .service
        )
    }
}
