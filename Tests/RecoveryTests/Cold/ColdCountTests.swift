import Foundation
import Logging
import QdrantClient
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@testable import Recovery

@Suite("Counts around the cold route", .timeLimit(.minutes(2)))
struct ColdCountTests {
    typealias Collection = RestorePointManifest.StorageSummary.Collection

    private func collection(_ before: UInt64?, _ after: UInt64?) -> Collection {
        Collection(name: "book", shards: 1, points: before, pointsAfter: after)
    }

    /// A restore point whose storage holds `book` with so many points.
    private func point(_ id: String, at time: Int64, _ points: UInt64?, of fixture: ColdFixture) async throws
        -> RestorePoint
    {
        let latest = try await fixture.latest()
        var manifest = latest.manifest
        manifest.id = id
        manifest.parts[0].storage?.collections = [collection(points, points)]
        return RestorePoint(
            snapshot: latest.snapshot,
            time: latest.time.advanced(by: .seconds(time)),
            manifest: manifest
        )
    }

    @Test("are taken before the stop and after the start; a proxy that says 503 for a stopped server is no server")
    func around() async throws {
        try await FakeServer.with { server, url in
            try await ColdFixture.withContainer(url: url) { state, _ in
                state.containers["qdrant"]?.onStop = { server.state.change { $0.isRunning = false } }
                state.containers["qdrant"]?.onStart = {
                    server.state.change { $0 = FakeServer.State(isRunning: true, points: 7) }
                }
            } _: { fixture, _ in
                let fixture = fixture
                let report = try await withQdrantClient(endpoint: QdrantEndpoint(url: url), logger: fixture.logger) {
                    try await fixture.backUp(client: $0)
                }
                let held = try #require(report.restorePoint[.qdrant]?.storage?.collections.first)
                #expect(held.points == 5 && held.pointsAfter == 7 && held.countText == "5 to 7", "\(held)")
                #expect(report.problems.isEmpty && report.restorePoint[.qdrant]?.storage?.serverVersion == "1.15.0")
            }
        }
    }

    @Test("say nothing of a server behind another status, which is named")
    func otherStatus() async throws {
        try await FakeServer.with { server, url in
            server.state.change { $0 = FakeServer.State(isRunning: false, status: 404) }
            let pulse = ServerPulse(url: try #require(URL(string: url)))
            #expect(await pulse.answer() == "with status 404")
            for status in [502, 503, 504] {
                server.state.change { $0.status = status }
                #expect(await pulse.answer() == nil)
            }
        }
    }

    @Test(
        "admit what can have been there at the moment of the capture",
        arguments: [
            (5, 7, 4, LiveFinding.State.smaller), (5, 7, 5, .same), (5, 7, 6, .same), (7, 5, 6, .same),
            (5, 7, 8, .larger), (5, nil, 5, .same), (5, nil, 4, .smaller), (nil, nil, 5, .unknown),
        ] as [(UInt64?, UInt64?, UInt64, LiveFinding.State)]
    )
    func admits(before: UInt64?, after: UInt64?, live: UInt64, expected: LiveFinding.State) async throws {
        let held = collection(before, after)
        #expect(ColdRecovery.finding(held, ["book": live]).state == expected)
        try await ColdFixture.with { fixture in
            _ = try await fixture.backUp()
            let point = try await point("aaaaaaaa", at: 100, before, of: fixture)
            let verdict = ColdDrill.verdict(live, held, Plausibility(point: point, all: []))
            let outcome: CheckOutcome =
                switch expected {
                case .same: .verified
                case .unknown: .untested
                default: .failed
                }
            #expect(verdict.outcome == outcome, "\(verdict)")
        }
    }

    @Test("that fall to nothing are found by a drill, and those that halve make a restore point doubtful")
    func emptied() async throws {
        try await ColdFixture.with { fixture in
            _ = try await fixture.backUp()
            let old = try await point("aaaaaaaa", at: 100, 12, of: fixture)
            let new = try await point("bbbbbbbb", at: 200, 0, of: fixture)
            let unknown = try await point("cccccccc", at: 200, nil, of: fixture)
            #expect(
                Plausibility(point: new, all: [new, old]).problem(ofCollection: "book")?.contains("had 12") == true
            )
            #expect(Plausibility(point: old, all: [new, old]).problem(ofCollection: "book") == nil)
            let verdict = ColdDrill.verdict(0, collection(0, 0), Plausibility(point: new, all: [new, old]))
            #expect(verdict.outcome == .failed)
            let uncounted = ColdDrill.verdict(0, collection(nil, nil), Plausibility(point: unknown, all: [old]))
            #expect(uncounted.outcome == .failed)
            #expect(PointChoice.shrinkage(of: new, since: old).count == 1)
            #expect(PointChoice.shrinkage(of: old, since: new).isEmpty)
            #expect(PointChoice.shrinkage(of: unknown, since: old).isEmpty)
        }
    }

    @Test("that are smaller do not make a recovery replace the whole storage, unless that is asked for")
    func smaller() async throws {
        try await ColdFixture.with { fixture in
            _ = try await fixture.backUp()
            let repository = try await fixture.repository.loadIndex()
            for only in [Set<Component>(), [.qdrant]] {
                var options = RecoverOptions()
                options.components = only
                let recovery = ColdRecovery(
                    context: RecoveryContext(
                        configuration: fixture.configuration,
                        repository: repository,
                        point: try await fixture.latest(),
                        options: options,
                        clock: SystemWallClock(),
                        logger: fixture.logger,
                        progress: SilentProgress()
                    ),
                    client: nil,
                    environment: [:],
                    stopped: fixture.stopped
                )
                let findings = [LiveFinding(.qdrant, "book", .smaller, "it has 4 points, 5 were captured", missing: 1)]
                guard only.isEmpty else {
                    #expect(try await recovery.plan(findings).map(\.kind) == [.replace])
                    continue
                }
                let error = await #expect(throws: RecoveryError.self) { _ = try await recovery.plan(findings) }
                #expect(error?.code == .refused && error?.hint?.contains("--only qdrant") == true)
            }
        }
    }
}
