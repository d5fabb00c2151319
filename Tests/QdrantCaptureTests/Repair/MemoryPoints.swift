import Locks
import TestSupport

@testable import QdrantCapture
@testable import QdrantClient

/// A collection in memory that answers as a server does, and writes down what it is asked.
final class MemoryPoints: PointTarget {
    /// A page that was read: from which id, how many points at most, and what came.
    struct Read: Sendable {
        var start: PointID?
        /// Which of all reads it was, of all collections that share a ``Turns``.
        var turn: Int
        var limit: Int
        var first: PointID?
        var last: PointID?
    }

    /// Counts the reads of several collections.
    final class Turns: Sendable {
        private let count = Mutex(0)
        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    private struct State {
        var points: [PointID: PointRecord] = [:]
        var reads: [Read] = []
        var written: [PointID] = []
        var running = 0
        var highestRunning = 0
    }

    private let state: Mutex<State>
    /// Called before points are read by id: what somebody else does at that moment.
    private let meddle: @Sendable (MemoryPoints) -> Void
    private let turns: Turns

    init(_ points: [PointRecord], turns: Turns = Turns(), meddle: @escaping @Sendable (MemoryPoints) -> Void = { _ in })
    {
        state = Mutex(State(points: Dictionary(points.map { ($0.id, $0) }) { first, _ in first }))
        self.meddle = meddle
        self.turns = turns
    }

    var points: [PointID: PointRecord] { state.withLock(\.points) }
    var reads: [Read] { state.withLock(\.reads) }
    /// The ids of all points that were written, in order, with repetitions.
    var written: [PointID] { state.withLock(\.written) }
    /// How many pages were read at the same time, at the most.
    var highestRunning: Int { state.withLock(\.highestRunning) }

    func change(_ id: PointID, to record: PointRecord?) {
        state.withLock { $0.points[id] = record }
    }

    func page(from start: PointID?, limit: Int, withContent: Bool, in shardKey: ShardKey?) async throws -> ScrollPage {
        state.withLock {
            $0.running += 1
            $0.highestRunning = max($0.highestRunning, $0.running)
        }
        await Task.yield()
        return state.withLock { state in
            state.running -= 1
            let ids = state.points.keys.filter { start == nil || $0 >= start! }.sorted()
            let page = ids.prefix(limit).map { id in
                withContent ? state.points[id]! : PointRecord(id: id)
            }
            state.reads.append(
                Read(start: start, turn: turns.next(), limit: limit, first: page.first?.id, last: page.last?.id)
            )
            return ScrollPage(records: page, nextOffset: ids.count > limit ? ids[limit] : nil)
        }
    }

    func records(_ ids: [PointID], in shardKey: ShardKey?) async throws -> [PointRecord] {
        meddle(self)
        return state.withLock { state in ids.reversed().compactMap { state.points[$0] } }
    }

    func borders(_ count: Int, in shardKey: ShardKey?) async throws -> [PointID] {
        let ids = points.keys.sorted()
        return (1...count).map { ids[$0 * ids.count / (count + 1)] }
    }

    func count(in shardKey: ShardKey?) async throws -> UInt64 { UInt64(points.count) }

    func write(_ points: [Point], _ mode: UpsertMode, in shardKey: ShardKey?) async throws {
        state.withLock { state in
            for point in points {
                let exists = state.points[point.id] != nil
                if mode == .insertOnly && exists || mode == .updateOnly && !exists { continue }
                state.written.append(point.id)
                state.points[point.id] = PointRecord(id: point.id, payload: point.payload, vectors: point.vectors)
            }
        }
    }
}

/// Random points of all kinds, by a seed.
struct RandomPoints {
    var generator: SeededGenerator
    /// The vectors of the collection: one without a name, or several named ones.
    let hasNames: Bool

    init(_ generator: SeededGenerator) {
        self.generator = generator
        hasNames = self.generator.next() % 3 > 0
    }

    mutating func id() -> PointID {
        switch generator.next() % 4 {
        case 0: .number(generator.next() % 2000)
        case 1: .number(generator.next())
        case 2: .uuid(UniqueID(high: generator.next() % 4, low: generator.next()))
        default: .uuid(UniqueID(high: generator.next(), low: generator.next()))
        }
    }

    mutating func points(_ count: Int) -> [PointRecord] {
        var ids: Set<PointID> = []
        while ids.count < count { ids.insert(id()) }
        return ids.sorted().map { point($0) }
    }

    mutating func point(_ id: PointID) -> PointRecord {
        PointRecord(id: id, payload: payload(), vectors: vectors())
    }

    private mutating func floats(_ count: Int) -> [Float] {
        (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
    }

    mutating func vectors() -> PointVectors {
        guard hasNames else { return .unnamed(.dense(floats(4))) }
        var vectors: [String: Vector] = [:]
        if generator.next() % 5 > 0 { vectors["dense"] = .dense(floats(4)) }
        if generator.next() % 3 > 0 { vectors["multi"] = .multi((0...(generator.next() % 3)).map { _ in floats(2) }) }
        if generator.next() % 3 > 0 {
            let indices = Set((0..<4).map { _ in UInt32(truncatingIfNeeded: generator.next()) }).sorted()
            vectors["sparse"] = .sparse(SparseVector(indices: indices, values: floats(indices.count)))
        }
        return .named(vectors)
    }

    mutating func payload() -> JSONObject {
        if generator.next() % 6 == 0 { return [:] }
        return [
            "n": .number(generator.next()), "x": .double(Double.random(in: -10...10, using: &generator)),
            "text": .string(["é", "e\u{301}", "", "東京"][Int(generator.next() % 4)]),
            "nested": ["a": [1, .null, true, .number(generator.next())]],
        ]
    }

    /// The point with one thing changed; never equal to what it was.
    mutating func altered(_ record: PointRecord) -> PointRecord {
        var changed = record
        switch generator.next() % 4 {
        case 0:
            changed.payload?["added"] = .null
        case 1:
            changed.payload?["n"] = .number(generator.next())
        case 2:
            switch changed.vectors {
            case .unnamed(.dense(var values))?:
                let index = Int(generator.next() % UInt64(values.count))
                values[index] = Float(bitPattern: values[index].bitPattern ^ 1)
                changed.vectors = .unnamed(.dense(values))
            case .named(var vectors)?:
                if let name = vectors.keys.sorted().first {
                    vectors[name] = nil
                } else {
                    vectors["dense"] = .dense([1, 2, 3, 4])
                }
                changed.vectors = .named(vectors)
            default: break
            }
        default:
            changed = point(record.id)
        }
        if changed == record { changed.payload?["added"] = 1 }
        return changed
    }
}
