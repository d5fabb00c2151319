import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport

@testable import ResticCrypto
@testable import ResticRepository

/// A repository of the simulation: a store in memory, what must be in it, and the clock.
final class SimulatedRepository {
    let store: MemoryStore
    let clock: SimulationClock
    var model = SimulationModel()
    /// Whether a store's listing, a crash or a lock left something that only the next prune or check may remark upon.
    private let options: Repository.Options

    static let password = Array("simulated".utf8)

    init(clock: SimulationClock, processID: Int32 = 1, chunkerPolynomial: UInt64 = 0x3D_A335_8B4D_C173) async throws {
        self.clock = clock
        store = MemoryStore()
        var options = Repository.Options()
        // Another machine's name: nobody asks whether the process is alive, only the time of a lock counts.
        options.host = Host(name: "simulated", userName: "me", userID: 1, groupID: 1, processID: processID)
        self.options = options
        _ = try await Repository.create(
            in: store,
            password: Self.password,
            createdAt: clock.now,
            scrypt: ScryptParameters(n: 2, r: 1, p: 1),
            chunkerPolynomial: chunkerPolynomial,
            options: options
        )
    }

    /// Opens the repository through a store that may fail.
    func open(_ store: (any ObjectStore)? = nil) async throws -> Repository {
        try await Repository.open(in: store ?? self.store, password: Self.password, options: options)
    }

    static var writeOptions: IndexedRepository.WriteOptions {
        var options = IndexedRepository.WriteOptions()
        options.chunks = .custom(minimum: 64, normal: 1024, maximum: 4096)
        options.workers = 1
        options.uploaders = 1
        return options
    }

    /// Backs up `files` as a snapshot whose host is `name`.
    func backUp(_ files: SimulatedFiles, as name: String, in repository: Repository) async throws {
        let clock = clock
        try await repository.withLock(.shared, clock: clock) {
            let indexed = try await repository.loadIndex()
            let (tree, _) = try await indexed.write(Self.writeOptions) { try await files.store(into: $0) }
            let record = SnapshotRecord(time: clock.now, tree: tree, paths: ["/simulated"], hostname: name)
            _ = try await repository.save(record)
        }
    }

    /// Removes what dead processes have left: their locks, as an operator would.
    func unlock() {
        for key in store.keysInOrder where key.path.hasPrefix("locks/") { store.replace(nil, at: key) }
    }
}
