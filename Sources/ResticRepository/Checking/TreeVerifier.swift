internal import ObjectStorage
public import ResticFormat

/// Something that is wrong with stored data, and which files it hits.
public struct VerificationProblem: Sendable, Hashable, Codable {
    /// What is wrong, naming the object.
    public let message: String
    /// The files and folders that cannot be restored because of it; paths below the tree.
    public let paths: [String]
}

/// What a verification looked at and found.
public struct VerificationReport: Sendable, Hashable {
    /// Regular files.
    public var files = 0
    /// Folders.
    public var directories = 0
    /// Links and the like.
    public var otherItems = 0
    /// The length of all files, in bytes.
    public var totalBytes: Int64 = 0
    /// Different blobs that the trees refer to.
    public var blobs = 0
    /// Blobs that were read, decrypted, decompressed and hashed.
    public var blobsRead = 0
    /// Bytes read from packs for that.
    public var bytesRead: Int64 = 0
    /// The packs that hold those blobs and are there, with their lengths in bytes.
    public var packs: [ResticID: Int64] = [:]
    /// What is wrong; empty when everything is restorable.
    public var problems: [VerificationProblem] = []

    /// Makes an empty report.
    public init() {}
}

/// Proves that stored trees can be restored, without writing anything.
public struct TreeVerifier: Sendable {
    /// How far to look.
    public enum Depth: Sendable, Hashable {
        /// Every tree is read; every blob is in the index and its pack is there and long enough.
        case structure
        /// Besides, every blob is read, decrypted, decompressed and hashed.
        case content
    }

    /// How far to look.
    public var depth: Depth
    /// Called with how many bytes are going to be read, once that is known.
    public var onPlan: @Sendable (Int64) -> Void = { _ in }
    /// Called with bytes as they are read.
    public var onRead: @Sendable (Int64) -> Void = { _ in }
    /// Data blobs that are known to be damaged, and why: they count as read, and the files that they hit are named.
    public var knownDamage: [ResticID: String] = [:]

    /// Makes a verifier.
    public init(depth: Depth) {
        self.depth = depth
    }

    /// Verifies a tree and all below it. Goes on after each problem, so that one bad pack does not hide the others.
    public func verify(_ tree: ResticID, in repository: IndexedRepository) async throws -> VerificationReport {
        var state = State()
        try await collect(tree, path: "", in: repository, into: &state)
        state.report.blobs = state.blobs.count
        var bad = try await checkPacks(of: state.blobs, in: repository, into: &state.report)
        bad.merge(knownDamage.filter { state.blobs[$0.key] != nil }) { first, _ in first }
        if depth == .content { bad.merge(try await read(&state, except: bad, in: repository)) { first, _ in first } }
        guard !bad.isEmpty else { return state.report }
        var paths: [ResticID: [String]] = [:]
        try await find(bad, in: tree, path: "", repository: repository, into: &paths)
        for (id, message) in bad.sorted(by: { $0.key < $1.key }) {
            state.report.problems.append(VerificationProblem(message: message, paths: paths[id] ?? []))
        }
        return state.report
    }

    private struct State {
        var report = VerificationReport()
        var blobs: [ResticID: BlobLocation] = [:]
    }

    private func collect(
        _ id: ResticID,
        path: String,
        in repository: IndexedRepository,
        into state: inout State
    ) async throws {
        let tree: Tree
        do {
            tree = try await repository.loadTree(id)
        } catch let error as CancellationError {
            throw error
        } catch {
            state.report.problems.append(
                VerificationProblem(message: describeFailure(error), paths: [path.isEmpty ? "/" : path])
            )
            return
        }
        state.report.directories += 1
        for node in tree.nodes {
            let below = path + "/" + String(decoding: node.name, as: UTF8.self)
            switch node.type {
            case .dir:
                if let subtree = node.subtree {
                    try await collect(subtree, path: below, in: repository, into: &state)
                } else {
                    state.report.problems.append(VerificationProblem(message: "the folder has no tree", paths: [below]))
                }
            case .file:
                collectFile(node, path: below, in: repository, into: &state)
            default:
                state.report.otherItems += 1
            }
        }
    }

    private func collectFile(_ node: Node, path: String, in repository: IndexedRepository, into state: inout State) {
        state.report.files += 1
        state.report.totalBytes += Int64(clamping: node.size)
        var length: UInt64 = 0
        for id in node.content ?? [] {
            guard let location = repository.location(of: id, .data) else {
                state.report.problems.append(
                    VerificationProblem(message: "data blob \(id.short) is in no index", paths: [path])
                )
                return
            }
            state.blobs[id] = location
            length += UInt64(location.contentLength)
        }
        if length != node.size {
            state.report.problems.append(
                VerificationProblem(
                    message: "its blobs hold \(length) bytes, its node says \(node.size)",
                    paths: [path]
                )
            )
        }
    }

    /// Every pack that is needed must be there, and reach as far as its blobs.
    private func checkPacks(
        of blobs: [ResticID: BlobLocation],
        in repository: IndexedRepository,
        into report: inout VerificationReport
    ) async throws -> [ResticID: String] {
        let needed = Set(blobs.values.map(\.pack))
        var found: [ResticID: Int64] = [:]
        try await repository.repository.store.list(under: FileKind.pack.folder) { page in
            for entry in page {
                if let id = FileKind.pack.id(in: entry.key), needed.contains(id) { found[id] = entry.byteCount }
            }
        }
        report.packs = found
        var bad: [ResticID: String] = [:]
        for (id, location) in blobs {
            guard let length = found[location.pack] else {
                bad[id] = "pack \(location.pack.short) is missing"
                continue
            }
            if length < Int64(location.offset) + Int64(location.length) {
                bad[id] = "pack \(location.pack.short) is cut off at \(length) bytes"
            }
        }
        return bad
    }

    /// Reads all blobs, pack by pack, every core busy.
    private func read(
        _ state: inout State,
        except known: [ResticID: String],
        in repository: IndexedRepository
    ) async throws -> [ResticID: String] {
        let ranges = PackRange.plan(
            state.blobs.lazy.filter { known[$0.key] == nil }.map { PackRange.Part(id: $0.key, location: $0.value) }
        )
        onPlan(ranges.reduce(0) { $0 + Int64($1.bytes.count) })
        var bad: [ResticID: String] = [:]
        let shares = SharedIterator(ranges)
        // One more than cores: while those compute, one waits for the store.
        try await withThrowingTaskGroup(of: [ResticID: String].self) { group in
            for _ in 0..<min(ranges.count, CPUCount.available + 1) {
                group.addTask { [onRead] in
                    let reader = RangeReader(repository)
                    var bad: [ResticID: String] = [:]
                    while let range = shares.next() {
                        try Task.checkCancellation()
                        bad.merge(try await Self.check(range, with: reader, in: repository)) { first, _ in first }
                        onRead(Int64(range.bytes.count))
                    }
                    return bad
                }
            }
            for try await failures in group { bad.merge(failures) { first, _ in first } }
        }
        state.report.blobsRead += ranges.reduce(0) { $0 + $1.parts.count }
        state.report.bytesRead += ranges.reduce(0) { $0 + Int64($1.bytes.count) }
        return bad
    }

    /// - Returns: the blobs of the range that cannot be had. When the range as a whole fails, each is tried alone.
    private static func check(
        _ range: PackRange,
        with reader: RangeReader,
        in repository: IndexedRepository
    ) async throws -> [ResticID: String] {
        do {
            repeat {
                try await reader.fetch(range)
                try reader.forEachBlob(in: range) { _, _ in }
            } while reader.wantsAgain
            return [:]
        } catch let error as CancellationError {
            throw error
        } catch {
            guard range.parts.count > 1 else { return [range.parts[0].id: describeFailure(error)] }
        }
        var bad: [ResticID: String] = [:]
        for part in range.parts {
            do {
                _ = try await repository.load(part.id, .data)
            } catch let error as CancellationError {
                throw error
            } catch {
                bad[part.id] = describeFailure(error)
            }
        }
        return bad
    }

    /// Finds the files that need any of the bad blobs, in one walk.
    private func find(
        _ bad: [ResticID: String],
        in tree: ResticID,
        path: String,
        repository: IndexedRepository,
        into paths: inout [ResticID: [String]]
    ) async throws {
        let nodes: [Node]
        do {
            nodes = try await repository.loadTree(tree).nodes
        } catch let error as CancellationError {
            throw error
        } catch {
            return  // Reported already.
        }
        for node in nodes {
            let below = path + "/" + String(decoding: node.name, as: UTF8.self)
            if let subtree = node.subtree {
                try await find(bad, in: subtree, path: below, repository: repository, into: &paths)
            }
            for id in Set(node.content ?? []) where bad[id] != nil { paths[id, default: []].append(below) }
        }
    }
}
