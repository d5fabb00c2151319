internal import ArgumentParser
internal import ResticFormat
internal import ResticRepository

/// `holdfast key list`
struct KeyListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the keys of the repository; * marks the one in use.",
        discussion: """
              holdfast key list
              holdfast key list --json | jq -r '.[].id'
            """
    )

    @OptionGroup var common: CommonOptions

    private struct Output: Encodable {
        struct Scrypt: Encodable {
            let n: Int
            let r: Int
            let p: Int
        }
        let id: String
        let isCurrent: Bool
        let user: String?
        let host: String?
        let created: String?
        let scrypt: Scrypt?
        /// Why the key cannot be used; absent for a sound one.
        let damage: String?

        init(_ key: StoredKey) {
            id = key.id.hex
            isCurrent = key.isCurrent
            user = key.label?.userName
            host = key.label?.hostName
            created = key.label?.created.rfc3339
            scrypt = key.label.map { Scrypt(n: $0.n, r: $0.r, p: $0.p) }
            damage = if case .damaged(let reason) = key.content { reason } else { nil }
        }
    }

    func run() async throws {
        let session = try Session(common)
        let repository = try await session.openRepository()
        let keys = try await repository.withLock(.shared, timing: Session.patientTiming) { try await repository.keys() }
        if common.json { return try Console.json(keys.map { Output($0) }) }
        var table = Table([
            ("", .left), ("id", .left), ("user", .left), ("host", .left), ("created", .left), ("scrypt", .left),
        ])
        for key in keys {
            guard let label = key.label else { continue }
            table.add(
                key.isCurrent ? "*" : "",
                key.id.short,
                EntryRendering.printable(Array(label.userName.utf8)),
                EntryRendering.printable(Array(label.hostName.utf8)),
                EntryRendering.time(label.created),
                "N=\(label.n) r=\(label.r) p=\(label.p)"
            )
        }
        Console.result(table.render())
        for key in keys {
            guard case .damaged(let reason) = key.content else { continue }
            Console.result("\(key.isCurrent ? "*" : " ") \(key.id.hex) is damaged: \(reason)")
        }
    }
}
