internal import Locks
public import NIOCore
internal import NIOPosix
public import ObjectStorage

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// A store in a folder of a local, or locally mounted, file system: keys are paths below it.
///
/// Files are written under a temporary name, synced, named, and their folder synced, so that an object is whole and
/// durable or not there. Objects have mode 0400 and folders 0700, as restic makes them; restic and Holdfast may use the
/// same folder at the same time.
///
/// The blocking calls run on threads of this module's own, one hop an operation.
public struct LocalStore: ObjectStore {
    private let files: LocalFiles

    /// Entries a page of a listing: one hop to another thread for each.
    private static let pageLength = 1000

    /// Owned by this module, started by the first operation, and alive until the process ends, like NIO's own
    /// singletons: stores are values and come and go, threads must not. Not NIO's blocking pool, since a slow disk would
    /// hold up name look-ups there.
    private static let threads: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 8)
        pool.start()
        return pool
    }()

    /// Makes a store; touches no disk.
    ///
    /// - Parameter path: the folder; a relative one is taken from the current folder of this moment.
    public init(path: String) {
        self.init(path: path, calls: KernelCalls())
    }

    package init(path: String, calls: some SystemCalls) {
        files = LocalFiles(root: Self.absolute(path), calls: calls)
    }

    public var location: String { files.root }

    public var capabilities: StoreCapabilities {
        // More than a few writers only make a disk seek; four keep an SSD busy while others wait in fsync.
        StoreCapabilities(usefulConcurrency: 4, replacesAtomically: true, listsImmediately: true)
    }

    /// Makes the folder, durably, with the folders above it, and removes unfinished files of ours that are older than a
    /// day.
    ///
    /// - Throws: `locationInvalid` when there is a file in its place; what the table of system errors says otherwise.
    public func prepare() async throws {
        try await run { files, _ in try files.prepare() }
    }

    /// Stores an object whole and durable; a cancelled call leaves nothing.
    ///
    /// - Throws: `alreadyExists`, `insufficientSpace`, `readOnly`, `permissionDenied`, `locationMissing` (the folder is
    ///   not made here: an unmounted disk must not be filled by mistake), `locationInvalid` for a key with the form of an
    ///   unfinished file's name, `inputOutput`, `CancellationError`.
    public func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        try await run { files, flag in try files.put(body, at: key, policy: policy, flag: flag) }
    }

    /// Without the folder's sync: what it waits for is the disk.
    public func putTransient(_ body: ByteBuffer, at key: ObjectKey) async throws {
        try await run { files, flag in
            try files.put(body, at: key, policy: .replaceExisting, isDurable: false, flag: flag)
        }
    }

    public func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        try await run { files, _ in
            var buffer = ByteBuffer()
            try files.get(key, range: range, into: &buffer)
            return buffer
        }
    }

    /// Fresh memory costs a page fault for every 4 KiB of it, about as much as copying the bytes there: verifying and
    /// restoring keep theirs.
    public func get(_ key: ObjectKey, range: Range<Int64>, into buffer: inout ByteBuffer) async throws {
        let memory = PassedMemory(buffer)
        buffer = ByteBuffer()
        buffer = try await run { files, _ in
            var buffer = memory.take()
            try files.get(key, range: range, into: &buffer)
            return buffer
        }
    }

    public func byteCount(of key: ObjectKey) async throws -> Int64? {
        try await run { files, _ in try files.byteCount(of: key) }
    }

    public func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        let walk = FolderWalk(files, under: prefix)
        while true {
            let page = try await run { _, _ in try walk.nextPage(limit: Self.pageLength) }
            if page.isEmpty { return }
            try await body(page)
        }
    }

    @discardableResult
    public func delete(_ key: ObjectKey) async throws -> Bool {
        try await run { files, _ in try files.delete(key) }
    }

    @discardableResult
    public func deleteTransient(_ key: ObjectKey) async throws -> Bool {
        try await run { files, _ in try files.delete(key, isDurable: false) }
    }

    /// Runs one operation on one thread; a task cancelled before it begins never begins it.
    private func run<Answer: Sendable>(
        _ work: @escaping @Sendable (LocalFiles, CancellationFlag) throws -> Answer
    ) async throws -> Answer {
        try Task.checkCancellation()
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await Self.threads.runIfActive { [files] in try work(files, flag) }
        } onCancel: {
            flag.set()
        }
    }

    private static func absolute(_ path: String) -> String {
        var path = path
        if !path.hasPrefix("/"), let current = getcwd(nil, 0) {
            path = "\(String(cString: current))/\(path)"
            free(current)
        }
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }
}

/// Takes a buffer to another thread without a second reference to it, which would make writing to it copy it.
private final class PassedMemory: Sendable {
    private let buffer: Mutex<ByteBuffer>

    init(_ buffer: ByteBuffer) {
        self.buffer = Mutex(buffer)
    }

    func take() -> ByteBuffer {
        buffer.withLock { buffer in
            defer { buffer = ByteBuffer() }
            return buffer
        }
    }
}
