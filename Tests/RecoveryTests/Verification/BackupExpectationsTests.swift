import Foundation
import QdrantCapture
import ResticCrypto
import ResticFormat
import ResticRepository
import Testing

@testable import Recovery

@Suite("What backups are expected to be")
struct BackupExpectationsTests {
    private typealias Line = BackupExpectations.Line

    private static let newest = GoTime(rfc3339: "2026-06-30T12:00:00Z") ?? .zero

    private static func configuration() throws -> HoldfastConfiguration {
        HoldfastConfiguration(
            version: 1,
            repository: .init(
                location: .folder("/r"),
                password: try SecretReference("env:P", relativeTo: "/"),
                compression: .auto
            ),
            system: "s",
            qdrant: .init(
                url: try #require(URL(string: "http://127.0.0.1:1")),
                apiKey: nil,
                caCertificate: nil,
                collections: [.init(name: "book", method: .stream, goldenQueries: 5)],
                timeout: .seconds(1)
            ),
            documents: [.init(name: "docs", path: "/d", selection: .everything)],
            restore: .standard
        )
    }

    /// One restore point a day, the newest first.
    private static func points(
        _ count: Int,
        _ change: (inout RestorePointManifest.Part, Int) -> Void = { _, _ in }
    ) -> [RestorePoint] {
        (0..<count).map { index in
            let time = newest.advanced(by: .seconds(-86_400 * index))
            var parts = [part(.qdrant, time), part(.documents, time)]
            for place in parts.indices { change(&parts[place], index) }
            return RestorePoint(
                snapshot: ContentHash.id(of: [UInt8(index)]),
                time: time,
                manifest: RestorePointManifest(
                    format: 2,
                    id: "point\(index)",
                    system: "s",
                    startedAt: time.rfc3339,
                    finishedAt: time.rfc3339,
                    tool: "t",
                    parts: parts
                )
            )
        }
    }

    private static func part(_ component: Component, _ time: GoTime) -> RestorePointManifest.Part {
        RestorePointManifest.Part(
            component: component,
            snapshot: "",
            tree: "",
            startedAt: time.rfc3339,
            finishedAt: time.rfc3339,
            files: 0,
            bytes: 0,
            collections: component != .qdrant
                ? []
                : [
                    .init(
                        name: "book_v2",
                        points: 1000,
                        shards: 1,
                        method: "stream",
                        serverVersion: "1",
                        goldenQueries: 0,
                        aliases: ["book"],
                        files: 1,
                        bytes: 100_000_000,
                        dataBytes: 50_000_000,
                        warnings: []
                    )
                ],
            folders: component != .documents
                ? []
                : [
                    .init(
                        name: "docs",
                        path: "/d",
                        files: 100,
                        directories: 1,
                        otherItems: 0,
                        bytes: 30_000_000,
                        skipped: []
                    )
                ]
        )
    }

    private func judge(_ points: [RestorePoint], hoursLater hours: Int64 = 1) throws -> [Line] {
        BackupExpectations(
            try Self.configuration(),
            now: Self.newest.advanced(by: .seconds(hours * 3600))
        ).judge(points)
    }

    private func verdict(
        _ lines: [Line],
        _ component: Component,
        _ expectation: BackupExpectations.Expectation
    ) -> BackupExpectations.Verdict? {
        lines.first { $0.component == component && $0.expectation == expectation }?.verdict
    }

    @Test("are met by a restore point a day, but for what nobody has read")
    func met() throws {
        let lines = try judge(Self.points(5))
        #expect(lines.count == 8)
        for line in lines { #expect(line.verdict == (line.expectation == .readable ? .untested : .ok), "\(line)") }
    }

    @Test("fail without any restore point, for each component")
    func nothing() throws {
        let lines = try judge([])
        #expect(lines.map(\.component) == [.qdrant, .documents])
        #expect(lines.allSatisfy { $0.expectation == .present && $0.verdict == .failed })
    }

    @Test("ask each component for its own age, whatever else is newer")
    func age() throws {
        var points = Self.points(3)
        points[0].removePart(.documents)
        points[1].removePart(.documents)
        let lines = try judge(points)
        #expect(verdict(lines, .qdrant, .age) == .ok)
        #expect(verdict(lines, .documents, .age) == .failed)
        #expect(
            lines.contains { $0.detail.contains("point2, is 49 h old") || $0.detail.contains("2 d 1 h old") },
            "\(lines)"
        )
        #expect(verdict(try judge(Self.points(1), hoursLater: 26), .qdrant, .age) == .ok)
        #expect(verdict(try judge(Self.points(1), hoursLater: 27), .qdrant, .age) == .failed)
        #expect(verdict(try judge(Self.points(1), hoursLater: -2), .qdrant, .age) == .untested)
    }

    @Test("miss what the configuration names, and take no run about some collections for one about all")
    func present() throws {
        let lines = try judge(
            Self.points(2) { part, index in
                if index == 0, part.component == .qdrant { part.chosen = ["other"] }
                if part.component == .documents { part.folders[0].name = "another" }
            },
            hoursLater: 3
        )
        #expect(verdict(lines, .documents, .present) == .failed)
        #expect(lines.contains { $0.detail == "restore point point0 lacks documents 'docs'" }, "\(lines)")
        #expect(verdict(lines, .qdrant, .present) == .ok)
        #expect(verdict(lines, .qdrant, .age) == .failed)
        let gone = try judge(Self.points(1) { part, _ in if part.component == .qdrant { part.collections = [] } })
        #expect(verdict(gone, .qdrant, .present) == .failed)
    }

    @Test(
        "compare sizes with the median of those before",
        arguments: [
            (1000, .ok), (500, .ok), (499, .failed), (2001, .ok), (2002, .failed), (0, .failed), (UInt64.max, .failed),
        ] as [(UInt64, BackupExpectations.Verdict)]
    )
    func sizes(points: UInt64, expected: BackupExpectations.Verdict) throws {
        let lines = try judge(
            Self.points(6) { part, index in
                guard part.component == .qdrant else { return }
                // One that was odd before does not move the median.
                part.collections[0].points = index == 0 ? points : index == 3 ? 7 : 1000
            }
        )
        #expect(verdict(lines, .qdrant, .size) == expected, "\(lines)")
        #expect(verdict(lines, .documents, .size) == .ok)
    }

    @Test("judge no size with less than three to compare with, and no difference that is small in itself")
    func noSizes() throws {
        func shrunken(_ count: Int, files: Int, to left: Int) throws -> BackupExpectations.Verdict? {
            let points = Self.points(count) { part, index in
                if part.component == .documents { part.folders[0].files = index == 0 ? left : files }
            }
            return verdict(try judge(points), .documents, .size)
        }
        #expect(try shrunken(3, files: 100, to: 1) == .ok)
        #expect(try shrunken(4, files: 100, to: 1) == .failed)
        #expect(try shrunken(4, files: 11, to: 1) == .ok)
    }

    @Test("take content for readable only when all of it was read, now or by and by, and say else how much was")
    func readable() throws {
        func line(_ depth: TreeVerifier.Depth, _ coverage: DataCoverage?) throws -> Line {
            let points = Self.points(1)
            let parts = points[0].manifest.parts.map { part in
                var result = RestorePointVerification.Part(
                    component: part.component,
                    report: VerificationReport(),
                    differences: []
                )
                result.coverage = coverage
                return result
            }
            let verification = RestorePointVerification(restorePoint: points[0], depth: depth, parts: parts)
            let lines = BackupExpectations(try Self.configuration(), now: Self.newest)
                .judge(points, [points[0].manifest.id: verification])
            return try #require(lines.first { $0.expectation == .readable })
        }
        #expect(try line(.content, nil).verdict == .ok)
        #expect(try line(.structure, nil).verdict == .untested)
        var share = DataCoverage(packs: 20, bytes: 2000, packsRead: 1, bytesRead: 100)
        share.packsCovered = 1
        let first = try line(.structure, share)
        #expect(first.verdict == .untested && first.detail.contains("1 of 20 packs (100 of 2000 bytes)"), "\(first)")
        (share.packsCovered, share.oldestReadingAge) = (19, 86_400 * 18)
        let almost = try line(.structure, share)
        #expect(almost.verdict == .untested && almost.detail.contains("19 of them within 18 d"), "\(almost)")
        share.packsCovered = 20
        let all = try line(.structure, share)
        #expect(all.verdict == .ok && all.detail.contains("all 20 packs") && all.detail.contains("18 d ago"), "\(all)")
        // Nothing to read is nothing that was read.
        #expect(try line(.structure, DataCoverage()).verdict == .untested)
    }
}

extension RestorePoint {
    fileprivate mutating func removePart(_ component: Component) {
        var manifest = manifest
        manifest.parts.removeAll { $0.component == component }
        self = RestorePoint(snapshot: snapshot, time: time, manifest: manifest)
    }
}
