/// A listing that is asked for page by page, where a page that failed can be asked for again: the work of the pages before is not
/// lost, and none is handed out twice.
public protocol ListingPages {
    /// Asks for the next page.
    ///
    /// - Returns: objects, possibly none; `nil` when there are no more pages.
    /// - Throws: like ``ObjectStore/list(under:_:)``. Called again after that, it asks for the same page.
    mutating func next() async throws -> [ObjectEntry]?
}

/// Pages, each of which is asked for in another way.
struct MappedPages: ListingPages {
    var base: any ListingPages
    /// Runs what asks for a page.
    let ask: (_ request: () async throws -> [ObjectEntry]?) async throws -> [ObjectEntry]?

    mutating func next() async throws -> [ObjectEntry]? {
        var pages = base
        defer { base = pages }
        return try await ask { try await pages.next() }
    }
}
