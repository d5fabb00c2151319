import ArgumentParser
import Glibc
import LocalStorage
import ResticFormat
import ResticRepository
import TestSupport

/// Makes a repository of many small blobs through the writer that backups use.
struct FillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fill",
        abstract: "Make a repository of many small blobs.",
        discussion: """
            The blobs are dealt out to the snapshots one by one, so every pack holds some of each: when snapshots are dropped, no
            pack is without any use, and pruning has to write packs anew. The password is taken from HOLDFAST_BENCH_PASSWORD.

              HOLDFAST_BENCH_PASSWORD=… StageBenchmarks fill --blobs 1000000 --snapshots 10 /var/tmp/million
            """
    )

    @Argument(help: "The folder of the repository; there must be none in it yet.")
    var folder: String

    @Option(help: "How many data blobs.")
    var blobs = 1_000_000

    @Option(help: "How many snapshots refer to them.")
    var snapshots = 10

    @Option(help: ArgumentHelp("The length of a blob.", valueName: "bytes"))
    var length = 512

    @Option(help: ArgumentHelp("Where the content comes from.", valueName: "number"))
    var seed: UInt64 = 1

    func validate() throws {
        guard blobs > 0, snapshots > 0, length >= 16 else {
            throw ValidationError("there have to be blobs and snapshots, and a blob has 16 bytes at least")
        }
    }

    func run() async throws {
        guard let password = getenv("HOLDFAST_BENCH_PASSWORD").map({ String(cString: $0) }), !password.isEmpty else {
            throw ValidationError("HOLDFAST_BENCH_PASSWORD is not set")
        }
        let clock = SystemWallClock()
        let repository = try await Repository.create(
            in: LocalStore(path: folder),
            password: Array(password.utf8),
            createdAt: clock.now
        )
        let now = clock.now
        let (trees, statistics) = try await repository.loadIndex().write { writer in
            var filler = Filler(self, host: repository.host, time: now)
            return try await filler.fill(writer)
        }
        for (number, tree) in trees.enumerated() {
            let age = Int64(trees.count - number) * 86_400
            let time = GoTime(seconds: now.seconds - age, utcOffsetSeconds: now.utcOffsetSeconds)
            var record = SnapshotRecord(time: time, tree: tree, paths: ["/many"])
            record.hostname = "bench"
            _ = try await repository.save(record)
        }
        print("\(statistics.newDataBlobs) data blobs, \(statistics.newTreeBlobs) trees, \(statistics.packs) packs")
        guard statistics.newDataBlobs == blobs else {
            throw RepositoryError(.damaged, "\(statistics.newDataBlobs) blobs were stored instead of \(blobs)")
        }
    }
}

/// Stores the blobs and builds a tree for each snapshot.
private struct Filler {
    private static let blobsPerFile = 10
    private static let filesPerFolder = 1_000
    /// Contents whose ids are waited for together, so that the pipeline stays full.
    private static let batch = 500

    private let blobs: Int
    private let length: Int
    private var random: SeededGenerator
    private var composers: [TreeComposer]
    private var open: [[ResticID]]
    private var files: [Int]

    init(_ command: FillCommand, host: Host, time: GoTime) {
        blobs = command.blobs
        length = command.length
        random = SeededGenerator(seed: command.seed)
        composers = (0..<command.snapshots).map { _ in TreeComposer(time: time, host: host) }
        open = Array(repeating: [], count: command.snapshots)
        files = Array(repeating: 0, count: command.snapshots)
    }

    /// - Returns: the root of each snapshot.
    mutating func fill(_ writer: BlobWriter) async throws -> [ResticID] {
        var done = 0
        while done < blobs {
            var stored: [StoredContent] = []
            for _ in done..<min(blobs, done + Self.batch) {
                stored.append(try await writer.store(random.bytes(length)))
            }
            for content in stored {
                deal(try await content.blobs(), to: done % composers.count)
                done += 1
            }
        }
        var roots: [ResticID] = []
        for snapshot in composers.indices {
            closeFile(of: snapshot)
            roots.append(try await composers[snapshot].store(into: writer))
        }
        return roots
    }

    private mutating func deal(_ ids: [ResticID], to snapshot: Int) {
        open[snapshot] += ids
        if open[snapshot].count >= Self.blobsPerFile { closeFile(of: snapshot) }
    }

    private mutating func closeFile(of snapshot: Int) {
        guard !open[snapshot].isEmpty else { return }
        let number = files[snapshot]
        composers[snapshot].addFile(
            "\(snapshot)/\(number / Self.filesPerFolder)/\(number % Self.filesPerFolder)",
            size: Int64(open[snapshot].count * length),
            blobs: open[snapshot]
        )
        open[snapshot] = []
        files[snapshot] += 1
    }
}
