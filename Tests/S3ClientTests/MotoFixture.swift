import Foundation
import Locks
import Logging
import NIOCore
import TestSupport

@testable import S3Client

/// A log handler that keeps every line, to look for what must not be in them.
struct RecordingLog: LogHandler {
    final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    let lines: Lines
    var logLevel = Logger.Level.trace
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.all.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
    }
}

let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A bucket of its own on the shared moto.
func withMotoBucket<Result: Sendable>(
    objectLock: Bool = false,
    versioned: Bool = false,
    options: S3ClientOptions = S3ClientOptions(),
    _ body: (S3Bucket) async throws -> Result
) async throws -> Result {
    let server = try await MotoServer.shared()
    let name = "b-\(UUID().uuidString.lowercased())"
    try await server.makeBucket(name, objectLock: objectLock, versioned: versioned)
    return try await withS3Client(
        endpoint: S3Endpoint(url: server.endpoint, region: server.region),
        credentials: StaticCredentials(server.keys.credentials),
        options: options,
        logger: silent
    ) { client in
        try await body(client.bucket(name))
    }
}

extension ObjectServerKeys {
    var credentials: S3Credentials { S3Credentials(accessKeyID: id, secretAccessKey: S3Secret(secret)) }
}

/// Runs `body` and gives back the ``S3Error`` it throws.
func s3Error(_ body: () async throws -> Void) async throws -> S3Error? {
    do {
        try await body()
        return nil
    } catch let error as S3Error {
        return error
    }
}

/// Bytes in parts, as a source.
struct Parts: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    struct Broken: Error {}

    var sizes: [Int]
    /// Throws after this many parts.
    var failsAfter: Int?

    /// All bytes: each part's are its number.
    var bytes: ByteBuffer {
        var all = ByteBuffer()
        for (index, size) in sizes.enumerated() {
            all.writeRepeatingByte(UInt8(truncatingIfNeeded: index), count: size)
        }
        return all
    }

    func makeAsyncIterator() -> Iterator { Iterator(parts: self) }

    struct Iterator: AsyncIteratorProtocol {
        let parts: Parts
        var index = 0

        mutating func next() async throws -> ByteBuffer? {
            if let limit = parts.failsAfter, index >= limit { throw Broken() }
            guard index < parts.sizes.count else { return nil }
            defer { index += 1 }
            return ByteBuffer(repeating: UInt8(truncatingIfNeeded: index), count: parts.sizes[index])
        }
    }
}
