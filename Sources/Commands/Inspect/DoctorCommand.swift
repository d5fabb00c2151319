internal import ArgumentParser
internal import Foundation
internal import QdrantClient
internal import Recovery
internal import ResticRepository

/// `holdfast doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at everything that backups and restores need, and name what is missing.",
        discussion: """
            Changes nothing. Ends with 0 when all is well, with 1 when something will fail.

            With '--storage': tries what the configured identity may do in the repository's store (put, get, list, overwrite, delete) with
            one small object in 'holdfast/doctor', takes that away again where it may, and prints the policies of a writer, a pruner and a
            restorer (docs/operating/s3-access.md). A right that is refused is no failure.

              holdfast doctor
              holdfast doctor --storage
              holdfast doctor --storage --repository offsite
              holdfast doctor --json
            """
    )

    @OptionGroup var common: CommonOptions

    @Flag(name: .long, help: "Try the rights in the repository's store, and print the policies of the three roles.")
    var storage = false

    func run() async throws {
        let session = try Session(common)
        if storage {
            guard try await StorageDoctor(session: session).run(common) else { throw ExitStatus.failed }
            return
        }
        var findings = [
            Finding(.ok, "configuration", "\(common.configurationPath), system '\(session.configuration.system)'")
        ]
        findings += await examineRepository(session)
        for other in session.configuration.otherRepositories {
            findings += await examineRepository(session.using(other)).map { $0.of(other.name) }
        }
        findings += await examineServer(session)
        findings += await examineCold(session)
        findings += Examination.folders(session.configuration.documents)
        findings += await Examination.sealed(session.configuration.sealed)
        findings += await Examination.code(session.configuration.code)
        if common.json {
            try Console.json(findings)
        } else {
            print(findings)
        }
        if findings.contains(where: { $0.grade == .failed }) { throw ExitStatus.failed }
    }

    private func examineRepository(_ session: Session) async -> [Finding] {
        do {
            let repository = try await session.openRepository()
            return await Examination.repository(repository, location: session.configuration.repository.location)
        } catch {
            return [Self.failure("repository", error)]
        }
    }

    private func examineServer(_ session: Session) async -> [Finding] {
        guard let qdrant = session.configuration.qdrant else { return [] }
        // A stopped server is as it should be then; what its storage needs is looked at instead.
        if let cold = qdrant.cold, cold.container == nil { return [] }
        do {
            let findings = try await session.withClient {
                await Examination.server($0, collections: qdrant.selection)
            }
            // The cold route needs no server that answers.
            return qdrant.cold == nil
                ? findings
                : findings.map { finding in
                    finding.grade == .failed
                        ? Finding(.warning, finding.subject, finding.message, hint: finding.hint) : finding
                }
        } catch {
            return [Self.failure("qdrant", error)]
        }
    }

    private func examineCold(_ session: Session) async -> [Finding] {
        let abandoned = common.stoppedContainers.describeAbandoned().map {
            Finding(
                .failed,
                "container",
                $0,
                hint: "The next backup, restore or recovery starts it; or start it by hand."
            )
        }
        guard let qdrant = session.configuration.qdrant, qdrant.cold != nil else { return abandoned }
        return abandoned
            + (await Examination.cold(
                qdrant,
                environment: ProcessInfo.processInfo.environment,
                stopped: common.stoppedContainers
            ))
    }

    private static func failure(_ subject: String, _ error: any Error) -> Finding {
        Finding(.failed, subject, ErrorReport.sentence(error), hint: ErrorReport.hint(error))
    }

    private func print(_ findings: [Finding]) {
        for finding in findings {
            Console.result("\(Self.mark(finding.grade))  \(finding.subject): \(finding.message)")
            if let hint = finding.hint { Console.result("         hint: \(hint)") }
        }
        let failures = findings.count { $0.grade == .failed }
        let warnings = findings.count { $0.grade == .warning }
        Console.result(
            failures == 0 && warnings == 0
                ? "all is well" : "\(Formatting.count(failures, "failure")), \(Formatting.count(warnings, "warning"))"
        )
    }

    private static func mark(_ grade: Finding.Grade) -> String {
        switch grade {
        case .ok: "ok     "
        case .warning: "warning"
        case .failed: "FAILED "
        }
    }
}
