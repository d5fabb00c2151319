internal import ArgumentParser
internal import CLinux
internal import Dispatch
internal import Foundation

/// The `holdfast` program: its subcommands, and what happens around every one of them.
struct Holdfast: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfast",
        abstract: "Backup and recovery for chatbots that answer from a Qdrant collection.",
        discussion: """
            Takes the vector collections and the documents of a system into a restic repository, as one restore point, and
            brings them back, verified.

            A first backup:
              holdfast init --collection textbook_knowledge --documents ./docs
              export HOLDFAST_PASSWORD=…
              holdfast backup
              holdfast verify
              holdfast restore

            Exit codes: 0 done · 1 failed · 2 usage · 3 done with skipped or unverified parts · 10 no repository ·
            11 locked · 12 wrong password · 13 source unreachable · 14 target not empty · 130 interrupted.
            """,
        version: Version.text,
        subcommands: [
            InitCommand.self, BackupCommand.self, PointsCommand.self, ShowCommand.self, VerifyCommand.self,
            RestoreCommand.self, RepairPointsCommand.self, ForgetCommand.self, PruneCommand.self, PinCommand.self,
            RecoverCommand.self, DrillCommand.self, ProbeCommand.self, ExportCommand.self,
            DiffCommand.self, DoctorCommand.self, RepoCommand.self, KeyCommand.self, DemoCommand.self,
        ]
    )
}

/// The version of the program.
enum Version {
    static let number = "0.1.0"
    /// As `--version` prints it and snapshots record it.
    static let text = "holdfast \(number)"
}

/// The entry of the program.
public enum HoldfastCommand {
    /// Parses the arguments, runs the command and ends the process with its exit code.
    public static func run() async -> Never {
        limitArenas()
        let status = await run(Array(CommandLine.arguments.dropFirst()))
        exit(status.rawValue)
    }

    /// Has all threads share two heaps. glibc gives each thread one of its own, up to eight a processor, and what one of them has
    /// freed no other can use: a prune of a million blobs took 310 MB that way and takes 254 MB this way, in no more time.
    private static func limitArenas() {
        _ = mallopt(HOLDFAST_M_ARENA_MAX, 2)
    }

    /// Parses arguments and runs the command.
    ///
    /// - Returns: the exit code.
    static func run(_ arguments: [String]) async -> ExitStatus {
        do {
            var command = try Holdfast.parseAsRoot(arguments)
            // Its own task, so that a signal can cancel it: locks are released and half-written things removed then.
            let work = Task {
                if var asynchronous = command as? any AsyncParsableCommand {
                    try await asynchronous.run()
                } else {
                    try command.run()
                }
            }
            let signals = Interruption(cancelling: work)
            defer { signals.stop() }
            try await work.value
            return .done
        } catch {
            return ErrorReport.print(error)
        }
    }
}

/// Turns SIGINT, SIGTERM and, unless somebody had it ignored (nohup(1)), SIGHUP into cancellation; a second signal ends the process at once.
private final class Interruption {
    private let sources: [any DispatchSourceSignal]

    init(cancelling work: Task<Void, any Error>) {
        sources = [SIGINT, SIGTERM, SIGHUP].compactMap { number in
            let before = signal(number, SIG_IGN)
            if number == SIGHUP, Self.isIgnoring(before) { return nil }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if work.isCancelled { exit(ExitStatus.interrupted.rawValue) }
                Console.note("stopping; once more to stop at once")
                work.cancel()
            }
            source.resume()
            return source
        }
    }

    /// `SIG_IGN` is the number 1 in place of a function (signal.h).
    private static func isIgnoring(_ handler: (@convention(c) (Int32) -> Void)?) -> Bool {
        unsafeBitCast(handler, to: Int.self) == 1
    }

    func stop() {
        for source in sources { source.cancel() }
    }
}
