internal import ArgumentParser
internal import Locks
internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// `holdfast repo find`
struct RepoFindCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "Find files in all restore points and snapshots, or what needs a blob, tree or pack.",
        discussion: """
            A pattern without '/' is about names at any depth, one with '/' about whole paths from the top; '*', '?', '[…]',
            '{a,b}' and '**' mean what they mean in 'include' (docs/reference/configuration.md). Ends with 3 when something
            could not be looked into.

              holdfast repo find '*.mdx' --in latest
              holdfast repo find '/documents/docs/part-1/**' --newest 2026-03-01
              holdfast repo find --blob 420f620f b46ebe8a
              holdfast repo find --pack 025c1d06
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("Patterns, or ids with --blob, --tree or --pack.", valueName: "pattern"))
    var patterns: [String]

    @Option(
        name: .customLong("in"),
        help: ArgumentHelp("Only in this restore point or snapshot; may be repeated.", valueName: "point")
    )
    var points: [String] = []

    @Option(
        help: ArgumentHelp("Only what was changed then or later: 2026-03-02, or a time of RFC 3339.", valueName: "time")
    )
    var oldest: String?

    @Option(help: ArgumentHelp("Only what was changed then or before; a day is meant to its end.", valueName: "time"))
    var newest: String?

    @Flag(name: .long, help: "The arguments are ids of data blobs: which files need them?")
    var blob = false

    @Flag(name: .long, help: "The arguments are ids of trees: which folders are they?")
    var tree = false

    @Flag(name: .long, help: "The arguments are ids of packs: which files and folders need what is in them?")
    var pack = false

    @Flag(name: .shortAndLong, help: "With mode, owner, size and time.")
    var long = false

    func validate() throws {
        if [blob, tree, pack].count(where: \.self) > 1 {
            throw ValidationError(
                "'--blob', '--tree' and '--pack' exclude each other: the arguments are ids of one kind"
            )
        }
        for (name, text) in [("--oldest", oldest), ("--newest", newest)] {
            if let text, GoTime(argument: text, atEnd: false) == nil {
                throw ValidationError("'\(name) \(text)' is no time: write 2026-03-02, or 2026-03-02T10:15:00+01:00")
            }
        }
    }

    private struct Output: Encodable {
        let point: PointOutput
        /// Absent where the top of a snapshot itself was looked for.
        let entry: EntryOutput?
        let blobs: [String]?

        init(_ hit: FindHit) {
            point = PointOutput(hit.point)
            entry = hit.entry.map { EntryOutput($0) }
            blobs = hit.blobs.isEmpty ? nil : hit.blobs.map(\.hex)
        }
    }

    func run() async throws {
        let session = try Session(common)
        let command = self
        let patterns = blob || tree || pack ? [] : try patterns.map { try FindPattern($0) }
        let problems = Mutex<[String]>([])
        try await ResultStream.with { stream in
            let found = try await session.withRepositoryForReading { repository in
                let all = try await PointsInTime(repository.repository)
                let chosen = try command.points.map { try all.find($0, system: session.configuration.system) }
                let query = try command.query(patterns, in: repository)
                let run = FindRun(query, in: repository)
                let problems = try await command.search(run, in: chosen.isEmpty ? all.all : chosen, stream)
                return problems
                    + (chosen.isEmpty ? all.unreadable.map { "snapshot \($0.id.short): \($0.reason)" } : [])
            }
            problems.withLock { $0 = found }
        }
        let unread = problems.withLock(\.self)
        for problem in unread { Console.note("could not look everywhere: \(problem)") }
        if !unread.isEmpty { throw ExitStatus.partial }
    }

    private func query(_ patterns: [FindPattern], in repository: IndexedRepository) throws -> FindQuery {
        var query = FindQuery(.patterns(patterns))
        if blob || tree || pack { query.subject = .blobs(try blobs(in: repository)) }
        query.oldest = oldest.flatMap { GoTime(argument: $0, atEnd: false) }
        query.newest = newest.flatMap { GoTime(argument: $0, atEnd: true) }
        return query
    }

    /// The blobs that the ids mean.
    private func blobs(in repository: IndexedRepository) throws -> BlobMarks {
        var marks = repository.makeMarks()
        for text in patterns {
            if pack {
                let id = try repository.findPack(text)
                for blob in repository.blobs(inPack: id) { marks.insert(blob.id, blob.type) }
            } else {
                let type: BlobType = tree ? .tree : .data
                marks.insert(try repository.find(type, text), type)
            }
        }
        return marks
    }

    private func search(_ run: FindRun, in points: [PointInTime], _ stream: ResultStream) async throws -> [String] {
        if common.json {
            let problems = Mutex<[String]>([])
            try await JSONList.write(to: stream) { list in
                let found = try await run.run(in: points) { try await list.add(Output($0)) }
                problems.withLock { $0 = found }
            }
            return problems.withLock(\.self)
        }
        var last: PointInTime?
        return try await run.run(in: points) { hit in
            if hit.point != last {
                last = hit.point
                try await stream.line("in \(hit.point.description), \(EntryRendering.time(hit.point.time)):")
            }
            let ids = hit.blobs.isEmpty || pack ? "" : "  " + hit.blobs.map(\.short).joined(separator: " ")
            let what = hit.entry.map { long ? EntryRendering.long($0) : EntryRendering.path($0.path) } ?? "/"
            try await stream.line("  \(what)\(ids)")
        }
    }
}

extension GoTime {
    /// A day or a time as a person writes it; a day without a time zone is one of UTC.
    ///
    /// - Parameter atEnd: whether a day means its last moment rather than its first.
    init?(argument text: String, atEnd: Bool) {
        if let time = GoTime(rfc3339: text) {
            self = time
        } else if let day = GoTime(rfc3339: text + "T00:00:00Z") {
            self = atEnd ? GoTime(seconds: day.seconds + 86_400, nanoseconds: -1) : day
        } else {
            return nil
        }
    }
}
