internal import ResticFormat
internal import ResticRepository

/// What `repo copy` prints for people.
enum RepoCopyRendering {
    static func print(_ outcome: RepoCopyCommand.Outcome) {
        let plan = outcome.plan
        if outcome.madeTarget { Console.result("made repository at \(outcome.target)") }
        let amount = "\(Formatting.count(plan.blobs, "blob")), \(Formatting.bytes(plan.storedBytes))"
        if let report = outcome.report {
            for group in plan.groups {
                let copied = report.copied.filter { $0.group == group.name }
                guard !copied.isEmpty else { continue }
                Console.result("copied \(group.name): \(Formatting.count(copied.count, "snapshot"))")
            }
            let written = report.written
            Console.result(
                "\(Formatting.count(report.copied.count, "snapshot")) copied, \(plan.presentSnapshots) there already; "
                    + "\(Formatting.count(written.newDataBlobs + written.newTreeBlobs, "blob")), "
                    + "\(Formatting.bytes(written.newStoredBytes)) written in \(Formatting.duration(outcome.duration))"
            )
        } else {
            for group in plan.groups {
                Console.result("would copy \(group.name): \(Formatting.count(group.snapshots.count, "snapshot"))")
            }
            Console.result(
                "\(Formatting.count(plan.snapshotCount, "snapshot")) to copy, \(plan.presentSnapshots) there already; \(amount)"
            )
            for problem in plan.problems { Console.result("damaged: \(problem)") }
        }
        outcome.retention?.printResult()
        outcome.retention?.printProblems()
        for failure in outcome.failures { Console.result("NOT copied: \(failure.group): \(failure.reason)") }
    }
}

/// What `repo copy --json` prints (docs/reference/json.md).
struct RepoCopyOutput: Encodable {
    struct Group: Encodable {
        let name: String
        let snapshots: [String]
    }
    struct Copied: Encodable {
        let group: String
        let source: String
        let target: String
    }
    struct Failure: Encodable {
        let group: String
        let reason: String
    }
    struct Written: Encodable {
        let newDataBlobs: Int
        let newTreeBlobs: Int
        let newBytes: Int64
        let storedBytes: Int64
        let packs: Int
    }

    let source: String
    let target: String
    let madeTarget: Bool
    let dryRun: Bool
    let missing: [Group]
    let missingBlobs: Int
    let missingBytes: Int64
    let presentSnapshots: Int
    let problems: [String]
    let copied: [Copied]
    let failures: [Failure]
    let written: Written?
    let retention: RetentionCare?
    let seconds: Double

    init(_ outcome: RepoCopyCommand.Outcome, source: String) {
        self.source = source
        target = outcome.target
        madeTarget = outcome.madeTarget
        dryRun = outcome.report == nil
        missing = outcome.plan.groups.map { Group(name: $0.name, snapshots: $0.snapshots.map(\.id.hex)) }
        missingBlobs = outcome.plan.blobs
        missingBytes = outcome.plan.storedBytes
        presentSnapshots = outcome.plan.presentSnapshots
        problems = outcome.plan.problems
        copied = (outcome.report?.copied ?? []).map {
            Copied(group: $0.group, source: $0.source.hex, target: $0.target.hex)
        }
        failures = outcome.failures.map { Failure(group: $0.group, reason: $0.reason) }
        written = outcome.report.map {
            Written(
                newDataBlobs: $0.written.newDataBlobs,
                newTreeBlobs: $0.written.newTreeBlobs,
                newBytes: $0.written.newBytes,
                storedBytes: $0.written.newStoredBytes,
                packs: $0.written.packs
            )
        }
        retention = outcome.retention
        seconds =
            Double(outcome.duration.components.seconds) + Double(outcome.duration.components.attoseconds) / 1e18
    }
}
