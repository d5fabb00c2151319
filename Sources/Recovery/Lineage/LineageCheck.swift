public import QdrantClient

/// What the points of a collection say they were made from.
public struct LineageSources: Sendable, Hashable {
    /// The values of the field, and how many points have each. A point with a list counts for each of its values.
    public var pointsByValue: [String: UInt64]
    /// Points without a value that is text.
    public var unknownPoints: UInt64

    /// Makes one; see the properties.
    public init(pointsByValue: [String: UInt64] = [:], unknownPoints: UInt64 = 0) {
        self.pointsByValue = pointsByValue
        self.unknownPoints = unknownPoints
    }
}

/// Compares the points of a live collection with the documents they were made from: when a restore point is made, and again
/// after a recovery.
///
/// Memory grows with the number of different values, never with the number of points.
public struct LineageCheck: Sendable {
    /// More different values than this are no names of documents.
    public static let maximumValues = 1_000_000

    private let client: QdrantClient
    private let collection: String
    private let source: LineageSource
    private let valueLimit: Int
    private let pageLimit: Int

    /// - Parameters:
    ///   - collection: its name or an alias.
    ///   - source: how its points name their documents.
    ///   - valueLimit: how many different values are kept at most.
    ///   - pageLimit: how many points are asked for at once.
    public init(
        client: QdrantClient,
        collection: String,
        source: LineageSource,
        valueLimit: Int = maximumValues,
        pageLimit: Int = 1000
    ) {
        self.client = client
        self.collection = collection
        self.source = source
        self.valueLimit = valueLimit
        self.pageLimit = pageLimit
    }

    /// Compares with the documents there are.
    ///
    /// - Parameter paths: the files of the documents folder, relative to it.
    /// - Throws: `QdrantError`; ``RecoveryError/Code/refused`` when the field has too many different values.
    public func run(paths: Set<String>) async throws -> LineageReport {
        LineageReport(source, try await sources(), paths: paths)
    }

    /// Asks what the points were made from: by facets where the field is indexed as a keyword, which costs four requests, else
    /// by reading the field of every point.
    public func sources() async throws -> LineageSources {
        let info = try await client.collection(collection)
        let isIndexed = info.payloadSchema.contains { $0.field == source.field && $0.dataType == "keyword" }
        if isIndexed, let sources = try await facets() { return sources }
        return try await scroll()
    }

    /// - Returns: `nil` when the numbers do not add up (values that are no text, lists, writes meanwhile), or there are too
    ///   many values for one answer: then the points must be read.
    private func facets() async throws -> LineageSources? {
        let total = try await client.count(in: collection)
        let limit = min(valueLimit, 100_000)
        let hits = try await client.facet(source.field, in: collection, limit: limit)
        guard hits.count < limit else { return nil }
        var sources = LineageSources()
        for hit in hits {
            guard let value = hit.value.stringValue else { return nil }
            sources.pointsByValue[value, default: 0] += hit.count
        }
        // A list would be counted more than once, and hide as many points whose value is no text.
        guard try await count(["key": .string(source.field), "values_count": ["gt": 1]]) == 0 else { return nil }
        sources.unknownPoints = try await count(["is_empty": ["key": .string(source.field)]])
        let counted = sources.pointsByValue.values.reduce(sources.unknownPoints, &+)
        return counted == total ? sources : nil
    }

    private func count(_ condition: JSONValue) async throws -> UInt64 {
        try await client.count(in: collection, filter: ["must": [condition]])
    }

    private func scroll() async throws -> LineageSources {
        var sources = LineageSources()
        let request = ScrollRequest(limit: pageLimit, payload: .only([source.field]))
        let path = source.field.split(separator: ".").map(String.init)
        for try await page in client.scrollPages(request, in: collection) {
            for record in page {
                var values: Set<String> = []
                if let payload = record.payload { Self.texts(.object(payload), path[...], into: &values) }
                if values.isEmpty { sources.unknownPoints += 1 }
                for value in values { sources.pointsByValue[value, default: 0] += 1 }
            }
            guard sources.pointsByValue.count <= valueLimit else { throw tooMany }
        }
        return sources
    }

    /// The texts at a path; lists on the way are looked through.
    private static func texts(_ value: JSONValue, _ path: ArraySlice<String>, into texts: inout Set<String>) {
        if let list = value.arrayValue {
            for element in list { Self.texts(element, path, into: &texts) }
        } else if let key = path.first {
            let name = key.hasSuffix("[]") ? String(key.dropLast(2)) : key
            if let below = value[name] { Self.texts(below, path.dropFirst(), into: &texts) }
        } else if let text = value.stringValue {
            texts.insert(text)
        }
    }

    private var tooMany: RecoveryError {
        RecoveryError(
            .refused,
            "the field '\(source.field)' of collection '\(collection)' has more than \(valueLimit) different values",
            hint: "Does it name the document a point was made from? Correct 'source_field' in the configuration."
        )
    }
}
