internal import Locks
public import NIOCore
internal import NIOHTTP1
public import ObjectStorage

/// A repository at any place that the program `rclone` reaches: SFTP, WebDAV, Google Drive, another disk, and what else it knows.
///
/// Speaks restic's REST protocol, version 2, with `rclone serve restic --stdio` as restic does; `rclone` holds the credentials in its
/// own configuration. The program is started by the first operation, again by the next one when it has ended, and ends with
/// this store or this process.
///
/// What differs from other stores:
///
/// - It holds the files of a repository and no others: the protocol lists names without folders, see ``RepositoryFolders``.
/// - `put` with ``PutPolicy/refuseExisting`` looks first and writes then, one writer a key within this store. Two processes could both
///   succeed; a repository's files carry the hash of their content or a random one as their name, so that both wrote the same.
/// - Whether half of an object can be seen while it is written is up to the place: on a local disk or SFTP it can. What a
///   broken upload left under the name of its content's hash is replaced by the next one.
/// - A `put` that has begun is not cut short by cancellation, for the same reason.
public final class RcloneStore: ObjectStore {
    /// What is run.
    public struct Options: Sendable, Hashable {
        /// The program: a name to be searched in `PATH`, or a path when it holds a slash.
        public var program: String
        /// Its arguments before the remote's; restic's own (`-o rclone.args`), and an object that was removed by another process is
        /// not remembered.
        public var arguments: [String]
        /// The longest that rclone may be silent while something is waited for: the head of an answer, its next bytes, or room for more of
        /// a request. What is sent gets a second more for each 16 KiB: rclone answers when the place has it all. rclone's own
        /// `--timeout` is 5 minutes.
        public var longestSilence: Duration

        /// Makes options; see the properties.
        public init(
            program: String = "rclone",
            arguments: [String] = ["serve", "restic", "--stdio", "--b2-hard-delete", "--cache-objects=false"],
            longestSilence: Duration = .seconds(360)
        ) {
            self.program = program
            self.arguments = arguments
            self.longestSilence = longestSilence
        }
    }

    private let remote: RcloneRemote
    private let command: RcloneProcess.Command
    private let connections = ConnectionKeeper()
    private let writers = KeyedTurns()

    /// Makes a store; starts nothing yet.
    ///
    /// - Parameter remote: what rclone calls the place: `REMOTE:PATH`, `:local:/path`, `:sftp,host=…:path`.
    public init(remote: String, options: Options = Options()) {
        self.remote = RcloneRemote(remote)
        command = RcloneProcess.Command(
            program: options.program,
            arguments: options.arguments + [remote],
            longestSilence: options.longestSilence
        )
    }

    /// The remote with what a connection string tells after its first comma left out: it may hold a password.
    public var location: String { "rclone:\(remote)" }

    public var capabilities: StoreCapabilities {
        // restic's number of connections; what rclone does with them is up to it.
        StoreCapabilities(usefulConcurrency: 5, replacesAtomically: false, listsImmediately: true)
    }

    /// Ends rclone and waits until it has ended. Operations afterwards start it again.
    public func close() async {
        await connections.close()
    }

    public func prepare() async throws {
        try await request(.POST, "/?create=true", "make the folders in \(location)", body: ByteBuffer()) { head, _ in
            guard head.status == 200 else { throw self.refusal(head, "make the folders in \(self.location)") }
        }
    }

    public func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        guard RepositoryFolders.holds(key) else {
            throw ObjectStoreError(
                .locationInvalid,
                "'\(key)' has no place in a repository at \(location): rclone's server lists the files of one, and no others"
            )
        }
        try Task.checkCancellation()
        // Unstructured, so that cancellation does not leave half an object: see above.
        try await Task { try await self.write(body, at: key, policy: policy) }.value
    }

    private func write(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        let what = "write '\(key)' to \(location)"
        try await writers.withTurn(key) {
            if policy == .refuseExisting, let size = try await byteCount(of: key) {
                // Half of it, under the hash of the whole: nobody can have meant that.
                guard size < body.readableBytes, Self.isHash(key.name) else {
                    throw ObjectStoreError(.alreadyExists, "'\(key)' exists already in \(location)")
                }
            }
            try await request(.POST, path(key), what, body: body) { head, _ in
                guard head.status == 200 else { throw self.refusal(head, what) }
            }
        }
    }

    public func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        let what = "read '\(key)' in \(location)"
        guard let range else {
            return try await request(.GET, path(key), what) { head, body in
                guard head.status == 200 else { throw self.refusal(head, what) }
                return try await Self.whole(head, body, what)
            }
        }
        guard range.lowerBound >= 0, !range.isEmpty else { return try await check(key, range, what) }
        let wanted = range.upperBound - range.lowerBound
        let bytes: ByteBuffer? = try await request(
            .GET,
            path(key),
            what,
            headers: ["Range": "bytes=\(range.lowerBound)-\(range.upperBound - 1)"]
        ) { head, body in
            switch head.status {
            // The length is that of what there is of the range.
            case 206 where head.length == wanted: try await body.collect(expected: Int(wanted), limit: Int(wanted))
            case 404: throw self.refusal(head, what)
            // A place that knows no ranges sends everything.
            case 200 where (head.length ?? 0) >= range.upperBound:
                try await Self.cut(range, out: body)
            default: nil
            }
        }
        if let bytes { return bytes }
        // Why, rclone does not say: 500 stands for a range beyond the end as for a lost connection.
        return try await check(key, range, what)
    }

    /// For a range of which nothing came.
    private func check(_ key: ObjectKey, _ range: Range<Int64>, _ what: String) async throws -> ByteBuffer {
        guard let size = try await byteCount(of: key) else {
            throw ObjectStoreError(.notFound, "'\(key)' does not exist in \(location)")
        }
        guard range.lowerBound >= 0, range.upperBound <= size else {
            throw ObjectStoreError(
                .rangeNotSatisfiable,
                "'\(key)' in \(location) has \(size) bytes and not those from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        if range.isEmpty { return ByteBuffer() }
        throw ObjectStoreError(.unavailable, "cannot \(what): rclone gave no answer that fits", hint: words)
    }

    public func byteCount(of key: ObjectKey) async throws -> Int64? {
        let what = "look for '\(key)' in \(location)"
        return try await request(.HEAD, path(key), what) { head, _ in
            if head.status == 404 { return nil }
            guard head.status == 200, let length = head.length else { throw self.refusal(head, what) }
            return length
        }
    }

    public func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        for path in RepositoryFolders.single where prefix == nil || prefix.map({ path.hasPrefix("\($0)/") }) == true {
            guard let key = ObjectKey(path), let size = try await byteCount(of: key) else { continue }
            try await body([ObjectEntry(key: key, byteCount: size)])
        }
        for folder in RepositoryFolders.folders(under: prefix) {
            try await list(folder: folder, under: prefix, body)
        }
    }

    private func list(
        folder: String,
        under prefix: ObjectKey?,
        _ body: ([ObjectEntry]) async throws -> Void
    ) async throws {
        let what = "list '\(folder)' in \(location)"
        try await request(.GET, "/\(folder)/", what) { head, bytes in
            if head.status == 404 { return }
            guard head.status == 200 else { throw self.refusal(head, what) }
            var parser = ListingParser()
            while let piece = try await bytes.next() {
                let page = try parser.consume(piece).compactMap { item -> ObjectEntry? in
                    guard let key = RepositoryFolders.key(of: item.name, in: folder) else { return nil }
                    if let prefix, !key.path.hasPrefix("\(prefix)/") { return nil }
                    return ObjectEntry(key: key, byteCount: item.size)
                }
                if !page.isEmpty { try await body(page) }
            }
            guard parser.isComplete else { throw ListingParser.Malformed(reason: "it ends too early") }
        }
    }

    @discardableResult
    public func delete(_ key: ObjectKey) async throws -> Bool {
        let what = "delete '\(key)' in \(location)"
        return try await request(.DELETE, path(key), what) { head, _ in
            if head.status == 404 { return false }
            guard head.status == 200 else { throw self.refusal(head, what) }
            return true
        }
    }
}

extension RcloneStore {
    private func path(_ key: ObjectKey) -> String { "/\(key.path)" }

    /// What rclone said last, without what may be a secret.
    private var words: String? { connections.words.map { remote.redacting($0) } }

    private static func isHash(_ name: Substring) -> Bool {
        name.utf8.count == 64 && name.allSatisfy { $0.isHexDigit && !$0.isUppercase }
    }

    private static func whole(_ head: RcloneConnection.Head, _ body: RcloneBody, _ what: String) async throws
        -> ByteBuffer
    {
        let bytes = try await body.collect(expected: Int(clamping: head.length ?? 0), limit: Int(Int32.max))
        if let length = head.length, length != Int64(bytes.readableBytes) {
            throw ObjectStoreError(.corrupted, "cannot \(what): \(bytes.readableBytes) of \(length) bytes came")
        }
        return bytes
    }

    /// What lies in `range`, of a body from which it cannot be asked for.
    private static func cut(_ range: Range<Int64>, out body: RcloneBody) async throws -> ByteBuffer {
        var (found, offset) = (ByteBuffer(), Int64(0))
        while let piece = try await body.next() {
            let end = offset + Int64(piece.readableBytes)
            let part = max(offset, range.lowerBound)..<max(max(offset, range.lowerBound), min(end, range.upperBound))
            if !part.isEmpty,
                var bytes = piece.getSlice(
                    at: piece.readerIndex + Int(part.lowerBound - offset),
                    length: part.count
                )
            {
                found.writeBuffer(&bytes)
            }
            offset = end
        }
        return found
    }

    /// Sends a request; failures of the connection become errors of a store.
    private func request<Answer: Sendable>(
        _ method: HTTPMethod,
        _ path: String,
        _ what: String,
        headers: HTTPHeaders = [:],
        body: ByteBuffer? = nil,
        _ take: (RcloneConnection.Head, RcloneBody) async throws -> Answer
    ) async throws -> Answer {
        let connection: RcloneConnection
        do {
            connection = try await connections.current(command)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ObjectStoreError(.unavailable, "cannot \(what): no pipes to '\(command.program)'", cause: error)
        }
        do {
            return try await connection.exchange(method, path, headers: headers, body: body, take)
        } catch let error as RcloneConnection.Broken {
            try Task.checkCancellation()
            throw await broken(connection, error, what)
        } catch let error as ListingParser.Malformed {
            throw ObjectStoreError(.unavailable, "cannot \(what): the listing is none, \(error.reason)", cause: error)
        }
    }

    /// A connection that ended, with the reason where the program's end is one.
    private func broken(_ connection: RcloneConnection, _ error: any Error, _ what: String) async -> ObjectStoreError {
        let process = connection.process
        // The connection ends a moment before the program does.
        for _ in 0..<50 where process.end == nil && !connection.isOpen { try? await Task.sleep(for: .milliseconds(20)) }
        if let silence = connection.unbearableSilence {
            return ObjectStoreError(
                .unavailable,
                "cannot \(what): rclone was silent for \(silence.components.seconds) s, and was ended",
                hint: "Run 'rclone lsf \(remote)' to see whether rclone reaches the place.",
                cause: error
            )
        }
        guard let end = process.end else {
            return ObjectStoreError(.unavailable, "cannot \(what): the stream to rclone ended", cause: error)
        }
        let words = process.lastWords.map { remote.redacting($0) }
        if end == "is not installed" {
            return ObjectStoreError(
                .locationInvalid,
                "cannot \(what): there is no program '\(command.program)'",
                hint:
                    "Install rclone (https://rclone.org/install), or name it by 'rclone_program' in the configuration.",
                cause: error
            )
        }
        return ObjectStoreError(
            connection.hasAnswered ? .unavailable : .locationInvalid,
            "cannot \(what): '\(command.program)' \(end)" + (words.map { ", having said: \($0)" } ?? ""),
            hint: "Run 'rclone lsf \(remote)' to see whether rclone reaches the place.",
            cause: error
        )
    }

    /// What a status that does not fit means.
    private func refusal(_ head: RcloneConnection.Head, _ what: String) -> ObjectStoreError {
        switch head.status {
        case 404: ObjectStoreError(.notFound, "cannot \(what): it does not exist")
        case 403:
            ObjectStoreError(
                .permissionDenied,
                "cannot \(what): rclone refuses it",
                hint: "Is it run with --append-only?"
            )
        case 400..<500: ObjectStoreError(.inputOutput, "cannot \(what): rclone answered with status \(head.status)")
        default:
            ObjectStoreError(
                .unavailable,
                "cannot \(what): rclone answered with status \(head.status)"
                    + (words.map { ", having said: \($0)" } ?? "")
            )
        }
    }
}
