import Foundation
import ObjectStorage
import ResticRepository
import TestSupport
import Testing

/// Random histories of a repository against a model of what must be restorable.
///
/// - `HOLDFAST_SIMULATION_SEED=n` replays one seed, fifty times over, since not everything about a run can be drawn again.
/// - `HOLDFAST_SIMULATION_TRACE=1` prints every step as it begins.
/// - `HOLDFAST_SIMULATION_COUNT=n` runs so many, from a random first seed (`scripts/simulate`).
@Suite("A simulated history", .timeLimit(.minutes(20)))
struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// How many histories each of the parallel parts runs.
    private static let parts = 8

    private static var seeds: [UInt64] {
        if let seed = environment["HOLDFAST_SIMULATION_SEED"].flatMap(UInt64.init) {
            return Array(repeating: seed, count: 50)
        }
        let count = environment["HOLDFAST_SIMULATION_COUNT"].flatMap(Int.init)
        // Without being asked for more: always the same thousand, so that a change is what makes a difference.
        let first: UInt64 = count == nil ? 1 : .random(in: 0...(1 << 62))
        return (0..<UInt64(count ?? 1_000)).map { first + $0 }
    }

    @Test("loses nothing that must be restorable, whatever happens in which order", arguments: 0..<parts)
    func history(part: Int) async throws {
        for (number, seed) in Self.seeds.enumerated() where number % Self.parts == part {
            let simulation = try await Simulation(seed: seed)
            do {
                try await simulation.run(steps: 12)
            } catch {
                Issue.record("\(error); \(simulation)")
            }
        }
    }

    @Test("notices a pack that is lost", arguments: [UInt64(1), 2, 3])
    func noticesLoss(seed: UInt64) async throws {
        let simulation = try await Simulation(seed: seed)
        for _ in 0..<3 { try await simulation.backUp(.undisturbed) }
        let store = simulation.primary.store
        let victim = try #require(store.keysInOrder.first { $0.path.hasPrefix("data/") })
        store.replace(nil, at: victim)
        await #expect(throws: RepositoryError.self) { try await simulation.judge(simulation.primary, "after a loss") }
    }

    @Test("draws the same steps from the same seed")
    func sameSteps() {
        func steps(_ seed: UInt64) -> [String] {
            var generator = SeededGenerator(seed: seed)
            return (0..<50).map { _ in "\(Step.draw(using: &generator))" }
        }
        #expect(steps(7) == steps(7))
        #expect(steps(7) != steps(8))
    }
}
