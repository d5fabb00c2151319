import LocalStorage
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
            for right in StoreTrial.Right.allCases { #expect(trial[right] == .allowed, "\(right)") }
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
