internal import NIOHTTP1

/// A request that has been answered or has failed: for whoever counts them.
public struct S3Exchange: Sendable, Hashable {
    /// How providers bill a request.
    public enum Kind: Sendable, Hashable, CaseIterable {
        /// PUT, COPY and POST, and listings whatever their method.
        case write
        /// GET, HEAD and all others.
        case read
        /// DELETE.
        case delete
    }

    /// How it is billed.
    ///
    /// Source: Amazon S3 pricing, "Requests & data retrievals": PUT, COPY, POST and LIST at one price, GET, SELECT and all others at
    /// another, DELETE at none.
    public let kind: Kind
    /// The status of the answer, `nil` when there was none.
    public let status: Int?

    /// Whether there was no answer, or one that asks to try again: 408, 429, 5xx.
    public var hasFailed: Bool { status.map { $0 == 408 || $0 == 429 || $0 >= 500 } ?? true }

    init(_ request: S3Request, status: Int?) {
        self.status = status
        let lists =
            request.method == .GET && request.key == nil
            && request.query.contains { ["list-type", "versions", "uploads"].contains($0.name) }
        kind =
            switch request.method {
            case .PUT, .POST: .write
            case .DELETE: .delete
            default: lists ? .write : .read
            }
    }
}
