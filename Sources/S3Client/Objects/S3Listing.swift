public import FoundationEssentials

/// An object as a listing shows it.
public struct S3ObjectSummary: Sendable, Hashable {
    /// The key.
    public var key: String
    /// The length in bytes.
    public var byteCount: Int64
    /// The entity tag without its quotation marks.
    public var entityTag: String?
    /// When it was stored.
    public var modified: Date?
    /// `STANDARD`, …; `nil` when the server says nothing.
    public var storageClass: String?
}

/// One page of a listing.
public struct S3ObjectPage: Sendable, Hashable {
    /// The objects, in the order of their keys' bytes.
    public var objects: [S3ObjectSummary]
    /// Beginnings that several keys share, up to the delimiter, when one was given.
    public var commonPrefixes: [String]
    /// Where the next page begins; `nil` when there is none.
    public var continuation: String?
}

/// The pages of a listing, one request each. Every iteration begins anew.
public struct S3ObjectPages: AsyncSequence, Sendable {
    /// A page; it may be empty.
    public typealias Element = S3ObjectPage

    let bucket: S3Bucket
    let prefix: String
    let delimiter: String?
    let startAfter: String?
    let pageLength: Int?

    /// Begins with the first page.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pages: self) }

    /// Asks for one page after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let pages: S3ObjectPages
        private var continuation: String?
        private var isAtEnd = false

        fileprivate init(pages: S3ObjectPages) {
            self.pages = pages
        }

        /// The next page.
        ///
        /// - Throws: ``S3Error``; ``S3Error/Code/unexpectedResponse`` also when the server sends us in a circle.
        public mutating func next() async throws -> S3ObjectPage? {
            guard !isAtEnd else { return nil }
            let page = try await pages.bucket.listPage(
                prefix: pages.prefix,
                delimiter: pages.delimiter,
                startAfter: pages.startAfter,
                pageLength: pages.pageLength,
                continuation: continuation
            )
            if let next = page.continuation, next == continuation {
                throw S3Error(
                    .unexpectedResponse,
                    "cannot list bucket '\(pages.bucket.name)': the server sends the same page again and again"
                )
            }
            continuation = page.continuation
            isAtEnd = page.continuation == nil
            return page
        }
    }
}
