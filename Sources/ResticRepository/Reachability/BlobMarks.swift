public import ResticFormat

/// One bit for every blob that an index held at one moment: a set of blobs that costs 1/8 byte a blob of the repository
/// rather than 32 bytes a member.
///
/// Made by ``IndexedRepository/makeMarks()``. Blobs that were added to the index later have no bit: marking them is refused.
public struct BlobMarks: Sendable {
    private var data: Bits
    private var trees: Bits
    private let index: BlobIndex

    init(index: BlobIndex) {
        self.index = index
        let counts = index.counts
        data = Bits(count: counts.data)
        trees = Bits(count: counts.trees)
    }

    /// How many blobs are marked, of both types.
    public var count: Int { data.setCount + trees.setCount }

    /// Makes room for the blobs that were added to the index since.
    mutating func extend() {
        let counts = index.counts
        data.extend(to: counts.data)
        trees.extend(to: counts.trees)
    }

    /// Whether the blob of that number is marked.
    func contains(_ number: Int, _ type: BlobType) -> Bool {
        type == .data ? data.contains(number) : trees.contains(number)
    }

    /// Marks a blob.
    ///
    /// - Returns: whether it is in the index and was not marked before; `nil` when it is not in the index.
    @discardableResult
    public mutating func insert(_ id: ResticID, _ type: BlobType) -> Bool? {
        guard let number = index.number(of: id, type) else { return nil }
        return type == .data ? data.insert(number) : trees.insert(number)
    }

    /// Whether a blob is marked.
    public func contains(_ id: ResticID, _ type: BlobType) -> Bool {
        guard let number = index.number(of: id, type) else { return false }
        return type == .data ? data.contains(number) : trees.contains(number)
    }

    /// The numbers of the marked blobs of a type, in ascending order; see ``BlobIndex/number(of:_:)``.
    func numbers(_ type: BlobType) -> [UInt32] {
        type == .data ? data.numbers : trees.numbers
    }

    /// A fixed number of bits.
    private struct Bits: Sendable {
        private var words: [UInt64]
        private var count: Int
        private(set) var setCount = 0

        init(count: Int) {
            self.count = count
            words = [UInt64](repeating: 0, count: (count + 63) / 64)
        }

        mutating func extend(to count: Int) {
            guard count > self.count else { return }
            self.count = count
            words.append(contentsOf: repeatElement(0, count: (count + 63) / 64 - words.count))
        }

        /// - Returns: whether the bit was clear; `nil` when there is none of that number.
        mutating func insert(_ number: Int) -> Bool? {
            guard number < count else { return nil }
            let bit = UInt64(1) << UInt64(number & 63)
            guard words[number >> 6] & bit == 0 else { return false }
            words[number >> 6] |= bit
            setCount += 1
            return true
        }

        var numbers: [UInt32] {
            var numbers: [UInt32] = []
            numbers.reserveCapacity(setCount)
            for (index, word) in words.enumerated() {
                var rest = word
                while rest != 0 {
                    numbers.append(UInt32(index * 64 + rest.trailingZeroBitCount))
                    rest &= rest - 1
                }
            }
            return numbers
        }

        func contains(_ number: Int) -> Bool {
            number < count && words[number >> 6] & (UInt64(1) << UInt64(number & 63)) != 0
        }
    }
}

extension IndexedRepository {
    /// An empty set of blobs of this repository.
    public func makeMarks() -> BlobMarks { BlobMarks(index: index) }
}
