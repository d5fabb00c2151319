internal import Foundation
internal import Locks
internal import NIOCore
internal import NIOPosix

/// Standard output for results that are too long to hold: written in pieces, with failures that are noticed.
final class ResultStream: Sendable {
    /// The reader has gone away (`holdfast repo list blobs | head`): there is nobody left to write for.
    struct Closed: Error {}
    /// Standard output cannot be written, for example because the disk it leads to is full.
    struct Failure: Error {
        let number: Int32

        var message: String { "standard output cannot be written: \(String(cString: strerror(number)))" }
        var hint: String { "What was written so far is not the whole." }
    }

    private let buffer = Mutex<[UInt8]>([])
    private static let pieceLength = 64 << 10

    /// Runs `body` with the stream and writes what is left. A reader that goes away ends it early and quietly.
    static func with(_ body: (ResultStream) async throws -> Void) async throws {
        // Otherwise the signal ends the process, and its lock stays behind.
        signal(SIGPIPE, SIG_IGN)
        let stream = ResultStream()
        do {
            try await body(stream)
            try await stream.flush()
        } catch is Closed {
            return
        }
    }

    /// Writes a line of text.
    func line(_ text: String) async throws {
        try await add(Array(text.utf8) + [0x0A])
    }

    /// Writes bytes as they are.
    func bytes(_ bytes: ByteBuffer) async throws {
        guard bytes.readableBytes < Self.pieceLength else {
            try await flush()
            return try await Self.write(Array(bytes.readableBytesView))
        }
        try await add(Array(bytes.readableBytesView))
    }

    func add(_ bytes: [UInt8]) async throws {
        let isFull = buffer.withLock { buffer in
            buffer.append(contentsOf: bytes)
            return buffer.count >= Self.pieceLength
        }
        if isFull { try await flush() }
    }

    private func flush() async throws {
        let piece = buffer.withLock { buffer in
            defer { buffer = [] }
            return buffer
        }
        if !piece.isEmpty { try await Self.write(piece) }
    }

    /// On a thread that may wait: a pipe takes bytes as fast as its reader.
    private static func write(_ bytes: [UInt8]) async throws {
        try Task.checkCancellation()
        try await NIOThreadPool.singleton.runIfActive {
            try bytes.withUnsafeBytes { bytes in
                var done = 0
                while done < bytes.count, let base = bytes.baseAddress {
                    let count = Foundation.write(STDOUT_FILENO, base + done, bytes.count - done)
                    if count >= 0 {
                        done += count
                    } else if errno == EPIPE {
                        throw Closed()
                    } else if errno != EINTR {
                        throw Failure(number: errno)
                    }
                }
            }
        }
    }
}

/// A list of JSON values that is written as it is found: one array in all, an element a line.
///
/// What fails half-way leaves the array open, so that nobody takes it for the whole.
final class JSONList: Sendable {
    private let stream: ResultStream
    private let isEmpty = Mutex(true)

    /// Writes a list; `body` adds its elements.
    static func write(to stream: ResultStream, _ body: (JSONList) async throws -> Void) async throws {
        let list = JSONList(stream)
        try await body(list)
        try await stream.line(list.isEmpty.withLock(\.self) ? "[]" : "\n]")
    }

    private init(_ stream: ResultStream) {
        self.stream = stream
    }

    func add(_ value: some Encodable) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(value), as: UTF8.self)
        let isFirst = isEmpty.withLock { isEmpty in
            defer { isEmpty = false }
            return isEmpty
        }
        try await stream.add(Array(((isFirst ? "[\n" : ",\n") + text).utf8))
    }
}
