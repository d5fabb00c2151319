internal import Locks
internal import ResticFormat

/// The blobs that the repository is known to hold, and those that are on their way into it.
///
/// Data and tree blobs are two namespaces: the same bytes may be stored once as each (restic `doc/design.rst`, *Pack Format*).
final class BlobIndex: Sendable {
    private struct State {
        var data = BlobTable()
        var trees = BlobTable()
        var claimedData: Set<ResticID> = []
        var claimedTrees: Set<ResticID> = []
    }
    private let state = Mutex(State())

    /// How many blobs are stored, of both types.
    var count: Int { state.withLock { $0.data.count + $0.trees.count } }

    /// How many blobs are stored, by type.
    var counts: (data: Int, trees: Int) { state.withLock { ($0.data.count, $0.trees.count) } }

    /// The place of a blob among those of its type, from 0, in the order in which they were inserted; never changes.
    func number(of id: ResticID, _ type: BlobType) -> Int? {
        state.withLock { type == .data ? $0.data.number(of: id) : $0.trees.number(of: id) }
    }

    func insert(_ blobs: some Sequence<PackedBlob>, pack: ResticID) {
        state.withLock { state in
            for blob in blobs {
                switch blob.type {
                case .data:
                    state.data.insert(blob, pack: pack)
                    state.claimedData.remove(blob.id)
                case .tree:
                    state.trees.insert(blob, pack: pack)
                    state.claimedTrees.remove(blob.id)
                }
            }
        }
    }

    /// The blob of a number, and where it lies.
    func part(_ number: Int, _ type: BlobType) -> PackRange.Part {
        state.withLock { type == .data ? $0.data.part(number) : $0.trees.part(number) }
    }

    /// Sorts numbers of blobs by where the blobs lie: pack by pack, each from its start.
    func sortByPlace(_ numbers: inout [UInt32], _ type: BlobType) {
        state.withLock { state in
            let table = type == .data ? state.data : state.trees
            numbers.sort { table.place(Int($0)) < table.place(Int($1)) }
        }
    }

    /// Makes room for so many data blobs: most of a repository are.
    func reserve(_ blobCount: Int) {
        state.withLock { $0.data.reserve(blobCount) }
    }

    /// Takes in a whole index file, before anything is written: claims are not looked at.
    func insert(_ file: CompactIndex) {
        state.withLock { state in
            var numbers: (data: UInt32, trees: UInt32)?
            var pack = ResticID.zero
            file.forEach(
                pack: {
                    pack = $0
                    numbers = nil
                },
                blob: { blob in
                    let known = numbers ?? (state.data.number(ofPack: pack), state.trees.number(ofPack: pack))
                    numbers = known
                    switch blob.type {
                    case .data: state.data.insert(blob, packNumber: known.data)
                    case .tree: state.trees.insert(blob, packNumber: known.trees)
                    }
                }
            )
        }
    }

    func location(of id: ResticID, _ type: BlobType) -> BlobLocation? {
        state.withLock { type == .data ? $0.data[id] : $0.trees[id] }
    }

    func contains(_ id: ResticID, _ type: BlobType) -> Bool {
        state.withLock { type == .data ? $0.data.contains(id) : $0.trees.contains(id) }
    }

    /// Whether a blob is stored so that new snapshots may rely on it: what need not be copied.
    func isSettled(_ id: ResticID, _ type: BlobType) -> Bool {
        state.withLock { type == .data ? $0.data.isReliable(id) : $0.trees.isReliable(id) }
    }

    /// Whether every one of `ids` is stored as data, in packs that stay.
    func containsAll(_ ids: [ResticID]) -> Bool {
        state.withLock { state in ids.allSatisfy { state.data.isReliable($0) } }
    }

    /// Says which packs are going to be removed (their marks, decision 0010): what lies only there is read, but stored again by
    /// whoever needs it. To be called before blobs are added.
    func condemn(_ packs: some Sequence<ResticID>) {
        state.withLock { state in
            for pack in packs {
                state.data.condemn(pack)
                state.trees.condemn(pack)
            }
        }
    }

    /// Asks for the right to store a blob.
    ///
    /// - Returns: `false` when it is stored in a pack that stays, or when somebody else is storing it.
    func claim(_ id: ResticID, _ type: BlobType) -> Bool {
        state.withLock { state in
            switch type {
            case .data: !state.data.isReliable(id) && state.claimedData.insert(id).inserted
            case .tree: !state.trees.isReliable(id) && state.claimedTrees.insert(id).inserted
            }
        }
    }

    /// Forgets claims whose blobs never arrived: after a run that failed.
    func dropClaims() {
        state.withLock { state in
            state.claimedData = []
            state.claimedTrees = []
        }
    }

    /// Looks at the tables themselves, further places in order; nothing else may use the index meanwhile.
    func withTables<Value>(_ body: (_ data: BlobTable, _ trees: BlobTable) throws -> Value) rethrows -> Value {
        try state.withLock { state in
            state.data.sortCopies()
            state.trees.sortCopies()
            return try body(state.data, state.trees)
        }
    }

    /// Calls `body` with every blob; nothing else may use the index meanwhile.
    func forEach(_ body: (BlobType, ResticID, BlobLocation) throws -> Void) rethrows {
        try state.withLock { state in
            try state.data.forEach { try body(.data, $0, $1) }
            try state.trees.forEach { try body(.tree, $0, $1) }
        }
    }
}
