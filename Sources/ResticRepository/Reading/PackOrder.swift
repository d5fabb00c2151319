internal import ResticFormat

/// Many blobs in the order in which they lie in their packs, as ranges to fetch: for reading a repository through.
///
/// Four bytes a blob, so that a million of them are no burden. Each range holds blobs of one type.
struct PackOrder: Sendable, Sequence, IteratorProtocol {
    private let index: BlobIndex
    private let data: [UInt32]
    private let trees: [UInt32]
    private var position = 0
    private var type = BlobType.data

    /// The marked blobs.
    init(_ marks: BlobMarks, in repository: IndexedRepository) {
        self.init(data: marks.numbers(.data), trees: marks.numbers(.tree), index: repository.index)
    }

    /// All blobs that have come into the index since it had so many.
    init(since counts: (data: Int, trees: Int), in repository: IndexedRepository) {
        let now = repository.index.counts
        self.init(
            data: Array(UInt32(counts.data)..<UInt32(now.data)),
            trees: Array(UInt32(counts.trees)..<UInt32(now.trees)),
            index: repository.index
        )
    }

    private init(data: [UInt32], trees: [UInt32], index: BlobIndex) {
        var (data, trees) = (data, trees)
        index.sortByPlace(&data, .data)
        index.sortByPlace(&trees, .tree)
        (self.data, self.trees, self.index) = (data, trees, index)
    }

    var blobCount: Int { data.count + trees.count }

    /// The length of all blobs as they are stored, in bytes.
    var storedByteCount: Int64 {
        var sum: Int64 = 0
        for number in data { sum += Int64(index.part(Int(number), .data).location.length) }
        for number in trees { sum += Int64(index.part(Int(number), .tree).location.length) }
        return sum
    }

    mutating func next() -> (type: BlobType, range: PackRange)? {
        if type == .data, position == data.count {
            type = .tree
            position = 0
        }
        let numbers = type == .data ? data : trees
        guard position < numbers.count else { return nil }
        let first = index.part(Int(numbers[position]), type)
        var range = PackRange(first.id, first.location)
        position += 1
        while position < numbers.count {
            let part = index.part(Int(numbers[position]), type)
            guard range.extend(part.id, part.location) else { break }
            position += 1
        }
        return (type, range)
    }
}
