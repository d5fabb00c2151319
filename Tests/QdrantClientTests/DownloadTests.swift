import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import QdrantClient

@Suite("Downloads", .timeLimit(.minutes(1)))
struct DownloadTests {
    private let owner = SnapshotOwner.collection("books")

    private func collect(_ download: ArchiveDownload) async throws -> String {
        var bytes = ByteBuffer()
        for try await part in download.body { bytes.writeImmutableBuffer(part) }
        return String(buffer: bytes)
    }

    @Test("streams a stored snapshot with its length, name and tag, and asks for no compression")
    func whole() async throws {
        try await LoopbackServer.withClient {
            try await $0.respond(
                200,
                "archive",
                headers: [("ETag", "\"a:7\""), ("Content-Disposition", "attachment; filename=\"books-1.snapshot\"")]
            )
        } _: { client, server in
            let download = try await client.downloadSnapshot("books-1.snapshot", of: owner)
            #expect(download.byteCount == 7)
            #expect(download.offset == 0)
            #expect(download.entityTag == "\"a:7\"")
            #expect(download.fileName == "books-1.snapshot")
            let content = try await collect(download)
            #expect(content == "archive")
            let request = try #require(server.requests.first)
            #expect(request.uri == "/collections/books/snapshots/books-1.snapshot")
            #expect(request.headers["Accept-Encoding"] == ["identity"])
            #expect(!request.headers.contains(name: "Range"))
        }
    }

    @Test("says where a snapshot with a length broke off, and of what")
    func truncated() async throws {
        try await LoopbackServer.withClient {
            try await $0.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")
            $0.close()
        } _: { client, _ in
            let download = try await client.downloadSnapshot("s", of: owner)
            let error = try await qdrantError { _ = try await collect(download) }
            #expect(error?.code == .truncatedBody)
            #expect(error?.byteOffset == 10)
            #expect(error?.object == .snapshot("s", of: owner))
            #expect(error?.message.contains("snapshot 's' of collection 'books'") == true)
            #expect(error?.message.contains("byte 10") == true)
        }
    }

    @Test("says where a streamed snapshot broke off", arguments: ["5\r\n01234\r\n", "5\r\n01234\r\n8\r\n567", ""])
    func truncatedStream(sent: String) async throws {
        try await LoopbackServer.withClient {
            try await $0.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + sent)
            $0.close()
        } _: { client, server in
            let download = try await client.streamShardSnapshot(3, of: "books")
            #expect(download.byteCount == nil)
            let error = try await qdrantError { _ = try await collect(download) }
            #expect(error?.code == .truncatedBody)
            #expect(error?.object == .shard(3, collection: "books"))
            #expect(error?.byteOffset == Int64(sent.isEmpty ? 0 : sent.contains("567") ? 8 : 5))
            #expect(server.requests.map(\.uri) == ["/collections/books/shards/3/snapshot"])
        }
    }

    @Test("resumes at a byte of the same snapshot")
    func resumed() async throws {
        try await LoopbackServer.withClient {
            try await $0.respond(206, "89", headers: [("Content-Range", "bytes 8-9/10"), ("ETag", "\"t\"")])
        } _: { client, server in
            let download = try await client.downloadSnapshot("s", of: owner, from: 8, ifUnchanged: "\"t\"")
            #expect(download.offset == 8)
            #expect(download.byteCount == 10)
            let content = try await collect(download)
            #expect(content == "89")
            let headers = try #require(server.requests.first).headers
            #expect(headers["Range"] == ["bytes=8-"])
            #expect(headers["If-Match"] == ["\"t\""])
        }
    }

    @Test("counts the bytes before a resumed part when that breaks off")
    func resumedAndTruncated() async throws {
        try await LoopbackServer.withClient {
            try await $0.send("HTTP/1.1 206 Part\r\nContent-Length: 5\r\nContent-Range: bytes 100-104/105\r\n\r\n01")
            $0.close()
        } _: { client, _ in
            let download = try await client.downloadSnapshot("s", of: owner, from: 100)
            let error = try await qdrantError { _ = try await collect(download) }
            #expect(error?.byteOffset == 102)
        }
    }

    @Test(
        "takes nothing else for the rest of a snapshot",
        arguments: [
            (200, "", QdrantError.Code.rangeNotHonoured), (206, "bytes 7-9/10", .rangeNotHonoured),
            (206, "", .rangeNotHonoured),
            (416, "bytes */5", .rangeNotHonoured), (412, "", .changedMeanwhile), (404, "", .notFound),
        ]
    )
    func badRanges(status: Int, range: String, code: QdrantError.Code) async throws {
        try await LoopbackServer.withClient {
            try await $0.respond(status, "xx", headers: range.isEmpty ? [] : [("Content-Range", range)])
        } _: { client, _ in
            let error = try await qdrantError { _ = try await client.downloadSnapshot("s", of: owner, from: 8) }
            #expect(error?.code == code)
        }
    }

    @Test("refuses an archive that was compressed on the way")
    func compressed() async throws {
        try await LoopbackServer.withClient {
            try await $0.respond(200, "x", headers: [("Content-Encoding", "gzip")])
        } _: { client, _ in
            let error = try await qdrantError { _ = try await client.downloadSnapshot("s", of: owner) }
            #expect(error?.code == .unexpectedResponse)
        }
    }

    @Test("gives up when the server falls silent in the middle, and says where")
    func silence() async throws {
        var settings = ClientSettings()
        settings.timeouts.readIdle = .seconds(3)
        try await LoopbackServer.withClient(settings) {
            try await $0.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123")
            try await Task.sleep(for: .seconds(60))
        } _: { client, _ in
            let error = try await qdrantError {
                _ = try await collect(try await client.downloadSnapshot("s", of: owner))
            }
            #expect(error?.code == .requestTimeout)
            // Before the first byte on a machine too busy to answer in time.
            #expect([4, nil].contains(error?.byteOffset))
        }
    }

    @Test("streams a partial snapshot, and answers nil when nothing is newer")
    func partial() async throws {
        try await LoopbackServer.withClient {
            try await $0.receive()
            if $0.index == 0 {
                try await $0.respond(304)
            } else {
                try await $0.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntar\r\n0\r\n\r\n")
            }
        } _: { client, server in
            let manifest: JSONObject = ["s": ["segment_version": .unsigned(.max), "file_versions": ["a": nil]]]
            let nothing = try await client.streamPartialSnapshot(ofShard: 1, of: "books", since: manifest)
            #expect(nothing == nil)
            let download = try #require(try await client.streamPartialSnapshot(ofShard: 1, of: "books", since: [:]))
            let content = try await collect(download)
            #expect(content == "tar")
            #expect(
                server.requests.map(\.uri)
                    == Array(repeating: "/collections/books/shards/1/snapshot/partial/create", count: 2)
            )
            #expect(
                server.requests.map(\.bodyText)
                    == [#"{"s":{"segment_version":18446744073709551615,"file_versions":{"a":null}}}"#, "{}"]
            )
        }
    }

    @Test(
        "reads content ranges",
        arguments: [
            ("bytes 0-9/10", 0, 10), ("bytes 5-9/*", 5, nil), ("Bytes 1-1/2", 1, 2),
        ] as [(String, Int64, Int64?)]
    )
    func ranges(text: String, first: Int64, total: Int64?) throws {
        let range = try #require(ContentRange(text))
        #expect(range.first == first)
        #expect(range.total == total)
    }

    @Test(
        "refuses content ranges that are none",
        arguments: ["", "bytes", "bytes 5/10", "bytes 9-5/10", "lines 0-9/10", "bytes a-b/10", "bytes 0-9/x"]
    )
    func noRanges(text: String) {
        #expect(ContentRange(text) == nil)
    }

    @Test(
        "takes only the last part of a suggested file name",
        arguments: [
            ("attachment; filename=a.tar", "a.tar"), (#"attachment; filename="../../a b.tar""#, "a b.tar"),
            ("attachment", nil),
            ("attachment; filename=", nil), ("inline; x=1; FileName = \"q\"", "q"),
        ] as [(String, String?)]
    )
    func names(disposition: String, name: String?) {
        #expect(fileName(ofDisposition: disposition) == name)
    }
}
