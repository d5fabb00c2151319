/// The first of a list and how many there are in all: what a report shows of something that may be endless.
public struct BoundedList<Element: Sendable & Hashable>: Sendable, Hashable {
    /// The most that is kept.
    public static var limit: Int { 50 }

    /// The first, in the order in which they were found; ``limit`` at most.
    public private(set) var items: [Element] = []
    /// How many there are in all.
    public private(set) var count = 0

    /// Makes an empty list.
    public init() {}

    /// Adds one; it is counted always and kept while there is room.
    public mutating func append(_ element: Element) {
        count += 1
        if items.count < Self.limit { items.append(element) }
    }

    /// How many are counted and not kept.
    public var rest: Int { count - items.count }
    /// Whether there is none.
    public var isEmpty: Bool { count == 0 }
}
