internal import ArgumentParser
internal import Foundation
internal import LocalStorage
internal import Logging
internal import ObjectStorage
internal import Recovery
internal import ResticRepository

/// `holdfast repo rotate`
struct RepoRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Replace the repository by one with new keys, after a leak.",
        discussion: """
            Makes a new repository with a new master key and password beside the old one, copies everything, reads every blob of it
            back, compares the snapshots, and puts it in the old one's place. Backups go on until the last moment. Interrupted, run
            the same command again: it goes on where it stopped. The old repository stays beside the new one as
            <location>.retired-<date> until you remove it. See docs/operating/key-leak.md.

              holdfast repo rotate --new-password file:/etc/holdfast/password-2 --dry-run
              holdfast repo rotate --new-password file:/etc/holdfast/password-2
              holdfast repo rotate --remove-retired
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(
        help: ArgumentHelp(
            "Where the new password is kept: env:NAME, file:PATH or command:PROGRAM.",
            valueName: "reference"
        )
    )
    var newPassword: String?

    @Flag(
        name: .long,
        help:
            "Cut content as the old repository does: large files that are taken anew need no more space, but sizes of chunks stay predictable for whoever has the old keys."
    )
    var keepChunking = false

    @Flag(name: .long, help: "Remove the old repositories that earlier rotations left, after showing them.")
    var removeRetired = false

    @Flag(name: .long, help: "Remove without asking.")
    var yes = false

    @Flag(name: .shortAndLong, help: "Say what would be done, and do nothing.")
    var dryRun = false

    func validate() throws {
        if removeRetired {
            if newPassword != nil { throw ValidationError("--remove-retired and --new-password exclude each other.") }
        } else if newPassword == nil {
            throw ValidationError("Give --new-password, or --remove-retired.")
        } else if yes {
            throw ValidationError("--yes belongs to --remove-retired.")
        }
    }

    func run() async throws {
        let session = try Session(common)
        let folders = FolderSwitch(path: try path(of: session), date: Self.today())
        try await folders.check()
        if removeRetired { return try await RetiredRemoval(session, folders, common, yes, dryRun).run() }
        let reference = try SecretReference(newPassword ?? "", relativeTo: FileManager.default.currentDirectoryPath)
        let secret = try await reference.resolve()
        for warning in secret.warnings { session.logger.warning("\(warning)") }
        let progress = common.makeProgress()
        var options = RepositoryRotation.Options(
            oldPassword: try await session.password(),
            newPassword: secret.reveal()
        )
        guard options.oldPassword != options.newPassword else {
            throw RecoveryError(
                .nothingToDo,
                "the new password is the old one",
                hint: "Take one that was never used: the old one counts as known."
            )
        }
        options.keepsChunking = keepChunking
        options.repository = session.repositoryOptions
        options.checkRoom = { try await folders.checkRoom(for: $0) }
        options.onPhase = { name, bytes in
            progress.end()
            progress.begin(name, totalBytes: bytes)
        }
        options.onProgress = { progress.advance($0) }
        let rotation = RepositoryRotation(at: LocalRotationPlace(folders), options)
        defer { progress.end() }
        if dryRun {
            let (state, plan) = try await rotation.plan()
            progress.end()
            return try render(RepoRotatePlanOutput(folders, state, plan))
        }
        let start = ContinuousClock.now
        let report = try await rotation.run()
        progress.end()
        if let old = report.oldID { session.indexCache?.forget(old) }
        try render(RepoRotateOutput(folders, report, ContinuousClock.now - start))
        common.remark(
            "Now set 'repository.password: \(reference)' in \(common.configurationPath): the old password opens nothing here any more."
        )
    }

    private func path(of session: Session) throws -> String {
        guard case .folder(let path) = session.configuration.repository.location else {
            throw RecoveryError(
                .notConfigured,
                "only a repository in a folder can be rotated in place, and this one is at \(session.store.location)",
                hint: "Copy it to a new one with 'holdfast repo copy', and name that in the configuration."
            )
        }
        return path
    }

    private func render(_ output: some RotateRendering) throws {
        if common.json { try Console.json(output) } else { output.lines.forEach { Console.result($0) } }
    }

    /// The day in UTC, `2026-11-24`.
    private static func today() -> String {
        String("\(SystemWallClock().now)".prefix(10))
    }
}

/// The folders of a rotation, as the repository's room asks for them.
struct LocalRotationPlace: RotationPlace {
    private let folders: FolderSwitch

    init(_ folders: FolderSwitch) {
        self.folders = folders
    }

    var current: any ObjectStore { LocalStore(path: folders.current) }
    var next: any ObjectStore { LocalStore(path: folders.next) }

    func exchange() async throws -> Bool { try await folders.exchange() }
    func promoteNext() async throws { try await folders.promoteNext() }
    func retireCurrent() async throws -> any ObjectStore { LocalStore(path: try await folders.retireCurrent()) }
    func retireNext() async throws -> any ObjectStore { LocalStore(path: try await folders.retireNext()) }
}
