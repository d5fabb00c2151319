import Locks
import NIOCore
import ObjectStorage
import TestSupport
import Testing

@testable import S3Storage

@Suite("The patience of an S3 store")
struct PatienceTests {
    /// Draws the shortest wait there is, always. (With 0 the standard library would draw again, for ever.)
    private struct Shortest: RandomNumberGenerator, Sendable {
        mutating func next() -> UInt64 { 1 }
    }

    @Test("outlasts a server that is away for a minute and a half, whatever waits are drawn")
    func leastPatience() async throws {
        #expect(S3Store.patience.leastPatience > .seconds(90))
        // The same by what is really slept.
        let clock = ManualClock()
        let faulty = FaultyStore(MemoryStore(), faults: [.fail(.unavailable, on: .byteCount, times: 1000)])
        let store = RetryingStore(faulty, policy: S3Store.patience, clock: clock, generator: Shortest())
        let key = try #require(ObjectKey("x"))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = try? await store.byteCount(of: key) }
            for _ in 1..<S3Store.patience.attemptLimit {
                await clock.sleepers(1)
                clock.advanceToNextSleeper()
            }
        }
        #expect(clock.requestedSleeps.reduce(.zero, +) == S3Store.patience.leastPatience)
    }

    @Test("does not wait for ever: whoever mistypes a host is told in less than four minutes")
    func mostPatience() {
        #expect(S3Store.patience.leastPatience * 2 < .seconds(240))
    }
}
