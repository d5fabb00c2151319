import Foundation
import Locks
import NIOCore
import ResticFormat
import ResticRepository
import TarArchive
import TestSupport
import Testing

@testable import QdrantCapture
@testable import QdrantClient

@Suite(
    "When something goes wrong",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .timeLimit(.minutes(5))
)
struct RefusalTests {
    private static let withFaults = EmbeddedQdrant.Options(enablesFaults: true)

    @Test("a snapshot stream that is cut is an error, wherever it is cut", arguments: [0, 100, 5_000, 100_000])
    func cutStream(after bytes: Int) async throws {
        try await CaptureFixture.with(Self.withFaults) { fixture in
            try await RichCollection.create("rich", on: fixture.client)
            let repository = try await fixture.makeRepository()
            try await fixture.order([
                "route": "GET /collections/rich/shards/0/snapshot$", "kind": "cut_after", "bytes": .number(bytes),
            ])
            await #expect(throws: (any Error).self) { _ = try await fixture.capture("rich", into: repository) }
            #expect(try await repository.repository.snapshots().isEmpty)
        }
    }

    @Test("a server that dies in an upload leaves the live collection as it was")
    func cutUpload() async throws {
        try await CaptureFixture.with(Self.withFaults) { fixture in
            let client = fixture.client
            try await RichCollection.create("rich", on: client)
            let live = try await allPoints("rich", client)
            let repository = try await fixture.makeRepository()
            let (tree, _) = try await fixture.capture("rich", into: repository)
            try await fixture.order(["route": "POST .*/snapshots/upload", "kind": "cut_after", "bytes": 50_000])
            await #expect(throws: QdrantError.self) {
                _ = try await fixture.restore("rich", from: tree, in: repository)
            }
            try await fixture.clearFaults()
            #expect(try await client.collections() == ["rich"], "the unfinished copy must be gone")
            #expect(try await allPoints("rich", client) == live)
        }
    }

    @Test("HTTP 200 without data is found out by the counts")
    func fakeSuccess() async throws {
        try await CaptureFixture.with(Self.withFaults) { fixture in
            let client = fixture.client
            try await RichCollection.create("rich", on: client)
            let repository = try await fixture.makeRepository()
            let (tree, _) = try await fixture.capture("rich", into: repository)
            try await fixture.order(["route": "POST .*/snapshots/upload", "kind": "fake_success"])
            let report = try await fixture.restore("rich", from: tree, in: repository) { $0.switchesAliases = true }
            #expect(!report.isVerified)
            #expect(report.differences.contains { $0.contains("0 points instead of 390") }, "\(report.differences)")
            #expect(
                try await client.aliases().map(\.collection) == ["rich"],
                "an unverified copy must not get the alias"
            )
        }
    }

    @Test("in place, data that fails its trial never reaches the live collection")
    func inPlaceTrial() async throws {
        try await CaptureFixture.with(Self.withFaults) { fixture in
            let client = fixture.client
            try await RichCollection.create("rich", on: client)
            let live = try await allPoints("rich", client)
            let repository = try await fixture.makeRepository()
            let (tree, _) = try await fixture.capture("rich", into: repository)
            try await fixture.order(["route": "POST .*/snapshots/upload", "kind": "fake_success", "times": 1])
            let report = try await fixture.restore("rich", from: tree, in: repository) { $0.destination = .inPlace }
            #expect(!report.isVerified)
            #expect(try await allPoints("rich", client) == live)
        }
    }

    @Test("in place, an upload that is cut says that the live collection may be incomplete, and a second try mends it")
    func inPlaceCut() async throws {
        try await CaptureFixture.with(Self.withFaults) { fixture in
            let client = fixture.client
            try await RichCollection.create("rich", on: client)
            let live = try await allPoints("rich", client)
            let repository = try await fixture.makeRepository()
            let (tree, _) = try await fixture.capture("rich", into: repository)
            // The trial copy's route has another name.
            try await fixture.order([
                "route": "POST /collections/rich/.*/snapshots/upload", "kind": "cut_after", "bytes": 50_000,
            ])
            let error = await #expect(throws: CaptureError.self) {
                _ = try await fixture.restore("rich", from: tree, in: repository) { $0.destination = .inPlace }
            }
            #expect(error?.code == .interrupted && error?.message.contains("'rich'") == true)
            #expect(error?.cause is QdrantError, "\(String(describing: error))")
            try await fixture.clearFaults()
            let report = try await fixture.restore("rich", from: tree, in: repository) { $0.destination = .inPlace }
            #expect(report.isVerified, "\(report.differences)")
            #expect(try await allPoints("rich", client) == live)
        }
    }

    @Test("in place, a cancellation in the middle of the live upload says so too")
    func inPlaceCancelled() async throws {
        try await CaptureFixture.with { fixture in
            try await RichCollection.create("rich", on: fixture.client)
            let repository = try await fixture.makeRepository()
            let (tree, _) = try await fixture.capture("rich", into: repository)
            let (reached, reach) = AsyncStream.makeStream(of: Void.self)
            let work = Task {
                let stored = try await StoredCollection("rich", in: tree, of: repository)
                var options = CollectionRestoreOptions(restorePointID: "0badcafe")
                options.destination = .inPlace
                let trial = try await stored.archives().values.reduce(0) { $0 + $1.byteCount }
                let sent = Mutex<Int64>(0)
                let restore = CollectionRestore(stored, to: fixture.client, options: options) { count in
                    // What goes beyond the trial goes to the live collection: stop there until the cancellation is here.
                    guard
                        (sent.withLock {
                            $0 += count; return $0
                        }) > trial
                    else { return }
                    reach.yield()
                    for _ in 0..<10_000 where !Task.isCancelled { usleep(1_000) }
                }
                return try await restore.run(restore.plan())
            }
            for await _ in reached { break }
            work.cancel()
            let error = await #expect(throws: CaptureError.self) { _ = try await work.value }
            #expect(error?.code == .interrupted && error?.cause is CancellationError, "\(String(describing: error))")
        }
    }

    @Test("a stored snapshot with a wrong checksum is refused, and deleted on the server all the same")
    func snapshotIsDeletedAfterFailure() async throws {
        try await CaptureFixture.with(Self.withFaults) { fixture in
            try await RichCollection.create("rich", on: fixture.client)
            let repository = try await fixture.makeRepository()
            try await fixture.order([
                "route": "GET /collections/rich/snapshots/.+", "kind": "cut_after", "bytes": 20_000,
            ])
            await #expect(throws: (any Error).self) {
                _ = try await fixture.capture("rich", into: repository, .snapshot)
            }
            try await fixture.clearFaults()
            #expect(try await fixture.client.snapshots(of: .collection("rich")).isEmpty)
        }
    }

    @Test("a collection that is not there is named")
    func missingCollection() async throws {
        try await CaptureFixture.with { fixture in
            let repository = try await fixture.makeRepository()
            let error = await #expect(throws: CaptureError.self) {
                _ = try await fixture.capture("nothing", into: repository)
            }
            #expect(error?.code == .collectionMissing && error?.message.contains("nothing") == true)
        }
    }

    @Test("a name that is taken is refused before anything is sent", arguments: ["rich", "rich-live"])
    func takenName(name: String) async throws {
        try await CaptureFixture.with { fixture in
            try await RichCollection.create("rich", on: fixture.client)
            let repository = try await fixture.makeRepository()
            let (tree, _) = try await fixture.capture("rich", into: repository)
            let error = await #expect(throws: CaptureError.self) {
                _ = try await fixture.restore("rich", from: tree, in: repository) { $0.destination = .named(name) }
            }
            #expect(error?.code == .targetExists)
        }
    }

    @Test("in place is refused for a live collection with other vectors")
    func incompatibleLive() async throws {
        try await CaptureFixture.with { fixture in
            try await RichCollection.create("rich", on: fixture.client)
            let repository = try await fixture.makeRepository()
            let (tree, _) = try await fixture.capture("rich", into: repository)
            _ = try await fixture.client.deleteCollection("rich")
            try await fixture.client.createCollection("rich", ["vectors": ["size": 4, "distance": "Dot"]])
            let error = await #expect(throws: CaptureError.self) {
                _ = try await fixture.restore("rich", from: tree, in: repository) { $0.destination = .inPlace }
            }
            #expect(error?.code == .incompatible)
        }
    }
}

/// Archives that are none, given to the intake directly.
@Suite("A foreign archive")
struct ForeignArchiveTests {
    private func makeArchive(_ members: [(String, [UInt8])], complete: Bool = true) throws -> ByteBuffer {
        var writer = TarWriter()
        var bytes = ByteBuffer()
        for (path, content) in members {
            bytes.writeImmutableBuffer(
                try writer.begin(TarMember(path: try TarPath(path), content: .file(size: Int64(content.count))))
            )
            bytes.writeImmutableBuffer(try writer.data(ByteBuffer(bytes: content)))
            bytes.writeImmutableBuffer(try writer.endMember())
        }
        if complete { bytes.writeImmutableBuffer(try writer.finish()) }
        return bytes
    }

    private static let whole: [(String, [UInt8])] = [
        ("segments/0123/files/data", [1, 2, 3]), ("segments/0123/segment.json", [123, 125]),
        ("segments/0123/version.info", Array("0.6.0".utf8)), ("shard_config.json", [123, 125]),
    ]

    private func take(_ archive: ByteBuffer) async throws {
        let repository = try await Repository.create(
            in: MemoryStore(),
            password: [1],
            createdAt: .epoch,
            scrypt: cheapScryptForIntake()
        ).loadIndex()
        _ = try await repository.write { writer in
            var intake = ArchiveIntake(writer: writer, layout: .shard(0), label: "a test")
            try await intake.feed(archive)
            return try intake.finish().count
        }
    }

    @Test("with all that a shard has is taken")
    func whole() async throws {
        try await take(makeArchive(Self.whole))
    }

    @Test("is refused when a file is missing that every shard has", arguments: 0..<4)
    func missingMember(index: Int) async throws {
        var members = Self.whole
        members.remove(at: index)
        if index == 0 { return }  // A segment without data files is unusual but whole.
        let archive = try makeArchive(members)
        let error = await #expect(throws: CaptureError.self) { try await take(archive) }
        #expect(error?.code == .foreignArchive)
    }

    @Test(
        "is refused when it holds what no shard has",
        arguments: ["etc/passwd", "segments/loose", "README", "wal/a/b", "segments/0123.tar/x"]
    )
    func strangeMember(path: String) async throws {
        let archive = try makeArchive(Self.whole + [(path, [1])])
        if path == "segments/0123.tar/x" { return }  // A folder of that name is a segment's own business.
        let error = await #expect(throws: CaptureError.self) { try await take(archive) }
        #expect(error?.code == .foreignArchive)
    }

    @Test("is refused when it is cut off anywhere")
    func truncated() async throws {
        let archive = try makeArchive(Self.whole)
        for length in stride(from: 0, to: archive.readableBytes - 1, by: 97) {
            let piece = try #require(archive.getSlice(at: 0, length: length))
            let error = await #expect(throws: CaptureError.self, "at \(length)") { try await take(piece) }
            #expect(error?.code == .foreignArchive)
        }
    }
}

/// The server really dies, in the middle of a transfer.
@Suite(
    "A server that is killed",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .timeLimit(.minutes(5))
)
struct KilledServerTests {
    private func fill(_ client: QdrantClient) async throws {
        var generator = SeededGenerator(seed: 9)
        try await client.createCollection("large", ["vectors": ["size": 256, "distance": "Dot"]])
        for batch in 0..<8 {
            let points = (0..<1000).map { index in
                Point(
                    id: .number(UInt64(batch * 1000 + index)),
                    vector: (0..<256).map { _ in Float.random(in: -1...1, using: &generator) }
                )
            }
            _ = try await client.upsert(points, in: "large")
        }
    }

    /// Kills the server once, at the first sign of a transfer.
    private func killer(of server: EmbeddedQdrant) -> @Sendable (Int64) -> Void {
        let once = Once()
        return { _ in
            guard once.isFirst() else { return }
            server.killNow()
        }
    }

    @Test("while it streams a snapshot: an error that says so, and nothing is recorded")
    func whileStreaming() async throws {
        try await CaptureFixture.with { fixture in
            try await fill(fixture.client)
            let repository = try await fixture.makeRepository()
            let capture = CollectionCapture(
                client: fixture.client,
                collection: "large",
                progress: killer(of: fixture.server)
            )
            let error = await #expect(throws: (any Error).self) {
                _ = try await repository.write { writer in try await capture.capture(into: writer).manifest.name }
            }
            #expect(error is QdrantError || error is CaptureError, "\(String(describing: error))")
            #expect(try await repository.repository.snapshots().isEmpty)
        }
    }

    @Test("while it takes an upload: an error that says so, and the live collection is as it was after a restart")
    func whileUploading() async throws {
        try await CaptureFixture.with { fixture in
            try await fill(fixture.client)
            let live = try await allPoints("large", fixture.client)
            let repository = try await fixture.makeRepository()
            let (tree, _) = try await fixture.capture("large", into: repository)
            let stored = try await StoredCollection("large", in: tree, of: repository)
            let restore = CollectionRestore(
                stored,
                to: fixture.client,
                options: CollectionRestoreOptions(restorePointID: "0badcafe"),
                progress: killer(of: fixture.server)
            )
            let plan = try await restore.plan()
            await #expect(throws: QdrantError.self) { _ = try await restore.run(plan) }
            try await fixture.server.restart()
            #expect(try await allPoints("large", fixture.client) == live)
        }
    }
}

/// Says once that it is the first time.
private final class Once: Sendable {
    private let done = Mutex(false)
    func isFirst() -> Bool {
        done.withLock { done in
            defer { done = true }; return !done
        }
    }
}
