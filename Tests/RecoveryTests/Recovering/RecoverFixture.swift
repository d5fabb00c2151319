import Foundation
import LocalStorage
import Logging
import QdrantCapture
import QdrantClient
import ResticCrypto
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@testable import Recovery

/// A small protected system: an embedded Qdrant with one collection, a folder of documents, a repository with one restore point.
struct RecoverFixture {
    static let collection = "textbook_knowledge"
    static let pages = 12
    static let points = 120

    let server: EmbeddedQdrant
    let client: QdrantClient
    let folder: TemporaryDirectory
    let repository: Repository
    let store: FileRecoveryStateStore
    var configuration: HoldfastConfiguration
    let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    static func with(more: String = "", _ body: (inout RecoverFixture) async throws -> Void) async throws {
        try await TemporaryDirectory.with { folder in
            try await withEmbeddedQdrant { server in
                let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
                try await withQdrantClient(endpoint: QdrantEndpoint(url: server.baseURL), logger: logger) { client in
                    let repository = try await Repository.create(
                        in: LocalStore(path: folder.path("repo")),
                        password: Array("pw".utf8),
                        createdAt: SystemWallClock().now,
                        scrypt: try ScryptParameters(n: 2, r: 1, p: 1)
                    )
                    let text = """
                        version: 1
                        repository: {location: \(folder.path("repo")), password: env:HOLDFAST_PASSWORD}
                        system: test
                        qdrant: {url: "\(server.baseURL)", collections: [\(collection)]}
                        documents: [{name: docs, path: \(folder.path("docs"))}]
                        \(more)
                        """
                    var fixture = RecoverFixture(
                        server: server,
                        client: client,
                        folder: folder,
                        repository: repository,
                        store: FileRecoveryStateStore(folder: folder.path("state")),
                        configuration: try HoldfastConfiguration.parse(
                            Array(text.utf8),
                            file: "holdfast.yaml",
                            folder: folder.path
                        )
                    )
                    try await fixture.fill()
                    try await fixture.backUp()
                    try await body(&fixture)
                }
            }
        }
    }

    func write(_ text: String, to path: String) throws {
        let url = URL(filePath: folder.path(path))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func read(_ path: String) -> String? { try? String(contentsOfFile: folder.path(path), encoding: .utf8) }

    private func fill() async throws {
        var generator = SeededGenerator(seed: 3)
        for page in 0..<Self.pages { try write("# Page \(page)\n\ntext \(page)\n", to: "docs/part/page-\(page).mdx") }
        try await client.createCollection(Self.collection, ["vectors": ["size": 8, "distance": "Cosine"]])
        _ = try await client.createPayloadIndex("path", "keyword", in: Self.collection)
        let points = (0..<Self.points).map { index in
            Point(
                id: .number(UInt64(index)),
                vector: (0..<8).map { _ in Float.random(in: -1...1, using: &generator) },
                payload: ["path": .string("part/page-\(index % Self.pages).mdx")]
            )
        }
        _ = try await client.upsert(points, in: Self.collection)
        try await client.updateAliases([.create(alias: "live", collection: Self.collection)])
    }

    @discardableResult
    func backUp(only: Component? = nil) async throws -> RestorePointManifest {
        // Times of change have the clock's own steps: what is written after a capture must be later than its beginning.
        try await Task.sleep(for: .milliseconds(20))
        var plan = BackupPlan(
            system: "test",
            selecting: only == .documents ? nil : CollectionSelection(entries: configuration.qdrant?.collections ?? []),
            folders: only == .qdrant ? [] : configuration.documents
        )
        if only == nil {
            // A test makes its checkout after the first backup.
            plan.checkouts = configuration.code.filter { FileManager.default.fileExists(atPath: $0.path) }
        }
        let report = try await BackupRun(
            plan,
            into: repository.loadIndex(),
            client: client,
            logger: silent,
            toolVersion: "holdfast test"
        ).run()
        try await Task.sleep(for: .milliseconds(20))
        return report.restorePoint
    }

    func destroyEverything() async throws {
        _ = try? await client.deleteCollection(Self.collection)
        try? FileManager.default.removeItem(atPath: folder.path("docs"))
    }

    func run(_ options: RecoverOptions = RecoverOptions(), client: QdrantClient? = nil) async throws -> RecoverRun {
        RecoverRun(
            configuration,
            from: try await repository.loadIndex(),
            client: client ?? self.client,
            options: options,
            store: store,
            environment: ["PATH": "/usr/bin:/bin", "LOG": folder.path("log"), "HOLDFAST_PASSWORD": "pw"],
            logger: silent,
            toolVersion: "holdfast test"
        )
    }

    @discardableResult
    func recover(
        _ options: RecoverOptions = RecoverOptions(),
        _ wish: PointChoice.Wish = .latest,
        observer: any RecoverObserver = Interrupter()
    ) async throws -> RecoveryReport {
        let run = try await run(options)
        return try await run.run(try await run.prepare(try await run.assess(wish)), observer: observer)
    }

    func isWhole() async throws -> Bool {
        let count = try await client.count(in: Self.collection)
        let text = (0..<Self.pages).allSatisfy { read("docs/part/page-\($0).mdx") == "# Page \($0)\n\ntext \($0)\n" }
        let alias = try await client.aliases().map(\.alias)
        return count == UInt64(Self.points) && text && alias == ["live"]
    }
}

/// Interrupts a recovery after a step, as a cancelled task would be.
final class Interrupter: RecoverObserver {
    let step: String?
    private let log = Guarded<[String]>([])

    init(after step: String? = nil) {
        self.step = step
    }

    var begun: [String] { log.value }

    func stepBegan(_ step: String) async { log.change { $0.append(step) } }
    func stepEnded(_ step: RecoveryState.Step) async throws {
        if step.id == self.step { throw CancellationError() }
    }
    func checked(_ result: CheckResult) async {}
}
