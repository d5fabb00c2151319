internal import ArgumentParser
internal import Foundation
internal import Recovery

/// `holdfast probe`
struct ProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Ask the running system: endpoints, sample questions, commands.",
        discussion: """
            Runs the probes of the configuration, each with its limit, and says how each ended and how long it took. Ends with 1
            when one failed, with 3 when one could not be made. Nothing of the repository is needed.

              holdfast probe
              holdfast probe health polaris --once
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("Only these probes.", valueName: "name"))
    var names: [String] = []

    @Flag(name: .long, help: "Ask each once, even where the configuration lets it try again.")
    var once = false

    private struct Output: Encodable {
        let outcome: CheckOutcome
        let probes: [CheckResult]
    }

    func run() async throws {
        let configuration = try HoldfastConfiguration.load(from: common.configurationPath)
        for warning in configuration.warnings { common.remark(warning.rendered) }
        let probes = try choose(configuration.probes)
        let results = try await ProbeRun(
            probes,
            environment: configuration.withoutPassword(ProcessInfo.processInfo.environment)
        ).run(retries: !once) { result in
            if !common.json { print(result) }
        }
        let outcome = CheckOutcome.overall(results.map(\.outcome))
        if common.json { try Console.json(Output(outcome: outcome, probes: results)) }
        switch outcome {
        case .verified: break
        case .failed: throw ExitStatus.failed
        case .untested: throw ExitStatus.partial
        }
    }

    private func choose(_ probes: [Probe]) throws -> [Probe] {
        guard !probes.isEmpty else {
            throw RecoveryError(
                .notConfigured,
                "the configuration has no probes",
                hint: "Add 'probes'; docs/reference/configuration.md explains them."
            )
        }
        for name in names where !probes.contains(where: { $0.name == name }) {
            throw RecoveryError(
                .notConfigured,
                "the configuration has no probe '\(name)'",
                hint: "It has: \(probes.map(\.name).joined(separator: ", "))."
            )
        }
        return names.isEmpty ? probes : probes.filter { names.contains($0.name) }
    }

    private func print(_ result: CheckResult) {
        let attempts = result.attempts == 1 ? "" : ", \(result.attempts) attempts"
        Console.result(
            "\(result.outcome == .failed ? "FAILED" : result.outcome.rawValue): \(result.name), "
                + "\(Formatting.duration(.seconds(result.seconds)))\(attempts): \(result.detail)"
        )
    }
}
