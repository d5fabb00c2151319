public import ResticFormat

/// Takes a folder of the file system into the repository as a tree.
public struct DirectoryArchiver: Sendable {
    /// What to do with an entry.
    public enum Decision: Sendable, Hashable {
        /// Take it; look into it when it is a folder.
        case include
        /// Leave it out, and everything below it.
        case exclude
    }

    /// The folder.
    public let root: RawPath
    /// The tree of the same folder in an earlier snapshot: unchanged files are taken over from it unread.
    public var parent: ResticID?
    /// Decides about each entry by its path below the root and whether it is a folder.
    public var filter: @Sendable ([UInt8], Bool) -> Decision = { _, _ in .include }
    /// Leaves out folders that end up with nothing in them because of the filter.
    public var dropsEmptiedFolders = false
    /// Called with each folder when its tree is stored, those in it first: its path below the root, the tree, and the nodes in the
    /// order of their names.
    public var onFolder: @Sendable ([UInt8], ResticID, [Node]) -> Void = { _, _, _ in }
    /// Called as bytes are taken in (read or taken over).
    public var progress: @Sendable (Int64) -> Void = { _ in }

    /// Makes an archiver of a folder.
    public init(root: RawPath) {
        self.root = root
    }

    /// Archives the folder's content.
    ///
    /// - Returns: the id of the tree and what was found.
    /// - Throws: ``RepositoryError/Code/source`` when the folder itself cannot be read; items below it that cannot be read
    ///   are in the report instead.
    public func archive(into writer: BlobWriter, of repository: IndexedRepository) async throws -> (
        ResticID, ArchiveReport
    ) {
        var walk = DirectoryWalk(archiver: self, writer: writer, repository: repository)
        let id = try await walk.run()
        return (id, walk.report)
    }
}

/// The state of one walk.
struct DirectoryWalk {
    private let archiver: DirectoryArchiver
    private let writer: BlobWriter
    private let repository: IndexedRepository
    private(set) var report = ArchiveReport()
    /// Folders in post-order whose trees are not stored yet: their files may still be in the pipeline.
    private var unfinished: [PendingDirectory] = []
    private var unfinishedNodes = 0

    /// How many nodes may wait for the pipeline before the oldest folders are finished: bounds memory.
    private static let maximumUnfinishedNodes = 4096
    /// How many folders are listed before it is their turn.
    private static let foldersAhead = 2
    /// Files up to this length are read in one go, several at a time.
    private static let smallFileLength: UInt64 = 128 << 10
    private static let smallBatchLength: UInt64 = 256 << 10
    private static let smallBatchCount = 16
    /// Where large files are read to.
    private let memory = ReadMemory(byteCount: 0)
    /// Where the batch of small files that is split lies, and the next one.
    private let smallMemory = (0..<2).map { _ in
        ReadMemory(byteCount: Int(smallBatchLength + smallFileLength) + smallBatchCount)
    }

    init(archiver: DirectoryArchiver, writer: BlobWriter, repository: IndexedRepository) {
        self.archiver = archiver
        self.writer = writer
        self.repository = repository
    }

    mutating func run() async throws -> ResticID {
        let folder = try await LoadedFolder(archiver.root, parent: archiver.parent, in: repository)
        let root = try await walk(folder, archiver.root, below: [])
        guard let root else {
            let reason = report.skipped.first?.reason ?? "unknown"
            throw RepositoryError(
                .source,
                "the folder \(archiver.root) cannot be read: \(reason)",
                hint: "Does it exist, is its disk mounted, and may this user read it?"
            )
        }
        try await finish(downTo: 0)
        guard let id = root.id else { preconditionFailure("the root is the last folder in post-order") }
        return id
    }

    /// - Returns: `nil` when the folder could not be listed, or was dropped because nothing is in it.
    private mutating func walk(_ folder: LoadedFolder, _ path: RawPath, below relative: [UInt8]) async throws
        -> PendingDirectory?
    {
        try Task.checkCancellation()
        let entries: [ListedEntry]
        switch folder.entries {
        case .success(let listed):
            entries = listed
        case .failure(let error):
            skip(relative, error)
            return nil
        }
        let directory = PendingDirectory(relative)
        var small: [SourceItem] = []
        var folders: [Subfolder] = []
        for entry in entries {
            let below = relative.isEmpty ? entry.name : relative + [UInt8(ascii: "/")] + entry.name
            guard case .success(let status) = entry.status, let node = entry.node else {
                if case .failure(let error) = entry.status, archiver.filter(below, false) == .include {
                    skip(below, error)
                }
                continue
            }
            guard archiver.filter(below, status.isDirectory) == .include else { continue }
            let known = folder.known[entry.name]
            let file = SourceItem(
                path: path.appending(entry.name),
                relative: below,
                node: node,
                status: status,
                wasKnown: known?.type == .file
            )
            if status.isRegularFile, !takeOver(file, known, into: directory) {
                if status.size <= Self.smallFileLength {
                    small.append(file)
                } else {
                    try await readLarge(file, into: directory)
                }
            } else if status.isDirectory {
                folders.append(Subfolder(item: file, parent: known?.subtree))
            } else if !status.isRegularFile {
                addOther(file, into: directory)
            }
        }
        try await readSmall(small, into: directory)
        try await descend(folders, into: directory)
        if archiver.dropsEmptiedFolders, directory.nodes.isEmpty, !entries.isEmpty, !relative.isEmpty { return nil }
        report.directories += 1
        unfinished.append(directory)
        unfinishedNodes += directory.nodes.count
        if unfinishedNodes > Self.maximumUnfinishedNodes { try await finish(downTo: Self.maximumUnfinishedNodes / 2) }
        return directory
    }

    /// Walks subfolders in their order; while one is taken in, the next ones are listed.
    private mutating func descend(_ folders: [Subfolder], into directory: PendingDirectory) async throws {
        guard !folders.isEmpty else { return }
        try await withThrowingTaskGroup(of: (Int, LoadedFolder).self) { group in
            var started = 0
            var loaded: [Int: LoadedFolder] = [:]
            func startNext() {
                guard started < folders.count else { return }
                let (number, folder, repository) = (started, folders[started], repository)
                group.addTask {
                    (number, try await LoadedFolder(folder.item.path, parent: folder.parent, in: repository))
                }
                started += 1
            }
            for _ in 0..<Self.foldersAhead { startNext() }
            for (number, folder) in folders.enumerated() {
                while loaded[number] == nil, let (ready, content) = try await group.next() { loaded[ready] = content }
                guard let content = loaded.removeValue(forKey: number) else { return }
                startNext()
                if let below = try await walk(content, folder.item.path, below: folder.item.relative) {
                    directory.nodes.append(.directory(folder.item.node, below))
                }
            }
        }
    }

    /// Takes an unchanged file over from the parent snapshot.
    private mutating func takeOver(_ file: SourceItem, _ known: Node?, into directory: PendingDirectory) -> Bool {
        guard let known, known.describes(file.status), let content = known.content, writer.holds(content) else {
            return false
        }
        var node = file.node
        node.content = content
        directory.nodes.append(.ready(node))
        report.unmodifiedFiles += 1
        count(node.size)
        return true
    }

    private mutating func addOther(_ file: SourceItem, into directory: PendingDirectory) {
        guard file.node.type != .socket else {
            report.skipped.append(
                SkippedItem(kind: .unsupported, path: file.displayPath, reason: "sockets have no content")
            )
            return
        }
        report.otherItems += 1
        directory.nodes.append(.ready(file.node))
    }

    // MARK: Reading

    /// Reads small files, a batch with each visit to the thread pool; while one batch is split, the next is read.
    private mutating func readSmall(_ files: [SourceItem], into directory: PendingDirectory) async throws {
        let batches = Self.batches(of: files)
        guard !batches.isEmpty else { return }
        try await withThrowingTaskGroup(of: SmallFileBatch.self) { group in
            func start(_ number: Int) {
                let (files, memory) = (batches[number], smallMemory[number % 2])
                group.addTask { try await blocking { SmallFileBatch(files, in: memory) } }
            }
            start(0)
            for number in batches.indices {
                guard let batch = try await group.next() else { return }
                if number + 1 < batches.count { start(number + 1) }
                try await take(batch, into: directory)
            }
        }
    }

    private static func batches(of files: [SourceItem]) -> [[SourceItem]] {
        var batches: [[SourceItem]] = []
        var batch: [SourceItem] = []
        var length: UInt64 = 0
        for file in files {
            batch.append(file)
            length += file.status.size
            guard batch.count >= smallBatchCount || length >= smallBatchLength else { continue }
            batches.append(batch)
            (batch, length) = ([], 0)
        }
        return batch.isEmpty ? batches : batches + [batch]
    }

    private mutating func take(_ batch: SmallFileBatch, into directory: PendingDirectory) async throws {
        for (file, result) in zip(batch.files, batch.results) {
            switch result {
            case .failure(let error):
                skip(file.relative, error)
            case .success(nil):
                try await readLarge(file, into: directory)
            case .success(let read?):
                var content = writer.makeContent()
                try await content.feed(batch.memory.bytes(read.place))
                try await add(file, content: content.finish(), before: read.before, after: read.after, into: directory)
            }
        }
    }

    private mutating func readLarge(_ file: SourceItem, into directory: PendingDirectory) async throws {
        let source: SourceFile
        let before: FileStatus
        do {
            (source, before) = try await blocking {
                let source = try SourceFile(file.path)
                return (source, try source.status())
            }
        } catch let error as SystemCallError {
            skip(file.relative, error)
            return
        }
        var content = writer.makeContent()
        do {
            var offset: Int64 = 0
            reading: while true {
                let (position, memory) = (offset, memory)
                let stretch = try await blocking {
                    try memory.read(source, at: position, mayHaveHoles: before.isSparse)
                }
                switch stretch {
                case .data(let count):
                    try await content.feed(memory.bytes(0..<count))
                    offset += Int64(count)
                case .hole(let length):
                    try await content.feedHole(length)
                    offset += length
                case .end:
                    break reading
                }
            }
            let after = try await blocking { try source.status() }
            try await add(file, content: content.finish(), before: before, after: after, into: directory)
        } catch let error as SystemCallError {
            content.abandon()
            skip(file.relative, error)
        }
    }

    private mutating func add(
        _ file: SourceItem,
        content: StoredContent,
        before: FileStatus,
        after: FileStatus,
        into directory: PendingDirectory
    ) async throws {
        let length = UInt64(content.byteCount)
        if before.differsInContent(from: after) || file.status.differsInContent(from: after) || length != after.size {
            report.skipped.append(
                SkippedItem(
                    kind: .changedWhileRead,
                    path: file.displayPath,
                    reason:
                        "size or times differ before and after reading (\(file.status.size) and \(after.size) bytes)"
                )
            )
        }
        var node = file.node
        node.size = length
        directory.nodes.append(.file(node, content))
        if file.wasKnown { report.changedFiles += 1 } else { report.newFiles += 1 }
        count(length)
    }

    // MARK: Finishing folders

    /// Stores the trees of the oldest folders until at most `limit` nodes wait.
    private mutating func finish(downTo limit: Int) async throws {
        var done = 0
        for directory in unfinished {
            guard unfinishedNodes > limit || limit == 0 else { break }
            unfinishedNodes -= directory.nodes.count
            try await finish(directory)
            done += 1
        }
        unfinished.removeFirst(done)
    }

    private func finish(_ directory: PendingDirectory) async throws {
        var nodes: [Node] = []
        nodes.reserveCapacity(directory.nodes.count)
        for pending in directory.nodes {
            switch pending {
            case .ready(let node):
                nodes.append(node)
            case .file(var node, let content):
                node.content = try await content.blobs()
                nodes.append(node)
            case .directory(var node, let below):
                node.subtree = below.id
                nodes.append(node)
            }
        }
        nodes.sort { $0.name.lexicographicallyPrecedes($1.name) }
        let id = try await writer.store(Tree(nodes: nodes))
        archiver.onFolder(directory.path, id, nodes)
        directory.id = id
        directory.nodes = []
    }

    // MARK: The report

    private mutating func skip(_ relative: [UInt8], _ error: any Error) {
        let call = error as? SystemCallError
        let vanished = call?.isNotFound ?? false
        report.skipped.append(
            SkippedItem(
                kind: vanished ? .vanished : .unreadable,
                path: relative.isEmpty ? "." : String(decoding: relative, as: UTF8.self),
                reason: call?.reason ?? "\(error)"
            )
        )
    }

    private mutating func count(_ length: UInt64) {
        report.totalBytes += Int64(length)
        archiver.progress(Int64(length))
    }
}

/// A file that is to be read.
struct SourceItem: Sendable {
    let path: RawPath
    let relative: [UInt8]
    let node: Node
    let status: FileStatus
    /// The parent snapshot has a file of this name.
    let wasKnown: Bool

    var displayPath: String { String(decoding: relative, as: UTF8.self) }
}

/// A folder that is to be walked.
private struct Subfolder: Sendable {
    let item: SourceItem
    /// Its tree in the parent snapshot.
    let parent: ResticID?
}

/// What a folder holds now, and what it held in the parent snapshot.
private struct LoadedFolder: Sendable {
    let entries: Result<[ListedEntry], SystemCallError>
    let known: [[UInt8]: Node]

    init(_ path: RawPath, parent: ResticID?, in repository: IndexedRepository) async throws {
        async let known = Self.nodes(of: parent, in: repository)
        entries = try await blocking {
            Result { () throws(SystemCallError) in try DirectoryListing.entries(in: path) }
        }
        self.known = try await known
    }

    private static func nodes(of parent: ResticID?, in repository: IndexedRepository) async throws -> [[UInt8]: Node] {
        guard let parent else { return [:] }
        do {
            let nodes = try await repository.loadTree(parent).nodes
            return Dictionary(nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        } catch let error as RepositoryError where error.code == .missing || error.code == .damaged {
            return [:]  // A damaged parent only costs time: its files are read again.
        }
    }
}

/// A folder whose tree is not stored yet. Owned by the walk.
final class PendingDirectory {
    enum Item {
        case ready(Node)
        case file(Node, StoredContent)
        case directory(Node, PendingDirectory)
    }
    /// Below the root.
    let path: [UInt8]
    var nodes: [Item] = []
    var id: ResticID?

    init(_ path: [UInt8]) {
        self.path = path
    }
}
