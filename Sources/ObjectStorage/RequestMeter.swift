internal import Locks

/// Requests as they went over the line, every try, part and page of them, by the kinds that providers bill: numbers for reports.
public struct RequestCounts: Sendable, Hashable {
    /// Those that write or list (S3: PUT, COPY, POST, LIST).
    public var writeCount = 0
    /// Those that read or look (S3: GET, HEAD).
    public var readCount = 0
    /// Those that remove, which providers do not bill.
    public var deleteCount = 0
    /// How many of all had no answer, or one that asks to try again (408, 429, 5xx).
    public var failureCount = 0

    /// Makes counts of nothing.
    public init() {}
}

/// Where a client of a store counts its requests.
public final class RequestMeter: Sendable {
    /// What a provider bills a request as.
    public enum Kind: Sendable, Hashable, CaseIterable {
        case write, read, delete
    }

    private let state = Mutex(RequestCounts())

    /// Makes a meter that stands at zero.
    public init() {}

    /// The counts of this moment.
    public var counts: RequestCounts { state.withLock(\.self) }

    /// Counts a request that has been answered or has failed.
    public func count(_ kind: Kind, hasFailed: Bool) {
        state.withLock { counts in
            switch kind {
            case .write: counts.writeCount += 1
            case .read: counts.readCount += 1
            case .delete: counts.deleteCount += 1
            }
            if hasFailed { counts.failureCount += 1 }
        }
    }
}
