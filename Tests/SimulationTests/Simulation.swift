import Foundation
import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

/// One random sequence of operations, crashes, damage and jumps of the clock on a repository in memory, compared after each
/// step with a model of what must be restorable.
///
/// The same seed draws the same steps. What cannot be drawn again are nonces and hence the names of stored files, and how
/// tasks interleave; a failure that depends on these may need several replays.
final class Simulation {
    let seed: UInt64
    var generator: SeededGenerator
    let clock: SimulationClock
    let primary: SimulatedRepository
    let mirror: SimulatedRepository
    /// Whether every step is printed as it begins: how one that never ends is found.
    private static let traces = ProcessInfo.processInfo.environment["HOLDFAST_SIMULATION_TRACE"] != nil
    /// What was done, for the message of a failure.
    private(set) var history: [String] = []

    init(seed: UInt64) async throws {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
        clock = SimulationClock(seconds: 1_800_000_000)
        primary = try await SimulatedRepository(clock: clock)
        mirror = try await SimulatedRepository(clock: clock)
    }

    /// Runs `count` steps.
    func run(steps count: Int) async throws {
        defer { if Self.traces { print("seed \(seed): done") } }
        for _ in 0..<count {
            let step = Step.draw(using: &generator)
            history.append("\(step)")
            if Self.traces { print("seed \(seed): \(step)") }
            try await perform(step)
            try await judge(primary, "after \(step)")
            clock.move(by: Int64.random(in: 1...600, using: &generator))
        }
        history.append("finish")
        if Self.traces { print("seed \(seed): finish") }
        try await finish()
    }

    private func perform(_ step: Step) async throws {
        switch step {
        case .backup(let ending): try await backUp(ending)
        case .forget(let ending): try await forget(ending)
        case .prune(let grace, let ending): try await prune(grace: grace, ending)
        case .pruneDuringBackup(let grace): try await pruneDuringBackup(grace: grace)
        case .copy(let ending): try await copy(ending)
        case .damage: try await damage()
        case .loseIndex: try await loseIndex()
        case .jump(let seconds): clock.move(by: seconds)
        }
    }

    // MARK: Running an operation that may die

    /// Runs an operation through a store that dies as `ending` says.
    ///
    /// - Returns: whether it came to its end.
    func run(
        _ ending: Ending,
        on repository: SimulatedRepository,
        _ body: (Repository) async throws -> Void
    ) async throws -> Bool {
        let faulty = FaultyStore(repository.store, faults: ending.faults)
        // Of a dead process an operator, or the passing of time, removes the lock. It may have died of removing it.
        defer { if faulty.hasCrashed { repository.unlock() } }
        do {
            try await body(try await repository.open(faulty))
            return true
        } catch  where faulty.hasCrashed {
            return false
        }
    }

    // MARK: Judging

    /// Opens the repository afresh and compares all of it with the model.
    func judge(_ repository: SimulatedRepository, _ occasion: String) async throws {
        let indexed = try await repository.open().loadIndex()
        let listed = try await indexed.repository.snapshots()
        repository.model.settle(listed: Set(listed.map(\.record.hostname)))
        #expect(
            Set(listed.map(\.record.hostname)) == Set(repository.model.names)
                && listed.count == repository.model.names.count,
            "\(occasion): other snapshots are listed than there should be; \(self)"
        )
        for snapshot in listed {
            guard let expected = repository.model.snapshots[snapshot.record.hostname] else { continue }
            let found = try await SimulatedFiles.read(snapshot.record.tree, from: indexed)
            #expect(found == expected.files, "\(occasion): \(snapshot.record.hostname) has other content; \(self)")
        }
    }
}

extension Simulation: CustomStringConvertible {
    /// How to replay it.
    var description: String {
        "seed \(seed) (HOLDFAST_SIMULATION_SEED=\(seed) replays it), steps: \(history.joined(separator: ", "))"
    }
}
