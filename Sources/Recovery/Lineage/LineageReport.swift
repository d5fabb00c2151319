/// Which documents have points, which have none, and which points have no document.
public struct LineageReport: Sendable, Hashable, Codable {
    /// The longest list in a manifest; the whole ones are in a file of their own.
    public static let listLimit = 1000

    /// A document or a source, and its points.
    public struct Entry: Sendable, Hashable, Codable {
        /// The document's path in its folder, or the payload value that stands for no document.
        public var name: String
        /// How many points name it.
        public var points: UInt64

        /// Makes an entry.
        public init(_ name: String, points: UInt64) {
            self.name = name
            self.points = points
        }
    }

    /// A list and how long it really is.
    public struct List: Sendable, Hashable, Codable {
        /// How many entries there are.
        public var total: Int
        /// The first ones, by name.
        public var entries: [Entry]
    }

    /// The entry of `documents` that was compared with.
    public var documents: String
    /// The payload field that names the document.
    public var field: String
    /// Documents that at least one point names.
    public var withPoints: List
    /// Documents that no point names.
    public var withoutPoints: List
    /// Payload values that stand for no document there is.
    public var withoutDocument: List
    /// Points whose value stands for no document.
    public var pointsWithoutDocument: UInt64
    /// Points without the field, or with something else than text in it: nobody can tell what they were made from.
    public var unknownPoints: UInt64
    /// `true` when points were written while the collection was captured: the lists are then of a moment close to the capture's, and what is
    /// restored may differ from them.
    public var changedMeanwhile: Bool?

    /// Whether every document has points, and every point a document.
    public var isComplete: Bool {
        withoutPoints.total == 0 && withoutDocument.total == 0 && unknownPoints == 0
    }

    /// Compares what the points name with the documents there are.
    ///
    /// - Parameter paths: the files of the documents folder, relative to it. Paths and values are compared as Unicode text:
    ///   how an accent is composed makes no difference.
    public init(_ source: LineageSource, _ found: LineageSources, paths: Set<String>) {
        var points: [String: UInt64] = [:]
        var orphans: [Entry] = []
        for (value, count) in found.pointsByValue {
            if let path = source.path(of: value), paths.contains(path) {
                points[path, default: 0] += count
            } else {
                orphans.append(Entry(value, points: count))
            }
        }
        documents = source.documents
        field = source.field
        withPoints = List(points.map { Entry($0.key, points: $0.value) })
        withoutPoints = List(paths.lazy.filter { points[$0] == nil }.map { Entry($0, points: 0) })
        withoutDocument = List(orphans)
        pointsWithoutDocument = orphans.reduce(0) { $0 &+ $1.points }
        unknownPoints = found.unknownPoints
    }

    /// The same with lists that fit a manifest.
    public var bounded: LineageReport {
        var copy = self
        for list in [\LineageReport.withPoints, \.withoutPoints, \.withoutDocument] {
            copy[keyPath: list].entries = Array(copy[keyPath: list].entries.prefix(Self.listLimit))
        }
        return copy
    }

    /// Where the whole lists of a collection lie in the manifest's snapshot.
    public static func path(of collection: String) -> String { "holdfast/lineage/\(collection).json" }
}

extension LineageReport.List {
    fileprivate init(_ entries: [LineageReport.Entry]) {
        self.init(total: entries.count, entries: entries.sorted { $0.name < $1.name })
    }
}
