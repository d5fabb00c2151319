import Locks
import TestSupport
import Testing

@Suite("A manual clock", .timeLimit(.minutes(1)))
struct ManualClockTests {
    @Test("wakes sleepers in the order of their deadlines, and only those that are due")
    func order() async throws {
        let clock = ManualClock()
        let (woken, report) = AsyncStream<Int>.makeStream()
        await withTaskGroup(of: Void.self) { group in
            for (count, seconds) in [3, 1, 2, 9].enumerated() {
                group.addTask {
                    try? await clock.sleep(for: .seconds(seconds))
                    report.yield(seconds)
                }
                await clock.sleepers(count + 1)
            }
            var sequence = woken.makeAsyncIterator()
            for expected in [1, 2, 3] {
                clock.advance(by: .milliseconds(999))
                clock.advance(by: .milliseconds(1))
                #expect(await sequence.next() == expected)
            }
            #expect(clock.now.offset == .seconds(3))
            clock.advanceToNextSleeper()
            #expect(await sequence.next() == 9)
        }
        #expect(clock.now.offset == .seconds(9))
        #expect(clock.requestedSleeps == [3, 1, 2, 9].map { .seconds($0) })
    }

    @Test("does not sleep until a moment that has passed")
    func past() async throws {
        let clock = ManualClock()
        clock.advance(by: .seconds(5))
        try await clock.sleep(until: ManualClock.Instant(offset: .seconds(5)))
        try await clock.sleep(for: .zero)
    }

    @Test("wakes a cancelled sleeper at once, whether it slept already or not", arguments: [true, false])
    func cancelled(sleepsFirst: Bool) async throws {
        let clock = ManualClock()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) { try await clock.sleep(for: .seconds(1)) }
            }
            if sleepsFirst { await clock.sleepers(1) }
            group.cancelAll()
        }
        clock.advanceToNextSleeper()
        #expect(clock.now.offset == .zero)
    }
}
