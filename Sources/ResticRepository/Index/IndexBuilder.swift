internal import Locks
internal import ResticFormat

/// Collects the packs of a run and says when there are enough of them for an index file.
final class IndexBuilder: Sendable {
    /// restic closes an index file at this number of blobs.
    static let maximumBlobs = 50_000
    /// Packs after which an index is written even so: a run that dies loses at most 1 GiB of finished work.
    static let maximumPacks = 64

    private struct State {
        var packs: [IndexPack] = []
        var blobCount = 0
    }
    private let state = Mutex(State())
    private let maximumPacks: Int

    init(maximumPacks: Int = IndexBuilder.maximumPacks) {
        self.maximumPacks = maximumPacks
    }

    /// Adds a stored pack.
    ///
    /// - Returns: the packs of an index file that is due now.
    func add(_ pack: IndexPack) -> [IndexPack]? {
        state.withLock { state in
            state.packs.append(pack)
            state.blobCount += pack.blobs.count
            guard state.blobCount >= Self.maximumBlobs || state.packs.count >= maximumPacks else { return nil }
            return Self.take(&state)
        }
    }

    /// Takes what is left.
    func takeRest() -> [IndexPack]? {
        state.withLock { $0.packs.isEmpty ? nil : Self.take(&$0) }
    }

    private static func take(_ state: inout State) -> [IndexPack] {
        defer { state = State() }
        return state.packs
    }
}
