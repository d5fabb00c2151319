import Foundation
import LocalStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

/// A damaged repository that is kept as an archive (`Fixtures/make-damaged`), and what is wrong with it.
struct DamagedFixture: Sendable, CustomTestStringConvertible {
    let name: String
    /// What a check of the structure finds, and one that reads all data.
    let structure: [CheckFinding.Kind]
    let data: [CheckFinding.Kind]
    /// What it remarks.
    let remarks: [CheckRemark.Kind]
    /// The files that the findings of the second hit, and in how many snapshots.
    let files: [String]
    let snapshots: Int

    init(
        _ name: String,
        _ structure: [CheckFinding.Kind] = [],
        data: [CheckFinding.Kind]? = nil,
        remarks: [CheckRemark.Kind] = [],
        files: [String] = [],
        snapshots: Int = 0
    ) {
        self.name = name
        self.structure = structure
        self.data = data ?? structure
        self.remarks = remarks
        self.files = files
        self.snapshots = snapshots
    }

    var testDescription: String { name }

    static let all = [
        DamagedFixture("sound"),
        DamagedFixture("pack-unindexed", remarks: [.unindexedPack]),
        DamagedFixture("foreign-files", remarks: [.foreignFile]),
        DamagedFixture("lock-empty", [.lock]),
        DamagedFixture("key-copied", [.key]),
        DamagedFixture("snapshot-flipped", [.snapshot]),
        DamagedFixture("pack-header-flipped", data: [.pack]),
        DamagedFixture("pack-blob-flipped", data: [.pack], files: ["/numbers.txt"], snapshots: 2),
        DamagedFixture("pack-truncated", [.pack], files: ["/numbers.txt"], snapshots: 2),
        DamagedFixture("pack-missing", [.pack], files: ["/notes/readme.txt", "/numbers.txt"], snapshots: 2),
    ]
}

@Suite("A kept damaged repository", .timeLimit(.minutes(5)))
struct DamagedFixtureTests {
    private func withFixture<Value>(_ name: String, _ body: (String) async throws -> Value) async throws -> Value {
        try await TemporaryDirectory.with { folder in
            let archive = "\(PackageRoot.path)/Tests/ResticRepositoryTests/Fixtures/\(name).tar.gz"
            let tar = try #require(Program.find("tar"))
            let outcome = try await tar.run(["-xzf", archive, "-C", folder.path])
            try #require(outcome.succeeded, "\(outcome)")
            return try await body(folder.path("repo"))
        }
    }

    @Test("is diagnosed as what it is", arguments: DamagedFixture.all)
    func findings(fixture: DamagedFixture) async throws {
        try await withFixture(fixture.name) { path in
            let repository = try await Repository.open(in: LocalStore(path: path), password: password)
            let structure = try await RepositoryCheck(repository).run()
            #expect(structure.findings.map(\.kind) == fixture.structure, "\(structure.findings)")
            #expect(structure.remarks.map(\.kind) == fixture.remarks, "\(structure.remarks)")
            let data = try await RepositoryCheck(repository, readingData: .all).run()
            #expect(data.findings.map(\.kind) == fixture.data, "\(data.findings)")
            let files = Set(data.findings.flatMap(\.files.items))
            #expect(files.sorted() == fixture.files, "\(data.findings)")
            #expect(Set(data.findings.flatMap(\.snapshots.items)).count == fixture.snapshots)
        }
    }

    @Test(
        "without its index is mended from its packs, and restic accepts it",
        arguments: ["index-missing", "index-flipped", "index-empty", "index-wrong-name"]
    )
    func index(name: String) async throws {
        try await withFixture(name) { path in
            let repository = try await Repository.open(in: LocalStore(path: path), password: password)
            #expect(try await !RepositoryCheck(repository).run().isIntact)
            let repair = IndexRepair(repository)
            try await repair.apply(repair.plan())
            let report = try await RepositoryCheck(repository, readingData: .all).run()
            #expect(report.isIntact, "\(report.findings)")
            if Restic.isInstalled { try await Restic(path).check() }
        }
    }

    @Test("whose trees are gone names the snapshot that cannot be read")
    func trees() async throws {
        try await withFixture("tree-pack-missing") { path in
            let repository = try await Repository.open(in: LocalStore(path: path), password: password)
            let report = try await RepositoryCheck(repository).run()
            #expect(
                report.findings.map(\.kind) == [.pack] && !report.findings[0].snapshots.isEmpty,
                "\(report.findings)"
            )
            #expect(report.findings[0].files.items.contains("/"))
        }
    }

    @Test("without its config is no repository")
    func config() async throws {
        try await withFixture("config-missing") { path in
            let error = await #expect(throws: RepositoryError.self) {
                try await Repository.open(in: LocalStore(path: path), password: password)
            }
            #expect(error?.code == .noRepository)
        }
    }
}
