import Locks
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import QdrantClient

@Suite("Uploads", .timeLimit(.minutes(1)))
struct UploadTests {
    private struct SourceFailure: Error, Equatable {}

    private let boundary = "----" + String(repeating: "800000", count: 8)

    private func expectedBody(_ content: String) -> String {
        "--\(boundary)\r\nContent-Disposition: form-data; name=\"snapshot\"; filename=\"f.snapshot\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n\(content)\r\n--\(boundary)--\r\n"
    }

    @Test("sends one part named snapshot, with a length when it is known", arguments: [Int64(10), nil])
    func shape(byteCount: Int64?) async throws {
        try await LoopbackServer.withClient {
            try await $0.receive()
            try await $0.respond(result: "true")
        } _: { client, server in
            try await client.uploadSnapshot(
                Parts(["01234", "", "56789"]),
                byteCount: byteCount,
                fileName: "f.snapshot",
                to: .collection("c"),
                checksum: "ab"
            )
            let request = try #require(server.requests.first)
            #expect(
                "\(request.method) \(request.uri)"
                    == "POST /collections/c/snapshots/upload?wait=true&priority=snapshot&checksum=ab"
            )
            #expect(request.headers["Content-Type"] == ["multipart/form-data; boundary=\(boundary)"])
            #expect(request.bodyText == expectedBody("0123456789"))
            #expect(request.headers["Content-Length"] == (byteCount == nil ? [] : ["\(request.body.count)"]))
            #expect(request.headers["Transfer-Encoding"] == (byteCount == nil ? ["chunked"] : []))
            #expect(request.isComplete)
        }
    }

    @Test("sends to a shard, which answers null, and a partial snapshot to its own route")
    func shards() async throws {
        try await LoopbackServer.withClient {
            try await $0.receive()
            try await $0.respond(result: "null")
        } _: { client, server in
            try await client.uploadSnapshot(
                Parts(["x"]),
                byteCount: nil,
                fileName: "f",
                to: .shard(2, collection: "c"),
                priority: .noSync
            )
            try await client.uploadPartialSnapshot(
                Parts(["x"]),
                byteCount: 1,
                fileName: "f",
                toShard: 2,
                of: "c",
                checksum: "ab"
            )
            #expect(
                server.requests.map(\.uri) == [
                    "/collections/c/shards/2/snapshots/upload?wait=true&priority=no_sync",
                    "/collections/c/shards/2/snapshot/partial/recover?wait=true&checksum=ab",
                ]
            )
        }
    }

    @Test("escapes a file name that would end its header")
    func fileNames() {
        let framing = MultipartFraming(partName: "snapshot", fileName: "a\"\r\nb", boundary: "x")
        #expect(framing.opening.contains("filename=\"a%22%0D%0Ab\"\r\n"))
        #expect(
            framing.byteCount(fileByteCount: 5) == Int64(framing.opening.utf8.count + 5 + framing.closing.utf8.count)
        )
    }

    @Test("draws boundaries that do not repeat")
    func boundaries() {
        let boundaries = Set((0..<100).map { _ in MultipartFraming.makeBoundary { Double.random(in: 0..<1) } })
        #expect(boundaries.count == 100)
        #expect(boundaries.allSatisfy { $0.utf8.count == 52 })
    }

    /// Much more than every buffer between client and server holds.
    private static let largePart = String(repeating: "x", count: 256 * 1024)

    @Test("reports the error that the server answers in the middle, not a broken connection", arguments: [true, false])
    func refusedMidway(keepsReading: Bool) async throws {
        try await LoopbackServer.withClient {
            try await $0.receive(atLeast: 300_000)
            try await $0.refuse(507, "Insufficient storage: disk quota")
            if keepsReading { try await $0.receive() }
            $0.close()
        } _: { client, server in
            let source = CountedParts(part: Self.largePart, count: 400)
            let error = try await qdrantError {
                try await client.uploadSnapshot(source, byteCount: nil, fileName: "f", to: .shard(0, collection: "c"))
            }
            #expect(error?.code == .insufficientStorage)
            #expect(error?.serverText == "Insufficient storage: disk quota")
            #expect(error?.object == .shard(0, collection: "c"))
            #expect(source.taken < 400)
            #expect(server.requests.count == 1)
        }
    }

    @Test("never believes a success that comes before everything was sent")
    func earlySuccess() async throws {
        try await LoopbackServer.withClient {
            try await $0.receive(atLeast: 300_000)
            try await $0.respond(result: "true")
            try await $0.receive()
        } _: { client, _ in
            let source = CountedParts(part: Self.largePart, count: 400)
            let error = try await qdrantError {
                try await client.uploadSnapshot(source, byteCount: nil, fileName: "f", to: .collection("c"))
            }
            #expect(error?.code == .unexpectedResponse)
        }
    }

    @Test("says when the server dies in the middle")
    func serverDies() async throws {
        try await LoopbackServer.withClient {
            try await $0.receive(atLeast: 300_000)
            $0.close()
        } _: { client, _ in
            let source = CountedParts(part: Self.largePart, count: 400)
            let error = try await qdrantError {
                try await client.uploadSnapshot(source, byteCount: nil, fileName: "f", to: .collection("c"))
            }
            #expect(error?.code == .connectionLost)
            #expect(source.taken < 400)
        }
    }

    @Test("passes on the source's own failure, and does not finish the body", arguments: [Int64(10), nil])
    func sourceFails(byteCount: Int64?) async throws {
        try await LoopbackServer.withClient {
            try await $0.receive()
            try await $0.respond(result: "true")
        } _: { client, server in
            await #expect(throws: SourceFailure()) {
                try await client.uploadSnapshot(
                    Parts(["01234"], failure: SourceFailure()),
                    byteCount: byteCount,
                    fileName: "f",
                    to: .collection("c")
                )
            }
            #expect(server.requests.allSatisfy { !$0.isComplete })
        }
    }

    @Test(
        "refuses a source of another length than announced",
        arguments: [(9, "more than 9"), (11, "10 instead of 11")] as [(Int64, String)]
    )
    func lengthMismatch(byteCount: Int64, found: String) async throws {
        try await LoopbackServer.withClient {
            try await $0.receive()
            try await $0.respond(result: "true")
        } _: { client, server in
            let error = try await qdrantError {
                try await client.uploadSnapshot(
                    Parts(["01234", "56789"]),
                    byteCount: byteCount,
                    fileName: "f",
                    to: .collection("c")
                )
            }
            #expect(error?.code == .sourceLengthMismatch)
            #expect(error?.message.contains(found) == true)
            #expect(server.requests.allSatisfy { !$0.isComplete })
        }
    }

    @Test("stops reading the source when the task is cancelled")
    func cancelled() async throws {
        try await LoopbackServer.withClient {
            try await $0.receive(atLeast: 1)
            try await Task.sleep(for: .seconds(60))
        } _: { client, server in
            let source = CountedParts(part: Self.largePart, count: 1000)
            let upload = Task {
                try await client.uploadSnapshot(source, byteCount: nil, fileName: "f", to: .collection("c"))
            }
            while server.requests.isEmpty { await Task.yield() }
            upload.cancel()
            await #expect(throws: CancellationError.self) { try await upload.value }
            let taken = source.taken
            #expect(taken < 1000)
            for _ in 0..<100 { await Task.yield() }
            #expect(source.taken == taken)
        }
    }

    @Test("reads the source no faster than the server takes it")
    func backpressure() async throws {
        try await LoopbackServer.withClient {
            try await $0.receive(atLeast: 1)
            // Nothing is taken until the client has stopped reading its source.
            var before = -1
            while before != Self.source.taken {
                before = Self.source.taken
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(before < 300)
            try await $0.receive()
            try await $0.respond(result: "true")
        } _: { client, _ in
            try await client.uploadSnapshot(Self.source, byteCount: nil, fileName: "f", to: .collection("c"))
            #expect(Self.source.taken == 400)
        }
    }

    private static let source = CountedParts(part: largePart, count: 400)

    @Test("waits for the answer as long as a restore may take, not as long as an ordinary call")
    func longRestore() async throws {
        var settings = ClientSettings()
        settings.timeouts.request = .milliseconds(20)
        settings.timeouts.readIdle = .milliseconds(20)
        try await LoopbackServer.withClient(settings) {
            try await $0.receive()
            try await Task.sleep(for: .milliseconds(300))
            try await $0.respond(result: "true")
        } _: { client, _ in
            try await client.uploadSnapshot(Parts(["x"]), byteCount: 1, fileName: "f", to: .collection("c"))
        }
    }

    @Test("gives up on a restore that never answers")
    func endlessRestore() async throws {
        var settings = ClientSettings()
        settings.timeouts.longOperation = .milliseconds(50)
        try await LoopbackServer.withClient(settings) {
            try await $0.receive()
            try await Task.sleep(for: .seconds(60))
        } _: { client, _ in
            let error = try await qdrantError {
                try await client.uploadSnapshot(Parts(["x"]), byteCount: 1, fileName: "f", to: .collection("c"))
            }
            #expect(error?.code == .requestTimeout)
        }
    }

    @Test("gives up on a server that takes nothing more")
    func writeIdle() async throws {
        var settings = ClientSettings()
        settings.timeouts.writeIdle = .milliseconds(100)
        try await LoopbackServer.withClient(settings) {
            try await $0.receive(atLeast: 1)
            try await Task.sleep(for: .seconds(60))
        } _: { client, _ in
            let source = CountedParts(part: Self.largePart, count: 1000)
            let error = try await qdrantError {
                try await client.uploadSnapshot(source, byteCount: nil, fileName: "f", to: .collection("c"))
            }
            #expect(error?.code == .requestTimeout)
        }
    }
}

/// The same part many times, counting how often it was taken.
final class CountedParts: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    private let part: ByteBuffer
    private let count: Int
    private let position = Mutex(0)

    init(part: String, count: Int) {
        self.part = ByteBuffer(string: part)
        self.count = count
    }

    var taken: Int { position.withLock { $0 } }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(parts: self) }

    struct AsyncIterator: AsyncIteratorProtocol {
        let parts: CountedParts

        func next() async throws -> ByteBuffer? {
            try Task.checkCancellation()
            return parts.position.withLock { position in
                guard position < parts.count else { return nil }
                position += 1
                return parts.part
            }
        }
    }
}
