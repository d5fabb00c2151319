internal import Chunking
internal import NIOCore
internal import ResticFormat

/// Writes the content of a plan's files, pack by pack: each range of a pack is read once, whoever needs its blobs.
struct RestoreWriter: Sendable {
    private struct Place {
        let file: Int
        let offset: Int64
    }

    private let plan: RestorePlan
    private let repository: IndexedRepository
    private let progress: @Sendable (Int64) -> Void

    init(plan: RestorePlan, repository: IndexedRepository, progress: @escaping @Sendable (Int64) -> Void) {
        self.plan = plan
        self.repository = repository
        self.progress = progress
    }

    /// Writes every file under its temporary name.
    func writeContent() async throws {
        try await makeFiles()
        try await writeBlobs()
    }

    /// Whether this run writes the file's content (and not another name of it).
    private func isWritten(_ file: RestorePlan.File) -> Bool { !file.isPresent && file.linkedTo == nil }

    /// Makes every file at its full length, empty of data: what is not written stays a hole.
    private func makeFiles() async throws {
        let plan = plan
        try await blocking {
            for index in plan.files.indices where isWritten(plan.files[index]) {
                try RestoreTarget.makeFile(at: plan.temporaryPath(of: index), size: plan.files[index].node.size)
            }
        }
    }

    private func writeBlobs() async throws {
        let places = try planPlaces()
        let ranges = PackRange.plan(try repository.locations(of: places.keys))
        let width = CPUCount.available + 1
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for range in ranges {
                if running >= width {
                    try await group.next()
                    running -= 1
                }
                group.addTask { try await write(range, to: places) }
                running += 1
            }
            try await group.waitForAll()
        }
    }

    private func planPlaces() throws -> [ResticID: [Place]] {
        var places: [ResticID: [Place]] = [:]
        for (index, file) in plan.files.enumerated() where isWritten(file) {
            var offset: Int64 = 0
            for (id, length) in zip(file.blobs, try repository.contentLengths(of: file.blobs)) {
                places[id, default: []].append(Place(file: index, offset: offset))
                offset += Int64(length)
            }
            guard offset == Int64(clamping: file.node.size) else {
                throw RepositoryError(
                    .damaged,
                    "the blobs of \(file.path) hold \(offset) bytes, its node says \(file.node.size)"
                )
            }
        }
        return places
    }

    private func write(_ range: PackRange, to places: [ResticID: [Place]]) async throws {
        var contents: [(ResticID, ByteBuffer)] = []
        try await repository.forEachBlob(in: range) { id, content in contents.append((id, content)) }
        let opened = contents
        let plan = plan
        try await blocking {
            for (id, content) in opened {
                let isZero = content.withUnsafeReadableBytes { ZeroScan.isZero($0) }
                for place in places[id] ?? [] {
                    if !isZero {
                        try RestoreTarget.write(content, to: plan.temporaryPath(of: place.file), at: place.offset)
                    }
                    progress(Int64(content.readableBytes))
                }
            }
        }
    }

    /// Removes what a failed restore left under temporary names; those that have their own name already stay.
    func removeTemporaries() async {
        await shielded {
            // A thread pool that is shut down is the end of the process.
            try? await blocking {
                for index in plan.files.indices where isWritten(plan.files[index]) {
                    RestoreTarget.remove(plan.temporaryPath(of: index))
                }
            }
        }
    }
}
