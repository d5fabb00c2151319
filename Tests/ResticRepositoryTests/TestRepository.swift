import Foundation
import LocalStorage
import ResticCrypto
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

/// A cheap key derivation: the real one takes most of a second in a debug build.
let cheapScrypt: ScryptParameters = {
    do { return try ScryptParameters(n: 1024, r: 1, p: 1) } catch { fatalError("\(error)") }
}()

let password = Array("correct horse".utf8)

extension WriteOptionsForTests {
    /// Small chunks, so that small inputs have several.
    static var small: IndexedRepository.WriteOptions {
        var options = IndexedRepository.WriteOptions()
        options.chunks = .custom(minimum: 4096, normal: 16384, maximum: 65536)
        return options
    }
}
enum WriteOptionsForTests {}

/// A repository of format 2 in a folder.
func makeRepository(at path: String) async throws -> Repository {
    try await Repository.create(
        in: LocalStore(path: path),
        password: password,
        createdAt: SystemWallClock().now,
        scrypt: cheapScrypt
    )
}

/// An empty repository of format 2 in memory.
func makeRepositoryInMemory(chunkerPolynomial: UInt64? = nil) async throws -> IndexedRepository {
    try await Repository.create(
        in: MemoryStore(),
        password: password,
        createdAt: .epoch,
        scrypt: cheapScrypt,
        chunkerPolynomial: chunkerPolynomial
    ).loadIndex()
}

func openRepository(at path: String) async throws -> IndexedRepository {
    try await Repository.open(in: LocalStore(path: path), password: password).loadIndex()
}

/// Backs up a folder as a snapshot of its own.
@discardableResult
func backUp(
    _ folder: String,
    into repository: IndexedRepository,
    parent: ResticID? = nil,
    options: IndexedRepository.WriteOptions = WriteOptionsForTests.small
) async throws -> (StoredSnapshot, ArchiveReport, WriteStatistics) {
    let (result, statistics) = try await repository.write(options) { writer in
        var archiver = DirectoryArchiver(root: RawPath(folder))
        archiver.parent = parent
        return try await archiver.archive(into: writer, of: repository)
    }
    let (tree, report) = result
    let record = SnapshotRecord(time: SystemWallClock().now, tree: tree, paths: [folder], hostname: "test")
    return (try await repository.repository.save(record), report, statistics)
}

/// The `restic` program on one repository.
struct Restic {
    let program: Program
    let repository: String
    private let phrase: String

    static var isInstalled: Bool { Program.find("restic") != nil }

    init(_ repository: String, password phrase: [UInt8] = password) throws {
        program = try #require(Program.find("restic"))
        self.repository = repository
        self.phrase = String(decoding: phrase, as: UTF8.self)
    }

    @discardableResult
    func run(_ arguments: String..., expecting status: Int32 = 0) async throws -> Program.Outcome {
        let outcome = try await program.run(
            ["-r", repository, "--no-cache"] + arguments,
            environment: [
                "RESTIC_PASSWORD": phrase, "HOME": "/nonexistent", "PATH": "/usr/bin:/bin",
            ]
        )
        #expect(outcome.status == status, "restic \(arguments): \(outcome)")
        return outcome
    }

    /// Copies all snapshots of another repository into this one.
    func copy(from source: String, password: [UInt8]) async throws {
        let outcome = try await program.run(
            ["-r", repository, "--no-cache", "copy", "--from-repo", source],
            environment: [
                "RESTIC_PASSWORD": phrase, "RESTIC_FROM_PASSWORD": String(decoding: password, as: UTF8.self),
                "HOME": "/nonexistent", "PATH": "/usr/bin:/bin",
            ]
        )
        #expect(outcome.succeeded, "restic copy: \(outcome)")
    }

    func check() async throws { try await run("check", "--read-data") }
}

/// Everything about a folder that a restore must give back, one line an entry.
func fingerprint(_ folder: String, times: Bool = true) async throws -> String {
    let format = times ? #"%P %y %m %U %G %s %T@ %l\n"# : #"%P %y %m %s %l\n"#
    let listing = try await #require(Program.find("find")).run([folder, "-mindepth", "1", "-printf", format])
    let hashes = try await #require(Program.find("sh")).run(
        [
            "-c",
            "cd \"$1\" && find . -type f -print0 | sort -z | xargs -0 sha256sum && getfattr -R -d -m - -e hex . 2>/dev/null | cat",
            "sh", folder,
        ])
    let directoriesWithoutSizes = listing.text.split(separator: "\n").map { line in
        // The size of a folder is the file system's business.
        line.contains(" d ")
            ? line.split(separator: " ").enumerated().filter { $0.offset != 5 }.map { String($0.element) }.joined(
                separator: " "
            ) : String(line)
    }
    return directoriesWithoutSizes.sorted().joined(separator: "\n") + "\n" + hashes.text
}

/// Makes a folder with everything that a file system can hold and an ordinary user can make.
func makeOddTree(at path: String) async throws {
    let script = #"""
        set -e; mkdir -p "$1"; cd "$1"
        mkdir -p plain/deep/deeper empty 'mode 0700'; chmod 0700 'mode 0700'
        printf hello > plain/hello.txt; : > plain/empty
        head -c 300000 /dev/urandom > plain/deep/random.bin
        yes 'all work and no play' | head -c 400000 > plain/deep/repeats.txt
        head -c 5000 /dev/urandom > a; ln a plain/hardlink
        ln -s plain/hello.txt link; ln -s "$(printf 'no-utf8-\377')" oddlink; ln -s /nonexistent/absolute dangling
        printf x > "$(printf 'no-utf8-\376-name')"; printf y > "$(printf 'new\nline')"; printf z > 'quote"back\slash<&>'
        printf u > 'ünïcödé-😀'; printf t > "$(printf 'tab\t')"
        truncate -s 3000000 sparse; printf end >> sparse; truncate -s 1000000 hole
        mkfifo pipe; chmod 4755 plain/hello.txt; chmod 1777 empty; chmod 0000 a
        setfattr -n user.note -v 'a value' plain/empty 2>/dev/null || true
        touch -d '1969-07-20 20:17:40.123456789 UTC' plain/empty
        touch -d '2001-02-03 04:05:06.000000700 UTC' plain/deep
        """#
    let outcome = try await #require(Program.find("sh")).run(["-c", script, "sh", path])
    try #require(outcome.succeeded, "\(outcome)")
}
