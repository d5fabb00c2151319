import TestSupport
import Testing

@testable import Recovery

@Suite("The retention in a configuration")
struct ConfigurationRetentionTests {
    private func retention(_ lines: String...) throws -> RetentionRules {
        try parse(ConfigurationTexts.minimal + lines.map { $0 + "\n" }.joined()).retention
    }

    @Test("is the default where nothing is said")
    func defaults() throws {
        let rules = try parse(ConfigurationTexts.minimal).retention
        #expect(rules == RetentionRules(general: .standard) && rules.general.timeZone == .own)
        let spans = rules.general.keepWithinPeriod.mapValues(\.description)
        #expect(spans == [.hourly: "2d", .daily: "30d", .weekly: "90d", .monthly: "1y", .yearly: "7y"])
        #expect(rules.general.keepLast == 0)
    }

    @Test("changes what it names, for all components or for some, in its time zone")
    func changes() throws {
        let rules = try retention(
            "retention:",
            "  hourly: 48h",
            "  weekly: none",
            "  yearly: 10y",
            "  last: 3",
            "  time_zone: Europe/Berlin",
            "  components:",
            "    configuration:",
            "      daily: 1y6m",
            "      last: 0",
            "    code: {hourly: none}"
        )
        #expect(
            rules.general.keepWithinPeriod.mapValues(\.description)
                == [.hourly: "48h", .daily: "30d", .monthly: "1y", .yearly: "10y"]
        )
        #expect(rules.general.keepLast == 3 && rules.general.timeZone == RetentionTimeZone(named: "Europe/Berlin"))
        let own = rules.policy(for: "configuration")
        #expect(
            own.keepWithinPeriod[.daily]?.description == "1y6m" && own.keepWithinPeriod[.yearly]?.description == "10y"
        )
        #expect(own.keepWithinPeriod[.weekly] == nil && own.keepLast == 0 && own.timeZone == rules.general.timeZone)
        #expect(rules.policy(for: "code").keepWithinPeriod[.hourly] == nil)
        #expect(
            rules.policy(for: "qdrant") == rules.general && rules.policy(for: "of a later version") == rules.general
        )
        #expect(rules.with(.own).policy(for: "code").timeZone == .own)
    }

    @Test(
        "is refused when it cannot be meant",
        arguments: [
            ("retention: 7y", ConfigurationDiagnostic.Code.wrongType, "Its keys are hourly"),
            ("retention:\n  dayly: 30d", .unknownKey, "Did you mean 'daily'?"),
            ("retention:\n  daily: 30", .invalidValue, "daily: 30d"),
            ("retention:\n  daily: 0d", .invalidValue, "daily: 30d"),
            ("retention:\n  daily: 4w", .invalidValue, "'none'"),
            ("retention:\n  daily: 1d1y", .invalidValue, "in this order"),
            ("retention:\n  daily: [30d]", .wrongType, "daily: 30d"),
            ("retention:\n  daily:", .emptyValue, "daily: 30d"),
            ("retention:\n  last: -1", .wrongType, "last: 3"),
            ("retention:\n  last: 2000000", .invalidValue, "last: 3"),
            ("retention:\n  time_zone: Europe/Berlim", .invalidValue, "Did you mean 'Europe/Berlin'?"),
            ("retention:\n  time_zone: Mars", .invalidValue, "'own'"),
            ("retention:\n  components: [qdrant]", .wrongType, "Its keys are qdrant"),
            ("retention:\n  components:\n    documnets: {daily: 1y}", .unknownKey, "Did you mean 'documents'?"),
            ("retention:\n  components:\n    documents: 1y", .wrongType, "Its keys are hourly"),
            ("retention:\n  components:\n    documents:\n      time_zone: UTC", .unknownKey, "'retention'"),
            (
                "retention: {hourly: none, daily: none, weekly: none, monthly: none, yearly: none}", .invalidValue,
                "last: 1"
            ),
        ]
    )
    func refused(text: String, code: ConfigurationDiagnostic.Code, suggestion: String) throws {
        let found = try findings(ConfigurationTexts.minimal + text + "\n")
        #expect(found.map(\.code) == [code], "\(found)")
        #expect(found.first?.suggestion?.contains(suggestion) == true, "\(found)")
    }

    @Test("of the template is the default, once its comment is taken away")
    func template() throws {
        let lines = ConfigurationTemplate().render().split(separator: "\n", omittingEmptySubsequences: false)
        let begin = try #require(lines.firstIndex { $0 == "# retention:" })
        let section = lines[begin...].map { $0.hasPrefix("# ") ? String($0.dropFirst(2)) : String($0) }
        let rules = try parse((lines[..<begin].map(String.init) + section).joined(separator: "\n")).retention
        var general = RetentionPolicy.standard
        general.keepLast = 1
        #expect(rules.general == general && rules.components.keys.map(\.rawValue) == ["configuration"])
    }
}
