import Foundation
import LocalStorage
import Logging
import NIOCore
import ResticCrypto
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@testable import QdrantCapture
@testable import QdrantClient

let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// Every kind of vector and id, payload indexes, quantisation, deleted points: what the issue asks to come back equal.
enum RichCollection {
    static let pointCount = 400

    static func configuration(shards: Int = 1) -> JSONObject {
        [
            "vectors": [
                "dense": ["size": 24, "distance": "Cosine"],
                "half": ["size": 16, "distance": "Euclid", "datatype": "float16"],
                "bytes": ["size": 8, "distance": "Dot", "datatype": "uint8"],
                "multi": ["size": 6, "distance": "Dot", "multivector_config": ["comparator": "max_sim"]],
                "quantised": [
                    "size": 32, "distance": "Cosine",
                    "quantization_config": ["scalar": ["type": "int8", "always_ram": true]],
                ],
            ],
            "sparse_vectors": ["sparse": [:]],
            "shard_number": .number(shards),
        ]
    }

    static func points(_ generator: inout SeededGenerator) -> [Point] {
        (0..<pointCount).map { index in makePoint(index, &generator) }
    }

    private static func makePoint(_ index: Int, _ generator: inout SeededGenerator) -> Point {
        func floats(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1, using: &generator) } }
        var vectors: [String: Vector] = [
            "dense": .dense(floats(24)), "half": .dense(floats(16)),
            "bytes": .dense((0..<8).map { _ in Float(UInt8.random(in: 0...255, using: &generator)) }),
            "multi": .multi((0..<(1 + index % 3)).map { _ in floats(6) }), "quantised": .dense(floats(32)),
            "sparse": .sparse(SparseVector(indices: [UInt32(index % 50), 1000, 4_000_000_000], values: floats(3))),
        ]
        // Points may lack vectors.
        if index % 7 == 0 { vectors["multi"] = nil }
        if index % 11 == 0 { vectors["sparse"] = nil }
        let id: PointID =
            switch index % 3 {
            case 0: .number(UInt64(index))
            case 1: .number(UInt64.max - UInt64(index))
            default: .uuid(UniqueID(high: generator.next(), low: generator.next()))
            }
        return Point(
            id: id,
            vectors: .named(vectors),
            payload: [
                "city": .string(["Tübingen", "Łódź", "東京"][index % 3]), "big": .number(UInt64.max - UInt64(index)),
                "count": .number(index), "nested": ["a": [1, 2.5, .null, true]],
            ]
        )
    }

    /// Makes the collection, fills it, deletes some points, indexes two fields, and gives it an alias.
    static func create(_ name: String, on client: QdrantClient, seed: UInt64 = 1, shards: Int = 1) async throws {
        var generator = SeededGenerator(seed: seed)
        try await client.createCollection(name, configuration(shards: shards))
        _ = try await client.createPayloadIndex("city", "keyword", in: name)
        _ = try await client.createPayloadIndex("count", "integer", in: name)
        let points = points(&generator)
        for start in stride(from: 0, to: points.count, by: 100) {
            _ = try await client.upsert(Array(points[start..<min(start + 100, points.count)]), in: name)
        }
        _ = try await client.deletePoints(.ids(points.prefix(10).map(\.id)), in: name)
        try await client.updateAliases([.create(alias: "\(name)-live", collection: name)])
    }
}

/// Every point of a collection with vectors and payload, in the order of ids.
func allPoints(_ collection: String, _ client: QdrantClient) async throws -> [PointRecord] {
    var records: [PointRecord] = []
    for try await page in client.scrollPages(ScrollRequest(limit: 200, payload: .all, vectors: .all), in: collection) {
        records += page
    }
    return records
}

/// A server, a client and a repository for one test.
struct CaptureFixture {
    let server: EmbeddedQdrant
    let client: QdrantClient
    let folder: TemporaryDirectory

    static func with(
        _ options: EmbeddedQdrant.Options = EmbeddedQdrant.Options(),
        _ body: (CaptureFixture) async throws -> Void
    ) async throws {
        try await TemporaryDirectory.with { folder in
            try await withEmbeddedQdrant(options) { server in
                let endpoint = try QdrantEndpoint(url: server.baseURL)
                try await withQdrantClient(endpoint: endpoint, logger: silent) { client in
                    try await body(CaptureFixture(server: server, client: client, folder: folder))
                }
            }
        }
    }

    func makeRepository() async throws -> IndexedRepository {
        try await Repository.create(
            in: LocalStore(path: folder.path("repo")),
            password: Array("pw".utf8),
            createdAt: SystemWallClock().now,
            scrypt: try ScryptParameters(n: 1024, r: 1, p: 1)
        ).loadIndex()
    }

    /// Captures a collection.
    ///
    /// - Returns: the tree of the snapshot that a backup would save, and the manifest.
    func capture(
        _ name: String,
        into repository: IndexedRepository,
        _ method: CaptureMethod = .stream
    ) async throws -> (ResticID, CollectionManifest) {
        var options = CollectionCapture.Options()
        options.method = method
        options.seed = 42
        options.pollInterval = .milliseconds(50)
        let capture = CollectionCapture(client: client, collection: name, options: options)
        let (result, _) = try await repository.write { writer in
            let captured = try await capture.capture(into: writer)
            var composer = TreeComposer(time: .epoch, host: repository.repository.host)
            try await captured.compose(into: &composer)
            let bytes = try captured.manifest.encode()
            let content = try await writer.store(bytes)
            composer.addFile(
                CollectionManifest.path(of: captured.manifest.name),
                size: Int64(bytes.count),
                blobs: try await content.blobs()
            )
            return (try await composer.store(into: writer), captured.manifest)
        }
        return result
    }

    func restore(
        _ name: String,
        from tree: ResticID,
        in repository: IndexedRepository,
        _ change: (inout CollectionRestoreOptions) -> Void = { _ in }
    ) async throws -> CollectionRestoreReport {
        var options = CollectionRestoreOptions(restorePointID: "0badcafe")
        options.greenDeadline = .seconds(60)
        options.pollInterval = .milliseconds(50)
        change(&options)
        let stored = try await StoredCollection(name, in: tree, of: repository)
        let restore = CollectionRestore(stored, to: client, options: options)
        return try await restore.run(restore.plan())
    }

    /// Orders faults of the server.
    func order(_ fault: JSONObject) async throws {
        try await send("PUT", body: Array(try fault.written().readableBytesView))
    }

    func clearFaults() async throws {
        try await send("DELETE", body: nil)
    }

    private func send(_ method: String, body: [UInt8]?) async throws {
        let curl = try #require(Program.find("curl"))
        var arguments = [
            "-sS", "--fail-with-body", "-X", method, server.baseURL + "/_faults", "-H",
            "Content-Type: application/json",
        ]
        if let body { arguments += ["--data-binary", String(decoding: body, as: UTF8.self)] }
        let outcome = try await curl.run(arguments)
        try #require(outcome.succeeded, "\(outcome)")
    }
}

/// A derivation that costs nothing; for tests that are about something else.
func cheapScryptForIntake() throws -> ScryptParameters {
    try ScryptParameters(n: 2, r: 1, p: 1)
}
