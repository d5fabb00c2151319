internal import ArgumentParser
internal import Foundation
internal import Logging
internal import ObjectStorage
internal import Recovery
internal import ResticFormat
internal import ResticRepository
internal import S3Storage

/// `holdfast repo copy`
struct RepoCopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Copy restore points into a second repository.",
        discussion: """
            Copies what the second repository lacks, and nothing twice: run it after every backup. Every blob is checked on the way.
            The second repository has its own password and keys; restore from it by naming it in a configuration of its own.
            Interrupted, it goes on where it stopped. Snapshots that 'restic copy' has copied are recognised, and the other way
            round. See docs/operating/copies.md.

              holdfast repo copy --to /mnt/offsite/textbook --to-password file:/etc/holdfast/offsite --init
              holdfast repo copy latest --to /mnt/offsite/textbook --to-password env:OFFSITE_PASSWORD
              holdfast repo copy --all --dry-run --to /mnt/offsite/textbook --to-password env:OFFSITE_PASSWORD

            Ends with 3 when something could not be copied, naming it.
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("Restore points: ids, beginnings of ids, or 'latest'.", valueName: "point"))
    var points: [String] = []

    @Option(
        name: .customLong("to"),
        help: ArgumentHelp(
            "The second repository: the name of one in the configuration, a folder, s3:https://HOST/BUCKET/PREFIX or rclone:REMOTE:PATH.",
            valueName: "repository"
        )
    )
    var target: String

    @Option(
        name: .customLong("to-password"),
        help: ArgumentHelp(
            "Where its password is kept: env:NAME, file:PATH or command:PROGRAM. Not needed for one of the configuration.",
            valueName: "reference"
        )
    )
    var targetPassword: String?

    @Flag(name: .customLong("init"), help: "Make the second repository when it is not there yet.")
    var makesTarget = false

    @Flag(name: .long, help: "Every snapshot of the repository, not only the system's restore points.")
    var all = false

    @Flag(name: .shortAndLong, help: "Say what would be copied, and copy nothing.")
    var dryRun = false

    func validate() throws {
        if all, !points.isEmpty { throw ValidationError("--all and named restore points exclude each other.") }
    }

    /// What happened, or would.
    struct Outcome: Sendable {
        var target: String
        var madeTarget = false
        var plan: CopyPlan
        var report: CopyReport?
        var failures: [CopyReport.Failure]
        var retention: RetentionCare?
        var duration: Duration = .zero
    }

    func run() async throws {
        let start = ContinuousClock.now
        let session = try Session(common)
        let source = try await session.openRepository()
        let place = try targetRepository(session)
        let (second, isNew) = try await openTarget(session, source, place)
        if let second { try checkIsOther(second, than: source) }
        let choice: CopySelection.Choice =
            all
            ? .everything
            : points.isEmpty
                ? .system(session.configuration.system)
                : .points(points, system: session.configuration.system)
        let progress = common.makeProgress()
        let isDryRun = dryRun
        let location = "\(place.location)"
        var outcome = try await source.withLock(.shared, timing: Session.patientTiming) {
            // Listed first: the index read afterwards has all that these refer to.
            let snapshots = try await source.snapshots()
            let indexed = try await source.loadIndex(cache: session.indexCache)
            let selection = try await CopySelection(choice, of: snapshots, in: indexed)
            guard let second else {
                let plan = try await RepositoryCopy(from: indexed, to: nil).plan(selection.groups)
                return Outcome(target: location, plan: plan, failures: selection.failures)
            }
            return try await second.withLock(.shared, timing: Session.patientTiming) {
                let target = try await second.loadIndex(cache: session.indexCache)
                var copy = RepositoryCopy(from: indexed, to: target)
                copy.onCopy = { progress.advance($0) }
                let plan = try await copy.plan(selection.groups)
                var outcome = Outcome(target: location, plan: plan, failures: selection.failures)
                if isDryRun { return outcome }
                progress.begin("copy", totalBytes: plan.storedBytes)
                defer { progress.end() }
                let report = try await copy.run(plan)
                outcome.report = report
                outcome.retention = try await RetentionCare.extend(second)
                outcome.failures += report.failures
                return outcome
            }
        }
        outcome.madeTarget = isNew
        outcome.duration = ContinuousClock.now - start
        if common.json {
            try Console.json(RepoCopyOutput(outcome, source: session.store.location))
        } else {
            RepoCopyRendering.print(outcome)
        }
        if !outcome.failures.isEmpty || outcome.retention?.isComplete == false { throw ExitStatus.partial }
    }

    /// Opens the second repository, or makes it.
    ///
    /// - Returns: `nil` for one that a dry run does not make.
    private func openTarget(
        _ session: Session,
        _ source: Repository,
        _ place: HoldfastConfiguration.Repository
    ) async throws -> (Repository?, isNew: Bool) {
        let secret = try await place.password.resolve()
        for warning in secret.warnings { session.logger.warning("\(warning)") }
        let store = RepositoryStore.make(place, logger: session.logger)
        do {
            return (
                try await Repository.open(in: store, password: secret.reveal(), options: session.repositoryOptions),
                false
            )
        } catch let error as RepositoryError where error.code == .noRepository {
            guard makesTarget else {
                throw RepositoryError(
                    .noRepository,
                    "there is no repository at \(store.location) to copy to",
                    hint: "Add --init to make it, or check that its disk is mounted.",
                    cause: error.cause
                )
            }
        }
        if dryRun { return (nil, false) }
        let made = try await Repository.create(
            in: store,
            password: secret.reveal(),
            createdAt: SystemWallClock().now,
            // Equal content is cut equally in both, so that a backup into either finds what was copied.
            chunkerPolynomial: source.config.chunkerPolynomial,
            options: session.repositoryOptions
        )
        return (made, true)
    }

    /// What '--to' names.
    private func targetRepository(_ session: Session) throws -> HoldfastConfiguration.Repository {
        let folder = FileManager.default.currentDirectoryPath
        let reference = try targetPassword.map { try SecretReference($0, relativeTo: folder) }
        // By the file and not by the session, which may have been told to use one of them.
        let configuration = try HoldfastConfiguration.load(from: common.configurationPath)
        if var known = ([configuration.repository] + configuration.otherRepositories).first(where: { $0.name == target }
        ) {
            known.password = reference ?? known.password
            return known
        }
        guard let reference else {
            throw RecoveryError(
                .notConfigured,
                "'--to \(target)' is none of the configuration's repositories, and '--to-password' is missing",
                hint: "Say where its password is kept, for example '--to-password env:OFFSITE_PASSWORD'."
            )
        }
        let location: HoldfastConfiguration.RepositoryLocation =
            if S3Location.isMeant(by: target) {
                .s3(try S3Location(target))
            } else if target.hasPrefix("rclone:") {
                .rclone(String(target.dropFirst("rclone:".count)))
            } else {
                .folder(target.hasPrefix("/") ? target : "\(folder)/\(target)")
            }
        return HoldfastConfiguration.Repository(location, password: reference)
    }

    private func checkIsOther(_ target: Repository, than source: Repository) throws {
        guard target.id != source.id else {
            throw RecoveryError(
                .nothingToDo,
                "\(target.store.location) is the repository itself, or a copy of its files",
                hint: "Name another folder: a second repository has keys of its own."
            )
        }
    }
}
