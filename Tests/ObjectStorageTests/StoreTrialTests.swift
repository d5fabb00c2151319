import LocalStorage
import Locks
import NIOCore
import ObjectStorage
import TestSupport
import Testing

@Suite("A trial of a store's rights")
struct StoreTrialTests {
    @Test("finds that all is allowed, and leaves nothing", arguments: [StoreUnderTest.memory, .local])
    func everything(under: StoreUnderTest) async throws {
        try await under.with { store in
            let trial = try await StoreTrial(of: store, name: "a")
            for right in trial.rights { #expect(trial[right] == .allowed, "\(right)") }
            #expect(trial.rights == [.put, .get, .list, .overwrite, .delete])
            #expect(trial.leftover == nil)
            #expect(try await store.list(under: nil).isEmpty)
        }
    }

    @Test("finds what is refused, and names what it had to leave")
    func writer() async throws {
        // Adds and never replaces or removes.
        let base = MemoryStore()
        let store = FaultyStore(
            base,
            faults: [
                Fault(.fail(.permissionDenied), on: [.delete]),
                Fault(.fail(.permissionDenied), on: [.put], occurrences: 2...9),
            ]
        )
        let trial = try await StoreTrial(of: store, name: "a")
        #expect(trial[.put] == .allowed && trial[.get] == .allowed && trial[.list] == .allowed)
        #expect(trial[.overwrite] == .refused && trial[.delete] == .refused)
        #expect(trial.leftover?.path == "holdfast/doctor/a")
    }

    /// A clock that goes on only when somebody waits.
    private final class Waited: Sendable {
        let seconds = Mutex<Int64>(1000)
        var now: Int64 { seconds.withLock(\.self) }
        func sleep(_ duration: Duration) { seconds.withLock { $0 += duration.components.seconds } }
    }

    private func trial(
        _ change: (inout MemoryStore.Retention) -> Void = { _ in },
        faults: [Fault] = []
    ) async throws -> (StoreTrial, MemoryStore, seconds: Int64) {
        let clock = Waited()
        var retention = MemoryStore.Retention(length: .seconds(1_000_000)) { clock.now }
        change(&retention)
        let store = MemoryStore(retention: retention)
        let trial = try await StoreTrial(
            of: FaultyStore(store, faults: faults),
            name: "a",
            now: { clock.now },
            sleep: { clock.sleep($0) }
        )
        return (trial, store, clock.now - 1000)
    }

    @Test(
        "retains an object for seconds where the store retains, sees that this cannot be shortened, and removes it for good"
    )
    func retention() async throws {
        let (trial, store, seconds) = try await trial()
        #expect(trial.rights.count == 9)
        for right in trial.rights { #expect(trial[right] == (right == .shorten ? .refused : .allowed), "\(right)") }
        #expect(trial.leftover == nil && store.contents.isEmpty && store.removedObjects.isEmpty)
        #expect((1...20).contains(seconds))
    }

    @Test("waits for nothing that it may not remove, and names it")
    func retainedWriter() async throws {
        let (trial, store, seconds) = try await trial(faults: [Fault(.fail(.permissionDenied), on: [.delete])])
        #expect(trial[.retain] == .allowed && trial[.shorten] == .refused)
        #expect(trial[.versions] == .untried && trial[.erase] == .untried)
        #expect(trial.leftover?.path == "holdfast/doctor/a-retained" && seconds == 0)
        #expect(store.retained.values.allSatisfy { $0 < 1020 })
    }

    @Test("finds out who may not extend a retention, and who may not remove versions")
    func retainedRights() async throws {
        let (first, store, _) = try await trial { $0.mayExtend = false }
        #expect(first[.retain] == .refused && first[.shorten] == .untried && first[.erase] == .allowed)
        #expect(store.removedObjects.isEmpty)
        let (second, _, _) = try await trial { $0.mayErase = false }
        #expect(second[.retain] == .allowed && second[.versions] == .allowed && second[.erase] == .refused)
        #expect(second.leftover?.path == "holdfast/doctor/a-retained")
    }

    @Test("tries nothing on what could not be put, and lists all the same")
    func reader() async throws {
        let trial = try await StoreTrial(of: ReadOnlyStore(MemoryStore()), name: "a")
        #expect(trial[.put] == .refused && trial[.list] == .allowed)
        #expect(trial[.get] == .untried && trial[.overwrite] == .untried && trial[.delete] == .untried)
        #expect(trial.leftover == nil)
    }

    @Test("tells a store that breaks from one that refuses, and one that returns something else")
    func broken() async throws {
        let store = FaultyStore(
            MemoryStore(),
            faults: [Fault(.corruptRead(offset: 0, mask: 1), on: [.get]), .fail(.inputOutput, on: .list)]
        )
        let trial = try await StoreTrial(of: store, name: "a")
        guard case .failed(let read) = trial[.get], case .failed = trial[.list] else {
            Issue.record("\(trial.results)")
            return
        }
        #expect(read.contains("something else"))
        #expect(trial[.delete] == .allowed)
    }
}
