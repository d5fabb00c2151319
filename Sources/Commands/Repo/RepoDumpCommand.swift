internal import ArgumentParser
internal import Foundation
internal import Recovery
internal import ResticRepository

/// `holdfast repo dump`
struct RepoDumpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump",
        abstract: "Write one stored file to standard output; a folder as a tar archive.",
        discussion: """
            Ends with 1 when anything is damaged: what came before it may have been written already, except with --target,
            which leaves no file then. An archive lacks links and devices: they are named, and the exit code is 3.

              holdfast repo dump latest /documents/docs/intro.mdx
              holdfast repo dump latest /holdfast/restore-point.json | jq .
              holdfast repo dump 4f2a9c01 /documents/docs | tar -x -C /tmp/docs
              holdfast repo dump latest /qdrant/textbook_knowledge/collection.json --target collection.json
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: PointArgument.help)
    var point: String

    @Argument(help: ArgumentHelp("The file or folder in it.", valueName: "path"))
    var path: String

    @Option(help: ArgumentHelp("Write to this file, which must not exist.", valueName: "file"))
    var target: String?

    private struct Output: Encodable {
        struct Skipped: Encodable {
            let path: String
            let type: String
        }
        let target: String
        let isArchive: Bool
        let files: Int
        let bytes: Int64
        let skipped: [Skipped]
    }

    func validate() throws {
        if common.json, target == nil {
            throw ValidationError(
                "'--json' reports about the file that '--target' names; without one, the content itself goes to standard output"
            )
        }
    }

    func run() async throws {
        let session = try Session(common)
        let report: DumpReport
        if let target {
            let (point, path) = (point, path)
            report = try await session.withRepositoryForReading { repository in
                let run = DumpRun(try await session.find(point, in: repository), in: repository)
                return try await NewFile.write(at: RawPath(target)) { file in
                    try await run.run(path) { try await file.append($0) }
                }
            }
            try show(report, target)
        } else {
            report = try await dumpToOutput(session)
        }
        for item in report.skipped {
            Console.note(
                "skipped: \(EntryRendering.printable(Array(item.path.utf8))): the archive cannot hold a \(item.type)"
            )
        }
        if !report.skipped.isEmpty { throw ExitStatus.partial }
    }

    private func dumpToOutput(_ session: Session) async throws -> DumpReport {
        let (point, path) = (point, path)
        var report = DumpReport()
        try await ResultStream.with { stream in
            report = try await session.withRepositoryForReading { repository in
                try await DumpRun(session.find(point, in: repository), in: repository).run(path) {
                    try await stream.bytes($0)
                }
            }
        }
        return report
    }

    private func show(_ report: DumpReport, _ target: String) throws {
        if common.json {
            return try Console.json(
                Output(
                    target: target,
                    isArchive: report.isArchive,
                    files: report.files,
                    bytes: report.bytes,
                    skipped: report.skipped.map { Output.Skipped(path: $0.path, type: $0.type) }
                )
            )
        }
        let what = report.isArchive ? "an archive of \(Formatting.count(report.files, "file"))" : "the file"
        Console.result("wrote \(what) to \(target), \(Formatting.bytes(report.bytes))")
    }
}
