internal import struct Synchronization.Atomic

/// Hands the elements of an array out to several tasks, each element once, in order.
final class SharedIterator<Element: Sendable>: Sendable {
    private let elements: [Element]
    private let position = Atomic(0)

    init(_ elements: [Element]) {
        self.elements = elements
    }

    /// The next element that nobody has taken, or `nil` when there is none left.
    func next() -> Element? {
        let place = position.wrappingAdd(1, ordering: .relaxed).oldValue
        return place < elements.count ? elements[place] : nil
    }
}
