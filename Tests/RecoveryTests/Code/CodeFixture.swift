import Foundation
import Logging
import NIOCore
import ObjectStorage
import ResticCrypto
import ResticFormat
import TestSupport
import Testing

@testable import Recovery
@testable import ResticRepository

/// A repository of ours in memory, and checkouts of the real `git` in a folder of the test.
struct CodeFixture {
    let folder: TemporaryDirectory
    let store: MemoryStore
    private let program: Program
    private static let password = Array("a password".utf8)

    static func with(_ body: (CodeFixture) async throws -> Void) async throws {
        let program = try #require(Program.find("git"), "git is not installed")
        try await TemporaryDirectory.with { folder in
            let store = MemoryStore()
            let scrypt = try ScryptParameters(n: 1024, r: 1, p: 1)
            _ = try await Repository.create(in: store, password: password, createdAt: .epoch, scrypt: scrypt)
            try await body(CodeFixture(folder: folder, store: store, program: program))
        }
    }

    // MARK: git

    /// Runs `git` in a folder of the fixture, as a user would whose own configuration is empty.
    @discardableResult
    func git(_ arguments: String..., at place: String = "app", expecting status: Int32 = 0) async throws -> String {
        let outcome = try await program.run(
            ["-c", "protocol.file.allow=always"] + arguments,
            environment: [
                "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
                "GIT_AUTHOR_EMAIL": "a@b",
                "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b", "HOME": folder.path,
            ],
            folder: folder.path(place)
        )
        #expect(outcome.status == status, "git \(arguments.joined(separator: " ")): \(outcome)")
        return outcome.text.trimmingCharacters(in: .newlines)
    }

    func initialize(_ place: String = "app") async throws {
        try FileManager.default.createDirectory(atPath: folder.path(place), withIntermediateDirectories: true)
        try await git("init", "--quiet", "-b", "main", at: place)
    }

    func write(_ content: String, to path: String, at place: String = "app") throws {
        try write(Array(content.utf8), to: path, at: place)
    }

    func write(_ content: [UInt8], to path: String, at place: String = "app") throws {
        let url = URL(filePath: folder.path("\(place)/\(path)"))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content).write(to: url)
    }

    func read(_ path: String) throws -> String { try String(contentsOfFile: folder.path(path), encoding: .utf8) }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: folder.path(path)) }

    @discardableResult
    func commit(_ path: String, _ content: String, at place: String = "app") async throws -> String {
        try write(content, to: path, at: place)
        try await git("add", "--all", at: place)
        try await git("commit", "--quiet", "-m", "change \(path)", at: place)
        return try await git("rev-parse", "HEAD", at: place)
    }

    /// Two branches, a merge, tags of three kinds, a rename, a binary file and one with blanks and letters beyond ASCII in its name.
    func makeHistory(seed: UInt64 = 1) async throws {
        var generator = SeededGenerator(seed: seed)
        try await initialize()
        try write(generator.bytes(40_000), to: "image.bin")
        try await commit("a.txt", "one\n")
        try await git("tag", "light")
        try await git("checkout", "--quiet", "-b", "feature")
        try await commit("größe und maß.txt", "zwei\n")
        try await git("checkout", "--quiet", "main")
        try await commit("b/c.txt", "three\n")
        try await git("merge", "--quiet", "--no-edit", "feature")
        try await git("tag", "-a", "-m", "a release", "v1.0")
        try await git("tag", "content", "HEAD:a.txt")
        try await git("mv", "a.txt", "renamed.txt")
        try await git("commit", "--quiet", "-m", "rename")
    }

    // MARK: Backups

    func open() async throws -> Repository { try await Repository.open(in: store, password: Self.password) }

    @discardableResult
    func backUp(_ place: String = "app", bundle: Bool = true, untracked: Bool = true, leavingOut: [String] = [])
        async throws
        -> BackupReport
    {
        var plan = BackupPlan(system: "test", collections: [], folders: [])
        plan.checkouts = [.init("app", path: folder.path(place), bundle: bundle, untracked: untracked)]
        plan.leavingOut = leavingOut
        let run = BackupRun(
            plan,
            into: try await open().loadIndex(),
            client: nil,
            logger: Logger(label: "test"),
            toolVersion: "test"
        )
        return try await run.run()
    }

    func find(_ id: String) async throws -> (RestorePoint, IndexedRepository) {
        let repository = try await open().loadIndex()
        return (try await RestorePointCatalog(repository).find(id, system: nil), repository)
    }

    func manifest(_ id: String = "latest") async throws -> CodeManifest {
        let (point, repository) = try await find(id)
        return try await StoredCheckout("app", in: point.tree(of: .code), of: repository).manifest
    }

    /// The content of a file of a restore point, as `restic dump` gives it.
    func stored(_ path: String, _ id: String = "latest") async throws -> [UInt8]? {
        let (point, repository) = try await find(id)
        return try await repository.readFile(at: "code/app/\(path)", in: point.tree(of: .code), limit: 1 << 30)
    }

    func restore(_ destination: CodeRestore.Destination, _ id: String = "latest", appliesChanges: Bool = true)
        async throws
        -> CodeRestore.Outcome
    {
        let (point, repository) = try await find(id)
        let restore = CodeRestore(point, from: repository, to: destination, appliesChanges: appliesChanges)
        let steps = try restore.plan([])
        try await restore.check(steps)
        return try #require(try await restore.run(steps).first)
    }

    func compare(_ id: String = "latest") async throws -> LiveFinding {
        let (point, repository) = try await find(id)
        return try #require(try await CodeComparison(point, from: repository).compare().first)
    }

    /// Removes the snapshots of restore points, and what nothing needs then.
    func forget(_ ids: [String]) async throws {
        let repository = try await open()
        for snapshot in try await repository.snapshots() {
            guard let id = RestorePoint.id(fromTags: snapshot.record.tags), ids.contains(id) else { continue }
            _ = try await repository.remove(.snapshot, snapshot.id)
        }
        var options = PruneOptions()
        options.grace = .zero
        options.maxUnused = .percent(0)
        var timing = LockTiming()
        timing.settleTime = .zero
        let prune = PruneRun(repository, options: options, timing: timing)
        _ = try await prune.run()
    }

    /// Branches, tags, `HEAD` and its branch of a repository.
    func refs(_ place: String) async throws -> [String] {
        let refs = try await git(
            "for-each-ref",
            "--format=%(objectname) %(refname)",
            "refs/heads",
            "refs/tags",
            at: place
        )
        let head = try await git("rev-parse", "HEAD", at: place)
        let branch = try await git("rev-parse", "--symbolic-full-name", "HEAD", at: place)
        return refs.split(separator: "\n").map(String.init) + [head, branch]
    }
}
