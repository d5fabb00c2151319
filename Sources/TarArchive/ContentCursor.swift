/// Where in the content of a member the parser is.
struct ContentCursor: Sendable {
    enum Step {
        /// So many bytes of data, at least one.
        case data(Int)
        /// So many bytes of a hole, at least one.
        case hole(Int64)
        case end
    }

    private let size: Int64
    private let extents: [SparseMap.Extent]
    /// Bytes of data in the archive.
    let storedSize: Int64
    private var nextExtent = 0
    private var position: Int64 = 0
    private var dataLeft: Int64 = 0
    /// Bytes of data so far.
    private(set) var dataTaken: Int64 = 0

    /// Nothing.
    init() {
        size = 0
        extents = []
        storedSize = 0
    }

    init(_ member: TarMember) {
        size = member.size
        extents = member.extents
        storedSize = member.dataSize
        enterExtent()
    }

    /// Whether nothing can be said without another byte.
    var needsInput: Bool { dataLeft > 0 }

    /// Takes one step, through data of at most `available` bytes. Precondition: `available > 0` if ``needsInput``.
    mutating func next(available: Int) -> Step {
        if dataLeft > 0 { return .data(Int(takeData(atMost: Int64(available)))) }
        let end = nextExtent < extents.count ? extents[nextExtent].offset : size
        guard end > position else { return .end }
        defer { position = end; enterExtent() }
        return .hole(end - position)
    }

    /// Takes data; 0 when a hole or the end is next.
    mutating func takeData(atMost limit: Int64) -> Int64 {
        let count = min(limit, dataLeft)
        dataLeft -= count
        dataTaken += count
        position += count
        if dataLeft == 0 { enterExtent() }
        return count
    }

    private mutating func enterExtent() {
        guard nextExtent < extents.count, extents[nextExtent].offset == position else { return }
        dataLeft = extents[nextExtent].length
        nextExtent += 1
    }
}
