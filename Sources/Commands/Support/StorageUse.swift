internal import ObjectStorage
internal import Recovery

/// What a run asked of a store, as it is reported.
struct StorageUse: Encodable {
    /// Objects that were written or tried to.
    let puts: Int
    /// Reads.
    let gets: Int
    /// Looks whether an object is there.
    let heads: Int
    /// Listings; a store with pages asks several times for one.
    let lists: Int
    /// Removals.
    let deletes: Int
    /// Those of all that failed.
    let failed: Int
    /// Bytes of objects.
    let bytesWritten: Int64
    let bytesRead: Int64
    /// The requests that all this took, where the place is reached by requests.
    let requests: Requests?
    /// By the configuration's prices.
    let cost: StorageCost?

    init(_ counts: StoreCounts, prices: StoragePrices?) {
        puts = counts[.put].operationCount
        gets = counts[.get].operationCount
        heads = counts[.byteCount].operationCount
        lists = counts[.list].operationCount
        deletes = counts[.delete].operationCount
        failed = StoreOperation.allCases.reduce(0) { $0 + counts[$1].failureCount }
        bytesWritten = counts.writtenByteCount
        bytesRead = counts.readByteCount
        let requests = counts.requests.map(Requests.init)
        self.requests = requests
        // What is billed is requests; where nobody counts them, an operation passes for one.
        let (puts, gets) = (requests?.writes ?? puts + lists, requests?.reads ?? gets + heads)
        let (stored, read) = (bytesWritten, bytesRead)
        cost = prices.map { StorageCost($0, puts: puts, gets: gets, storedBytes: stored, readBytes: read) }
    }

    /// Requests by the kinds that providers bill, repetitions, pages and parts among them.
    struct Requests: Encodable {
        /// Those that write or list.
        let writes: Int
        /// Those that read or look.
        let reads: Int
        let deletes: Int
        /// How many of all were not answered, or asked to try again.
        let failed: Int

        init(_ counts: RequestCounts) {
            writes = counts.writeCount
            reads = counts.readCount
            deletes = counts.deleteCount
            failed = counts.failureCount
        }
    }

    /// One line for people.
    var line: String {
        let kinds = [(puts, "put"), (gets, "get"), (heads, "look-up"), (lists, "listing"), (deletes, "delete")]
        var text = kinds.filter { $0.0 > 0 }.map { Formatting.count($0.0, $0.1) }.joined(separator: ", ")
        text += "; \(Formatting.bytes(bytesWritten)) up, \(Formatting.bytes(bytesRead)) down"
        if let requests {
            text += "; \(Formatting.count(requests.writes + requests.reads + requests.deletes, "request"))"
            if requests.failed > 0 { text += ", \(requests.failed) of them failed" }
        }
        if let cost {
            text +=
                "; about \(Self.amount(cost.once)) \(cost.currency), and \(Self.amount(cost.perMonth)) a month to keep it"
        }
        return text
    }

    /// Four digits behind the point: requests cost fractions of a cent.
    static func amount(_ value: Double) -> String {
        let parts = Int((value * 10_000).rounded())
        let fraction = String(parts % 10_000)
        return "\(parts / 10_000)." + String(repeating: "0", count: 4 - fraction.count) + fraction
    }
}
