import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

/// A repository in a store that retains what is written for 30 days, under a clock that stands still.
struct RetainingFixture {
    static let days: Int64 = 30
    static let length = days * 86_400

    let store: MemoryStore
    let prunes: PruneFixture

    static func make(_ change: (inout MemoryStore.Retention) -> Void = { _ in }) async throws -> RetainingFixture {
        let clock = PruneClock()
        var retention = MemoryStore.Retention(length: .seconds(length)) { clock.now.seconds }
        change(&retention)
        let store = MemoryStore(retention: retention)
        _ = try await Repository.create(in: store, password: password, createdAt: clock.now, scrypt: cheapScrypt)
        return RetainingFixture(store: store, prunes: PruneFixture(store, clock: clock))
    }

    var now: Int64 { prunes.clock.now.seconds }

    func extend() async throws -> RetentionReport {
        try #require(try await RetentionRun(try await prunes.open(), clock: prunes.clock).extendWhenDue())
    }

    /// The keys of everything that a repository needs while no pack is marked.
    var neededKeys: [ObjectKey] {
        store.keysInOrder.filter { key in
            key == FileKind.config
                || [FileKind.key, .index, .snapshot, .pack].contains { key.path.hasPrefix("\($0.rawValue)/") }
        }
    }
}
