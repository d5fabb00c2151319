internal import Locks
internal import ResticFormat

/// Which parts of which packs go where: what a plan's files need, sorted by where it lies.
struct RestoreLayout: Sendable {
    /// Where a blob goes.
    struct Place: Sendable {
        /// The file's number in the plan.
        let file: Int
        /// Its first byte there.
        let offset: Int64
    }

    /// What has to be read, in the order in which it lies in the repository.
    let ranges: [PackRange]
    /// The files that are made before anything is read, in their order.
    let madeBeforehand: [Int]
    let progress: RestoreProgress
    private let places: [ResticID: [Place]]

    /// - Throws: ``RepositoryError/Code/missing`` for a blob that is in no index; ``RepositoryError/Code/damaged`` when a
    ///   file's blobs are not as long as its node says.
    init(_ plan: RestorePlan, in repository: IndexedRepository) throws {
        var places: [ResticID: [Place]] = [:]
        var parts: [PackRange.Part] = []
        var blobCounts = [Int](repeating: 0, count: plan.files.count)
        for (index, file) in plan.files.enumerated() where file.isWritten {
            var offset: Int64 = 0
            for part in try repository.locations(of: file.blobs) {
                if places[part.id, default: []].isEmpty { parts.append(part) }
                places[part.id, default: []].append(Place(file: index, offset: offset))
                offset += Int64(part.location.contentLength)
            }
            guard offset == Int64(clamping: file.node.size) else {
                throw RepositoryError(
                    .damaged,
                    "the blobs of \(file.path) hold \(offset) bytes, its node says \(file.node.size)"
                )
            }
            blobCounts[index] = file.blobs.count
        }
        ranges = PackRange.plan(parts)
        self.places = places
        let isSpread = Self.spreadFiles(ranges, places, count: plan.files.count)
        madeBeforehand = plan.files.indices.filter { plan.files[$0].isWritten && (isSpread[$0] || blobCounts[$0] == 0) }
        progress = RestoreProgress(blobCounts: blobCounts, made: madeBeforehand)
    }

    /// Where a blob is needed.
    func places(of id: ResticID) -> [Place] { places[id] ?? [] }

    /// - Returns: for each file whether its blobs lie in more than one range.
    private static func spreadFiles(_ ranges: [PackRange], _ places: [ResticID: [Place]], count: Int) -> [Bool] {
        var rangeOfFile = [Int](repeating: -1, count: count)
        var isSpread = [Bool](repeating: false, count: count)
        for (number, range) in ranges.enumerated() {
            for place in range.parts.lazy.flatMap({ places[$0.id] ?? [] }) {
                if rangeOfFile[place.file] == -1 { rangeOfFile[place.file] = number }
                if rangeOfFile[place.file] != number { isSpread[place.file] = true }
            }
        }
        return isSpread
    }
}

/// How far each file is, shared by the tasks that write.
final class RestoreProgress: Sendable {
    private struct State {
        var missingBlobs: [Int]
        var isMade: [Bool]
    }
    private let state: Mutex<State>

    init(blobCounts: [Int], made: [Int]) {
        var isMade = [Bool](repeating: false, count: blobCounts.count)
        for index in made { isMade[index] = true }
        state = Mutex(State(missingBlobs: blobCounts, isMade: isMade))
    }

    /// Whether nothing has to be written to the file any more.
    func isComplete(_ file: Int) -> Bool { state.withLock { $0.missingBlobs[file] == 0 } }

    /// One more blob of the file is written.
    ///
    /// - Returns: whether it was the last one.
    func finishBlob(of file: Int) -> Bool {
        state.withLock { state in
            state.missingBlobs[file] -= 1
            return state.missingBlobs[file] == 0
        }
    }

    /// Whether the file is on the disk already. From now on it is: who asks makes it.
    func isMade(_ file: Int) -> Bool {
        state.withLock { state in
            defer { state.isMade[file] = true }
            return state.isMade[file]
        }
    }
}
