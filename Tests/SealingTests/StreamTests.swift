import Locks
import NIOCore
import TestSupport
import Testing

import struct Synchronization.Atomic

@testable import Sealing

/// What a source throws that fails.
struct SourceFailure: Error {}

/// Counts what is asked of it, and may fail in the end.
struct CountedSource: AsyncSequence, Sendable {
    final class Counter: Sendable {
        let asked = Atomic(0)
    }

    let counter = Counter()
    let pieces: Int
    var size = 65_536
    var fails = false

    struct AsyncIterator: AsyncIteratorProtocol {
        let source: CountedSource
        var given = 0

        mutating func next() async throws -> ByteBuffer? {
            if given == source.pieces {
                if source.fails { throw SourceFailure() }
                return nil
            }
            given += 1
            source.counter.asked.add(1, ordering: .relaxed)
            return ByteBuffer(repeating: 1, count: source.size)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: self) }
}

@Suite("Sealing and opening a stream")
struct StreamTests {
    @Test("asks the source for no more than is read")
    func backPressure() async throws {
        let source = CountedSource(pieces: 1000)
        let recipient = try AgeIdentity().recipient
        try await Sealer(to: .age(.keys([recipient]))).withSealed(source) { sealed in
            var count = 0
            for try await _ in sealed {
                count += 1
                #expect(source.counter.asked.load(ordering: .relaxed) <= count + 2)
                if count == 10 { break }
            }
        }
        #expect(source.counter.asked.load(ordering: .relaxed) <= 12)
    }

    @Test("fails, and does not end, when the source fails")
    func failingSource() async throws {
        let recipient = try AgeIdentity().recipient
        let sealed = Mutex<[UInt8]>([])
        await #expect(throws: SourceFailure.self) {
            try await Sealer(to: .age(.keys([recipient]))).withSealed(CountedSource(pieces: 3, fails: true)) {
                for try await buffer in $0 { sealed.withLock { $0 += buffer.readableBytesView } }
            }
        }
        #expect(!sealed.withLock { $0.isEmpty })
    }

    @Test("ends when its task is cancelled")
    func cancellation() async throws {
        let recipient = try AgeIdentity().recipient
        let task = Task {
            try await Sealer(to: .age(.keys([recipient]))).withSealed(CountedSource(pieces: .max)) {
                for try await _ in $0 { await Task.yield() }
            }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("passes on what its reader throws")
    func failingReader() async throws {
        let recipient = try AgeIdentity().recipient
        await #expect(throws: SourceFailure.self) {
            try await Sealer(to: .age(.keys([recipient]))).withSealed(CountedSource(pieces: 3)) { _ in
                throw SourceFailure()
            }
        }
    }
}
