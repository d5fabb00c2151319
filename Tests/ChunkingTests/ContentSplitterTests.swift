import TestSupport
import Testing

@testable import Chunking

private func makeTable(seed: UInt64) -> GearTable {
    var generator = SeededGenerator(seed: seed)
    return GearTable(words: (0..<256).map { _ in generator.next() })
}

private let small = ChunkParameters(minimum: 2048, normal: 8192, maximum: 32768)

/// What a splitter gave: the content of chunks, and lengths of runs of zeros.
private enum Piece: Equatable {
    case chunk([UInt8])
    case zeros(Int)

    var bytes: [UInt8] {
        switch self {
        case .chunk(let bytes): bytes
        case .zeros(let count): [UInt8](repeating: 0, count: count)
        }
    }
}

private struct CollectingSink: ChunkSink {
    var pieces: [Piece] = []
    private var current: ChunkBuffer
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        current = ChunkBuffer(capacity: capacity)
    }

    mutating func room() async throws -> ChunkBuffer { current }

    mutating func cut(at count: Int) async throws -> ChunkBuffer {
        let next = ChunkBuffer(capacity: capacity)
        next.append(UnsafeRawBufferPointer(rebasing: current.bytes[count...]))
        current.truncate(to: count)
        pieces.append(.chunk(Array(current.bytes)))
        current = next
        return next
    }

    mutating func zeros(_ count: Int) async throws { pieces.append(.zeros(count)) }
}

/// How content is handed to the splitter.
private enum Delivery: CaseIterable {
    case whole, bytewiseBlocks, random, holes
}

private func split(
    _ content: [UInt8],
    _ delivery: Delivery = .whole,
    parameters: ChunkParameters = small,
    table: GearTable,
    generator: inout SeededGenerator
) async throws -> [Piece] {
    var splitter = ContentSplitter<CollectingSink>(parameters: parameters, table: table)
    var sink = CollectingSink(capacity: parameters.maximum)
    var offset = 0
    while offset < content.count {
        let left = content.count - offset
        let step: Int =
            switch delivery {
            case .whole: left
            case .bytewiseBlocks: min(left, 1000)
            case .random, .holes: min(left, Int.random(in: 1...20_000, using: &generator))
            }
        let piece = Array(content[offset..<(offset + step)])
        if delivery == .holes, piece.allSatisfy({ $0 == 0 }) {
            try await splitter.feedZeros(Int64(step), sink: &sink)
        } else {
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: step, alignment: 1)
            defer { copy.deallocate() }
            copy.copyBytes(from: piece)
            try await splitter.feed(UnsafeRawBufferPointer(copy), sink: &sink)
        }
        offset += step
    }
    try await splitter.finish(sink: &sink)
    return sink.pieces
}

/// Random content with stretches of zeros of every interesting length.
private func makeContent(_ generator: inout SeededGenerator) -> [UInt8] {
    var content: [UInt8] = []
    for _ in 0..<Int.random(in: 1...8, using: &generator) {
        if Bool.random(using: &generator) {
            content += (0..<Int.random(in: 0...60_000, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
        } else {
            let lengths = [1, 511, 4095, 4096, 4097, 65_535, 65_536, 65_537, 70_000, 131_072, 200_000]
            content += [UInt8](repeating: 0, count: lengths.randomElement(using: &generator) ?? 0)
        }
    }
    return content
}

@Suite("Splitting content")
struct ContentSplitterTests {
    @Test("gives back the content, however it arrives, and always the same pieces", arguments: UInt64(0)..<40)
    func independentOfDelivery(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let table = makeTable(seed: 7)
        let content = makeContent(&generator)
        let reference = try await split(content, table: table, generator: &generator)
        #expect(reference.flatMap(\.bytes) == content, "seed \(seed)")
        for delivery in Delivery.allCases {
            let pieces = try await split(content, delivery, table: table, generator: &generator)
            #expect(pieces == reference, "seed \(seed), \(delivery)")
        }
    }

    @Test("keeps every chunk within its bounds", arguments: UInt64(0)..<10)
    func bounds(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let content = (0..<600_000).map { _ in UInt8.random(in: 1...255, using: &generator) }
        let pieces = try await split(content, table: makeTable(seed: seed), generator: &generator)
        for piece in pieces.dropLast() {
            #expect((small.minimum...small.maximum).contains(piece.bytes.count), "seed \(seed)")
        }
        let mean = content.count / pieces.count
        #expect((small.normal / 2...small.normal * 2).contains(mean), "the mean chunk is \(mean) bytes, seed \(seed)")
    }

    @Test("cuts at the same content after an insertion near the start")
    func resynchronises() async throws {
        var generator = SeededGenerator(seed: 3)
        let table = makeTable(seed: 1)
        let content = (0..<400_000).map { _ in UInt8.random(in: 1...255, using: &generator) }
        let changed = Array(content[..<5000]) + [1, 2, 3] + Array(content[5000...])
        let before = Set(try await split(content, table: table, generator: &generator).map(\.bytes))
        let after = try await split(changed, table: table, generator: &generator)
        let new = after.filter { !before.contains($0.bytes) }
        #expect(new.count <= 3, "\(new.count) of \(after.count) chunks are new")
    }

    @Test("cuts elsewhere with another table")
    func tableMatters() async throws {
        var generator = SeededGenerator(seed: 4)
        let content = (0..<400_000).map { _ in UInt8.random(in: 1...255, using: &generator) }
        let one = try await split(content, table: makeTable(seed: 1), generator: &generator).map(\.bytes.count)
        let other = try await split(content, table: makeTable(seed: 2), generator: &generator).map(\.bytes.count)
        #expect(one != other)
    }

    @Test("keeps a run of zeros apart from 64 KiB on, and not below", arguments: [(65_535, false), (65_536, true)])
    func zeroThreshold(length: Int, isApart: Bool) async throws {
        var generator = SeededGenerator(seed: 5)
        let content = [UInt8](repeating: 7, count: 4096) + [UInt8](repeating: 0, count: length) + [9]
        let pieces = try await split(content, table: makeTable(seed: 1), generator: &generator)
        #expect(pieces.contains { if case .zeros = $0 { true } else { false } } == isApart)
    }

    @Test("hands out a hole of any size without holding it", arguments: [1_048_576, 4_294_979_641] as [Int64])
    func hugeHole(length: Int64) async throws {
        var splitter = ContentSplitter<CountingSink>(parameters: small, table: makeTable(seed: 1))
        var sink = CountingSink()
        try await splitter.feedZeros(length, sink: &sink)
        try await splitter.finish(sink: &sink)
        #expect(sink.total == length)
    }

    @Test("gives nothing for an empty file")
    func empty() async throws {
        var generator = SeededGenerator(seed: 6)
        #expect(try await split([], table: makeTable(seed: 1), generator: &generator).isEmpty)
    }
}

private struct CountingSink: ChunkSink {
    var total: Int64 = 0
    private let buffer = ChunkBuffer(capacity: small.maximum)
    mutating func room() async throws -> ChunkBuffer { buffer }
    mutating func cut(at count: Int) async throws -> ChunkBuffer {
        total += Int64(count)
        buffer.truncate(to: 0)
        return buffer
    }
    mutating func zeros(_ count: Int) async throws { total += Int64(count) }
}
