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
        let (puts, gets) = (puts + lists, gets + heads)
        let (stored, read) = (bytesWritten, bytesRead)
        cost = prices.map { StorageCost($0, puts: puts, gets: gets, storedBytes: stored, readBytes: read) }
    }

    /// One line for people.
    var line: String {
        let kinds = [(puts, "put"), (gets, "get"), (heads, "look-up"), (lists, "listing"), (deletes, "delete")]
        var text = kinds.filter { $0.0 > 0 }.map { Formatting.count($0.0, $0.1) }.joined(separator: ", ")
        text += "; \(Formatting.bytes(bytesWritten)) up, \(Formatting.bytes(bytesRead)) down"
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
