import ResticRepository
import TestSupport
import Testing

@testable import Recovery

@Suite("The repositories in a configuration")
struct ConfigurationRepositoriesTests {
    private let head = "version: 1\nsystem: textbook\ndocuments:\n  - path: ./docs\n"

    private func several(_ lines: String...) throws -> HoldfastConfiguration {
        try parse(head + "repositories:\n" + lines.map { $0 + "\n" }.joined())
    }

    @Test("are a first one and others, each with what is its own")
    func list() throws {
        let configuration = try several(
            "  - name: local",
            "    location: ./backup",
            "    password: env:ONE",
            "  - name: offsite",
            "    location: rclone:box:backups/textbook",
            "    password: env:TWO",
            "    compression: max",
            "    limit_upload: 1.5MB/s",
            "    limit_download: 512KiB/s",
            "    rclone_program: /opt/rclone",
            "    retention: {yearly: 10y, last: 2}",
            "    prices: {currency: EUR, per_1000_puts: 0.005, per_1000_gets: 0.0004, per_gb_month: 0.02, per_gb_out: 0.1}"
        )
        #expect(configuration.repository.name == "local")
        #expect(configuration.repository.location == .folder("/etc/app/backup"))
        #expect(configuration.repository.retention == nil && configuration.repository.prices == nil)
        let other = try #require(configuration.otherRepositories.first)
        #expect(configuration.otherRepositories.count == 1)
        #expect(other.name == "offsite" && other.location == .rclone("box:backups/textbook"))
        #expect(other.uploadLimit == 1_500_000 && other.downloadLimit == 524_288)
        #expect(other.rcloneProgram == "/opt/rclone" && other.compression == .max)
        #expect(other.retention?.general.keepLast == 2)
        #expect(other.prices?.currency == "EUR" && other.prices?.perGBOut == 0.1)
    }

    @Test("are one, called 'repository', where there is no list")
    func single() throws {
        let configuration = try parse(ConfigurationTexts.minimal)
        #expect(configuration.repository.name == "repository" && configuration.otherRepositories.isEmpty)
    }

    @Test(
        "are refused when they cannot be told apart or are none",
        arguments: [
            ("repositories: []\n", ConfigurationDiagnostic.Code.emptyValue, "names none"),
            (
                "repository: {location: a, password: env:A}\nrepositories: [{name: b, location: b, password: env:A}]\n",
                .duplicateValue, "'repository' and 'repositories'"
            ),
            ("repositories: [{location: b, password: env:A}]\n", .missingKey, "lacks the key 'name'"),
            (
                "repositories: [{name: a, location: b, password: env:A}, {name: a, location: c, password: env:A}]\n",
                .duplicateValue, "named 'a'"
            ),
            (
                "repositories: [{name: a, location: b, password: env:A}, {name: c, location: ./b, password: env:A}]\n",
                .duplicateValue, "same location"
            ),
            ("repository: {location: a, password: env:A, name: a}\n", .unknownKey, "'name'"),
            ("", .missingKey, "'repository'"),
        ]
    )
    func refused(text: String, code: ConfigurationDiagnostic.Code, words: String) throws {
        let found = try findings(head + text)
        #expect(found.contains { $0.code == code && $0.message.contains(words) }, "\(found.map(\.message))")
    }

    @Test(
        "name a remote of rclone, or are refused",
        arguments: ["rclone:", "rclone:remote", "rclone:--config=x:y", "rclone::local"]
    )
    func badRemote(location: String) throws {
        let found = try findings(head + "repository: {location: \"\(location)\", password: env:A}\n")
        #expect(found.map(\.code) == [.invalidValue] && found[0].message.contains("rclone"))
    }

    @Test(
        "show no password of a connection string",
        arguments: [
            (":sftp,host=a,pass=secret:path", "rclone::sftp,…"), ("box,pass=secret:path", "rclone:box,…"),
            ("box:a,b", "rclone:box:a,b"),
        ]
    )
    func hidesSecrets(remote: String, shown: String) {
        let location = HoldfastConfiguration.RepositoryLocation.rclone(remote)
        #expect("\(location)" == shown)
    }

    @Test(
        "are refused with what would have no effect, where it stands",
        arguments: [
            ("location: ./a", "s3: {region: eu}", "'s3' has no effect", 8),
            ("location: rclone:box:a", "s3: {region: eu}", "'s3' has no effect", 8),
            ("location: ./a", "rclone_program: /opt/rclone", "'rclone_program' has no effect", 8),
            ("location: s3:https://h/bucket", "rclone_program: /opt/rclone", "'rclone_program' has no effect", 8),
            ("location: s3:https://h/bucket", "s3: {session_token: env:T}", "'session_token' has no effect", 8),
            (
                "location: s3:https://h/bucket",
                "s3: {access_key_id: env:I, secret_access_key: env:S, profile: p}",
                "'profile' has no effect", 8
            ),
        ]
    )
    func unused(location: String, setting: String, words: String, line: Int) throws {
        let found = try findings(head + "repository:\n  password: env:A\n  \(location)\n  \(setting)\n")
        #expect(found.map(\.code) == [.invalidValue] && found.map(\.line) == [line])
        #expect(found.first?.message.contains(words) == true, "\(found.map(\.message))")
        #expect(found.first?.suggestion?.isEmpty == false)
    }

    @Test(
        "take the same settings where they have an effect",
        arguments: [
            ("s3:https://h/bucket", "s3: {profile: p}"), ("rclone:box:a", "rclone_program: /opt/rclone"),
            ("s3:https://h/bucket", "s3: {access_key_id: env:I, secret_access_key: env:S, session_token: env:T}"),
        ]
    )
    func used(location: String, setting: String) throws {
        let text = "repository: {location: \"\(location)\", password: env:A, \(setting)}\n"
        #expect(try parse(head + text).warnings.isEmpty)
    }

    @Test("keep the key of the server's encryption beside a restore point")
    func kmsKey() throws {
        let s3 = "{encryption: kms, kms_key: alias/backup}"
        let text = "repository: {location: \"s3:https://h/bucket\", password: env:A, s3: \(s3)}\n"
        let kept = String(decoding: try parse(head + text).effective.encode(), as: UTF8.self)
        #expect(kept.contains("alias/backup") && kept.contains("kms_key"), "\(kept)")
    }

    @Test(
        "at places that restic reaches otherwise are refused with the way to write them",
        arguments: [
            ("sftp:host:path", "rclone:REMOTE:PATH"), ("b2:bucket:path", "s3:https://s3.REGION.backblazeb2.com"),
            ("azure:c:/", "rclone:REMOTE:PATH"), ("https://h/b", "s3:https://HOST/BUCKET"),
        ]
    )
    func otherWay(location: String, words: String) throws {
        let found = try findings(head + "repository: {location: \"\(location)\", password: env:A}\n")
        #expect(found.map(\.code) == [.notYetSupported])
        #expect(found.first?.suggestion?.contains(words) == true, "\(found.first?.suggestion ?? "")")
    }

    @Test(
        "have limits in bytes a second",
        arguments: [
            ("10MB/s", 10_000_000), ("1kB/s", 1000), ("1 KiB/s", 1024), ("2GiB/s", 2_147_483_648), ("7B/s", 7),
            ("0.5MB/s", 500_000),
            ("10MB", nil), ("10", nil), ("MB/s", nil), ("0B/s", nil), ("-1MB/s", nil), ("1e3MB/s", nil),
            ("infMB/s", nil),
            ("9999999GB/s", nil), ("1.2.3MB/s", nil), ("10Mbit/s", nil),
        ] as [(String, Int64?)]
    )
    func rates(text: String, bytes: Int64?) {
        #expect(ByteRate.parse(text) == bytes)
    }

    @Test("have prices, by which a run's cost is estimated")
    func cost() {
        var prices = StoragePrices()
        (prices.per1000Puts, prices.per1000Gets, prices.perGBMonth, prices.perGBOut) = (5, 0.4, 0.02, 0.09)
        let cost = StorageCost(prices, puts: 2000, gets: 500, storedBytes: 3_000_000_000, readBytes: 500_000_000)
        #expect(cost.requests == 10.2 && cost.perMonth == 0.06 && cost.transfer == 0.045)
        #expect(cost.once == 10.245)
    }
}
