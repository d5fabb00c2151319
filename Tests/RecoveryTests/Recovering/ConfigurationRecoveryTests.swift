import Foundation
import Logging
import ResticFormat
import ResticRepository
import Sealing
import TestSupport
import Testing

@testable import Recovery

@Suite("A recovery of sealed configuration", .timeLimit(.minutes(2)))
struct ConfigurationRecoveryTests {
    private func run(_ fixture: SealedFixture, identity: Bool) async throws -> RecoverRun {
        let key = try fixture.identityFile()
        let text = """
            version: 1
            repository: {location: \(fixture.folder.path("repo")), password: env:HOLDFAST_PASSWORD}
            system: test
            configuration:
              - name: app
                path: \(fixture.app)
                files: [".env.*", "config/*.{yaml,json}", "certs/*.pem"]
                recipients: ["\(try fixture.identity.recipient)"]
                \(identity ? "identity: file:\(key)" : "")
            """
        let configuration = try HoldfastConfiguration.parse(
            Array(text.utf8),
            file: "holdfast.yaml",
            folder: fixture.folder.path
        )
        return RecoverRun(
            configuration,
            from: try await fixture.open(),
            client: nil,
            store: FileRecoveryStateStore(folder: fixture.folder.path("state")),
            environment: ["PATH": "/usr/bin:/bin"],
            identities: ConfigurationIdentities(sets: configuration.sealed),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            toolVersion: "holdfast test"
        )
    }

    @Test("writes what is missing or differs with its permissions, leaves the rest, and tells no value")
    func loss() async throws {
        try await SealedFixture.with { fixture in
            try fixture.writeFiles()
            try await fixture.backUp(try fixture.set())
            let intact = try await run(fixture, identity: true).assess()
            #expect(intact.needsNothing, "\(intact.findings)")
            try FileManager.default.removeItem(atPath: fixture.folder.path("app/.env.production"))
            try fixture.write("{\"api\": {\"key\": \"wrong\"}, \"port\": 80}", to: "app/config/app.json", mode: 0o644)
            let recovery = try await run(fixture, identity: true)
            let assessment = try await recovery.assess()
            #expect(assessment.scenario == .configurationLoss)
            let plan = try await recovery.prepare(assessment)
            #expect(plan.missing.isEmpty && plan.actions.map(\.kind) == [.repair], "\(plan.requirements)")
            let report = try await recovery.run(plan, observer: Interrupter())
            #expect(report.outcome == .verified, "\(report)")
            #expect(report.restored.first?.detail == "2 files written, 2 equal already")
            #expect(try fixture.mode("app/.env.production") == 0o600)
            #expect(try fixture.read("app/config/app.json").contains(SealedFixture.secrets[2]))
            #expect(try await run(fixture, identity: true).assess().needsNothing)
            let told = try RecoveryReport.Format.allCases.map { try report.rendered(as: $0) }.joined() + "\(plan)"
            for secret in SealedFixture.secrets { #expect(!told.contains(secret)) }
        }
    }

    @Test("does not begin without the identity, and says what is missing")
    func noIdentity() async throws {
        try await SealedFixture.with { fixture in
            try fixture.writeFiles()
            try await fixture.backUp(try fixture.set())
            try FileManager.default.removeItem(atPath: fixture.app)
            let recovery = try await run(fixture, identity: false)
            let plan = try await recovery.prepare(try await recovery.assess())
            #expect(plan.missing.map(\.name) == ["configuration app"])
            #expect(plan.missing.first?.remedy?.isEmpty == false, "\(plan.missing)")
            await #expect(throws: RecoveryError.self) { try await recovery.run(plan, observer: Interrupter()) }
            #expect(!FileManager.default.fileExists(atPath: fixture.app))
        }
    }
}
