/// What a provider of storage asks for, as the user states it: nothing here is looked up.
public struct StoragePrices: Sendable, Hashable {
    /// The currency, as it is printed: `EUR`, `USD`.
    public var currency = "USD"
    /// For 1,000 requests that write or list (S3: PUT, COPY, POST, LIST).
    public var per1000Puts = 0.0
    /// For 1,000 requests that read (S3: GET, HEAD). Deletions cost nothing.
    public var per1000Gets = 0.0
    /// For 1 GB (1,000,000,000 bytes) stored for a month.
    public var perGBMonth = 0.0
    /// For 1 GB (1,000,000,000 bytes) read.
    public var perGBOut = 0.0

    /// Makes prices of nothing.
    public init() {}
}

/// What a run's requests and bytes cost by the stated prices: an estimate, for a provider may count otherwise (an upload in parts is
/// several requests, a tier has a minimum time).
public struct StorageCost: Sendable, Hashable, Encodable {
    /// The currency of all amounts.
    public var currency: String
    /// Of the requests of the run.
    public var requests: Double
    /// Of the bytes that the run read.
    public var transfer: Double
    /// Of keeping what the run stored for a month: comes again every month.
    public var perMonth: Double

    /// What is paid once.
    public var once: Double { requests + transfer }

    /// Estimates.
    ///
    /// - Parameters:
    ///   - puts: requests that write or list.
    ///   - gets: requests that read or look.
    ///   - storedBytes: bytes that were stored.
    ///   - readBytes: bytes that were read.
    public init(_ prices: StoragePrices, puts: Int, gets: Int, storedBytes: Int64, readBytes: Int64) {
        currency = prices.currency
        requests = Double(puts) / 1000 * prices.per1000Puts + Double(gets) / 1000 * prices.per1000Gets
        transfer = Double(readBytes) / 1e9 * prices.perGBOut
        perMonth = Double(storedBytes) / 1e9 * prices.perGBMonth
    }
}
