internal import ArgumentParser
internal import Foundation
internal import ObjectStorage
internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// `holdfast init`
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a first configuration and make its repository.",
        discussion: """
            Writes a commented holdfast.yaml when there is none, and makes the repository that it names. '--repository' is then the
            folder of the backups ('./backup' without it). With a configuration that names several, makes all that are not there yet, or
            the one that '--repository' names.

              holdfast init --qdrant http://127.0.0.1:6333 --documents ./docs         (all collections)
              holdfast init --collection textbook_knowledge --documents ./docs
              holdfast init --repository /mnt/backup/textbook --password file:/etc/holdfast/password
              holdfast init --config /etc/holdfast.yaml        (an existing one: makes its repository)
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(
        help: ArgumentHelp(
            "Where the password is kept: env:NAME, file:PATH or command:PROGRAM.",
            valueName: "reference"
        )
    )
    var password = "env:HOLDFAST_PASSWORD"

    @Option(help: ArgumentHelp("The name of the protected system.", valueName: "name"))
    var system = "textbook"

    @Option(
        name: .customLong("qdrant"),
        help: ArgumentHelp("The REST API of the Qdrant server; otherwise http://127.0.0.1:6333.", valueName: "url")
    )
    var qdrantURL: String?

    @Option(
        name: .customLong("collection"),
        help: ArgumentHelp(
            "A collection to protect, or a pattern; may be repeated. Without it, all.",
            valueName: "name"
        )
    )
    var collections: [String] = []

    @Option(
        name: .customLong("documents"),
        help: ArgumentHelp("A folder to protect; may be repeated.", valueName: "folder")
    )
    var documents: [String] = []

    private struct Output: Encodable {
        let configuration: String
        let wroteConfiguration: Bool
        let repository: String
        let repositoryID: String
    }

    func run() async throws {
        let path = common.configurationPath
        let isNew = !FileManager.default.fileExists(atPath: path)
        if isNew { try writeConfiguration(to: path) }
        // Of a configuration that was just written, the option named the folder.
        var options = common
        if isNew { options.repositoryName = nil }
        let session = try Session(options)
        let (repository, isMade): (Repository, Bool)
        do {
            (repository, isMade) = try await makeAll(session)
        } catch {
            if isNew { common.remark("wrote \(path); the repository was not made") }
            throw error
        }
        if common.json {
            try Console.json(
                Output(
                    configuration: path,
                    wroteConfiguration: isNew,
                    repository: session.store.location,
                    repositoryID: repository.id
                )
            )
            return
        }
        if isNew { Console.result("wrote \(path)") }
        if isMade { Console.result("made repository \(repository.id.prefix(8)) at \(session.store.location)") }
        common.remark(
            "Keep the password safe: without it no backup can be read. Next: holdfast doctor, holdfast backup."
        )
    }

    /// - Parameter first: content is cut as there, so that both hold equal blobs.
    private func make(_ session: Session, cuttingAs first: Repository?) async throws -> Repository {
        try await Repository.create(
            in: session.store,
            password: try await session.newPassword(),
            createdAt: SystemWallClock().now,
            chunkerPolynomial: first?.config.chunkerPolynomial,
            options: session.repositoryOptions
        )
    }

    /// Makes what is not there of the first repository and the others.
    ///
    /// - Returns: the first, and whether it was made.
    /// - Throws: ``/ResticRepository/RepositoryError/Code/alreadyExists`` when there was nothing to make.
    private func makeAll(_ session: Session) async throws -> (first: Repository, isMade: Bool) {
        do {
            let first = try await make(session, cuttingAs: nil)
            _ = try await makeOthers(session, cuttingAs: first)
            return (first, true)
        } catch let error as RepositoryError
            where error.code == .alreadyExists && !session.configuration.otherRepositories.isEmpty
        {
            // Opened, and not only seen: the others are to be cut as it is.
            let first: Repository
            do {
                first = try await session.openRepository()
            } catch let missing as RepositoryError where missing.code == .noRepository {
                throw error
            }
            guard try await makeOthers(session, cuttingAs: first) > 0 else { throw error }
            let configuration = session.configuration.repository
            common.remark("repository '\(configuration.name)' at \(session.store.location) is there already")
            return (first, false)
        }
    }

    /// - Returns: how many were made.
    private func makeOthers(_ session: Session, cuttingAs first: Repository) async throws -> Int {
        var count = 0
        for other in session.configuration.otherRepositories {
            let second = session.using(other)
            do {
                _ = try await make(second, cuttingAs: first)
                count += 1
                common.remark("made repository '\(other.name)' at \(second.store.location)")
            } catch let error as RepositoryError where error.code == .alreadyExists {
                common.remark("repository '\(other.name)' at \(second.store.location) is there already")
            }
        }
        return count
    }

    private func writeConfiguration(to path: String) throws {
        let hasQdrant = qdrantURL != nil || !collections.isEmpty || documents.isEmpty
        let template = ConfigurationTemplate(
            system: system,
            repositoryLocation: common.repositoryName ?? "./backup",
            password: password,
            qdrantURL: hasQdrant ? qdrantURL ?? "http://127.0.0.1:6333" : nil,
            collections: collections,
            documents: qdrantURL == nil && collections.isEmpty && documents.isEmpty ? ["./docs"] : documents
        )
        let text = template.render()
        // What is wrong with the options shows before anything is written.
        let folder = URL(filePath: path).deletingLastPathComponent().path
        _ = try HoldfastConfiguration.parse(Array(text.utf8), file: path, folder: folder)
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .withoutOverwriting)
        } catch {
            throw RecoveryError(
                .notConfigured,
                "the configuration cannot be written to '\(path)'",
                hint: "May this user write there?",
                cause: error
            )
        }
    }
}

extension Session {
    /// The password of a new repository: typed twice when it is asked for.
    func newPassword() async throws -> [UInt8] {
        do {
            return try await configuration.repository.password.resolve().reveal()
        } catch let error as SecretError where error.code == .notSet && Console.canAsk {
            guard let first = Console.askSecret("new password of the repository: "), !first.isEmpty else { throw error }
            guard Console.askSecret("once more: ") == first else {
                throw RecoveryError(.notConfigured, "the two passwords differ", hint: "Run the command again.")
            }
            return first
        }
    }
}
