internal import ArgumentParser
internal import ResticFormat
internal import ResticRepository

/// `holdfast repo unlock`
struct RepoUnlockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract: "Remove locks that dead processes left.",
        discussion: """
            A lock is stale when its process on this host is gone, or when it was not refreshed for half an hour. Other
            commands remove stale locks by themselves; this one is for 'restic', and for locks that cannot be read.
            --remove-all also takes away what living processes hold: they notice, stop and fail. Takes no lock itself.

              holdfast repo unlock --dry-run
              holdfast repo unlock
              holdfast repo unlock --remove-all
            """
    )

    @OptionGroup var common: CommonOptions

    @Flag(name: .long, help: "All locks, also those that are held or cannot be read.")
    var removeAll = false

    @Flag(name: .long, help: "Print what would be done, and do nothing.")
    var dryRun = false

    private struct Output: Encodable {
        struct Lock: Encodable {
            let id: String
            let isReadable: Bool
            let kind: String?
            let host: String?
            let user: String?
            let pid: Int?
            let time: String?
            let ageSeconds: Int64?
            let isStale: Bool
            let reason: String?
            let action: String
        }
        let dryRun: Bool
        let removed: Int
        let kept: Int
        let locks: [Lock]
    }

    func run() async throws {
        let session = try Session(common)
        let repository = try await session.openRepository()
        let now = SystemWallClock().now
        let locks = try await repository.storedLocks()
        let doomed = locks.filter { removeAll || $0.staleness != nil }
        if !common.json {
            for lock in locks { Console.result(describe(lock, now, isDoomed: doomed.contains(lock))) }
        }
        if !dryRun { for lock in doomed { try await repository.remove(.lock, lock.id) } }
        let kept = locks.count - doomed.count
        if common.json {
            let lines = locks.map { output($0, now, isDoomed: doomed.contains($0)) }
            return try Console.json(Output(dryRun: dryRun, removed: doomed.count, kept: kept, locks: lines))
        }
        if locks.isEmpty { return Console.result("there are no locks") }
        Console.result("\(dryRun ? "would remove" : "removed") \(Formatting.count(doomed.count, "lock")), \(kept) kept")
        if locks.contains(where: { $0.record == nil && !doomed.contains($0) }) {
            common.remark(
                "A lock that cannot be read bars everybody. When no process uses the repository: --remove-all."
            )
        }
    }

    private func describe(_ lock: StoredLock, _ now: GoTime, isDoomed: Bool) -> String {
        let what = isDoomed ? dryRun ? "would remove" : "remove" : "keep"
        guard let record = lock.record else {
            return "\(what)  \(lock.id.short)  cannot be read: \(reason(lock) ?? "")"
        }
        let age = Formatting.duration(.seconds(max(0, now.seconds - record.time.seconds)))
        return "\(what)  \(lock.id.short)  \(kind(record)), process \(record.pid) of "
            + EntryRendering.printable(Array("\(record.username)@\(record.hostname)".utf8))
            + ", refreshed \(age) ago: \(reason(lock) ?? "held")"
    }

    private func kind(_ record: LockRecord) -> String { record.exclusive ? "exclusive" : "shared" }

    private func reason(_ lock: StoredLock) -> String? {
        if case .unreadable(let reason) = lock.content { return reason }
        return switch lock.staleness {
        case .processGone: "stale, its process is gone"
        case .notRefreshed: "stale, not refreshed for half an hour"
        case nil: nil
        }
    }

    private func output(_ lock: StoredLock, _ now: GoTime, isDoomed: Bool) -> Output.Lock {
        Output.Lock(
            id: lock.id.hex,
            isReadable: lock.record != nil,
            kind: lock.record.map(kind),
            host: lock.record?.hostname,
            user: lock.record?.username,
            pid: lock.record?.pid,
            time: lock.record?.time.rfc3339,
            ageSeconds: lock.record.map { now.seconds - $0.time.seconds },
            isStale: lock.staleness != nil,
            reason: reason(lock),
            action: isDoomed ? "remove" : "keep"
        )
    }
}
