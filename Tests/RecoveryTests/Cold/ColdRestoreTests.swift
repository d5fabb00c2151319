import Foundation
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@testable import Recovery

@Suite("The storage of a stopped server, restored", .timeLimit(.minutes(2)))
struct ColdRestoreTests {
    private func equal(_ left: String, _ right: String) async throws -> Bool {
        let diff = try #require(Program.find("diff"))
        return try await diff.run(["-r", left, right]).succeeded
    }

    @Test("comes back to where it was, byte for byte; holes stay holes, permissions stay")
    func roundTrip() async throws {
        try await ColdFixture.with { fixture in
            _ = try await fixture.backUp()
            try FileManager.default.moveItem(atPath: fixture.storage, toPath: fixture.folder.path("before"))
            let outcome = try await fixture.restored(.configured(inPlace: false))
            #expect(outcome.differences.isEmpty && outcome.warnings.isEmpty && outcome.putAside == nil, "\(outcome)")
            #expect(try await equal(fixture.folder.path("before"), fixture.storage))
            let log = "collections/book/0/wal/open-1"
            let (before, after) = (
                ColdFixture.allocated(fixture.folder.path("before/\(log)")), ColdFixture.allocated(fixture.path(log))
            )
            #expect(after > 0 && after <= before + 65_536, "\(before) bytes before, \(after) after")
            let files = FileManager.default
            func mode(_ path: String) throws -> Int? {
                try files.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            }
            #expect(try mode(fixture.storage) == 0o750)
            #expect(try mode(fixture.path("collections/book/config.json")) == 0o640)
            #expect(try fixture.entries("volume") == ["_data"], "nothing is left beside it")
        }
    }

    @Test("goes into an empty folder, and into another one that '--target' names")
    func empty() async throws {
        try await ColdFixture.with { fixture in
            _ = try await fixture.backUp()
            let target = fixture.folder.path("elsewhere")
            let outcome = try await fixture.restored(.folder(target))
            #expect(outcome.differences.isEmpty)
            #expect(try await equal(target, fixture.storage))
            try FileManager.default.removeItem(atPath: fixture.storage)
            try FileManager.default.createDirectory(atPath: fixture.storage, withIntermediateDirectories: true)
            try await fixture.restored(.configured(inPlace: false))
            #expect(try await equal(target, fixture.storage))
        }
    }

    @Test("is refused into a folder that holds anything, which stays as it is", arguments: [true, false])
    func occupied(isConfigured: Bool) async throws {
        try await ColdFixture.with { fixture in
            _ = try await fixture.backUp()
            let target = isConfigured ? fixture.storage : fixture.folder.path("elsewhere")
            if !isConfigured {
                try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
            }
            try Data("x".utf8).write(to: URL(filePath: target + "/mine"))
            let restore = try await fixture.restore(isConfigured ? .configured(inPlace: false) : .folder(target))
            let step = try #require(try await restore.plan())
            #expect(step.replaces)
            let error = await #expect(throws: RecoveryError.self) { try await restore.check(step) }
            #expect(error?.code == .targetNotEmpty && error?.message.contains(target) == true)
            #expect(try String(contentsOfFile: target + "/mine", encoding: .utf8) == "x")
        }
    }

    @Test("in place, puts aside what is there, and deletes nothing")
    func inPlace() async throws {
        try await ColdFixture.with { fixture in
            _ = try await fixture.backUp()
            let day = "\(SystemWallClock().now)".prefix(10)
            for number in 1...2 {
                try fixture.write("newer \(number)", to: "raft_state.json")
                let outcome = try await fixture.restored(.configured(inPlace: true))
                let aside = try #require(outcome.putAside)
                #expect(aside.hasPrefix("\(fixture.storage).retired-") && outcome.differences.isEmpty)
                #expect(try String(contentsOfFile: "\(aside)/raft_state.json", encoding: .utf8) == "newer \(number)")
                #expect(
                    try String(contentsOfFile: fixture.path("raft_state.json"), encoding: .utf8)
                        == "{\"this_peer_id\":1}"
                )
            }
            let names = try fixture.entries("volume")
            #expect(names.count == 3 && names.contains { $0.contains(day) }, "\(names)")
        }
    }

    @Test("completes what an interrupted restore has left, and puts aside what is not its own")
    func leftovers() async throws {
        try await ColdFixture.with { fixture in
            _ = try await fixture.backUp()
            try FileManager.default.moveItem(atPath: fixture.storage, toPath: fixture.storage + ".next")
            try Data("half".utf8).write(to: URL(filePath: fixture.storage + ".next/raft_state.json"))
            try Data("x".utf8).write(to: URL(filePath: fixture.storage + ".next/.holdfast-restore-3"))
            try RestoreMark(point: try await fixture.latest().manifest.id).set(in: fixture.storage + ".next")
            let first = try await fixture.restored(.configured(inPlace: false))
            #expect(first.differences.isEmpty && first.report.restoredFiles == 1, "\(first)")
            #expect(try fixture.entries("volume") == ["_data"])
            #expect(!FileManager.default.fileExists(atPath: fixture.path(".holdfast-restore-3")))

            try FileManager.default.moveItem(atPath: fixture.storage, toPath: fixture.storage + ".next")
            try Data("x".utf8).write(to: URL(filePath: fixture.storage + ".next/mine"))
            let second = try await fixture.restored(.configured(inPlace: false))
            #expect(second.warnings.contains { $0.contains(".retired-") }, "\(second.warnings)")
            #expect(!FileManager.default.fileExists(atPath: fixture.path("mine")))
            let names = try fixture.entries("volume")
            let aside = try #require(names.first { $0.contains(".retired-") })
            #expect(FileManager.default.fileExists(atPath: fixture.folder.path("volume/\(aside)/mine")))
        }
    }

    @Test("is refused while a server uses what is there")
    func inUse() async throws {
        try await ColdFixture.with { fixture in
            _ = try await fixture.backUp()
            let descriptor = open(fixture.path("collections/book/0/wal"), O_RDONLY)
            try #require(descriptor >= 0 && flock(descriptor, LOCK_EX) == 0)
            defer { close(descriptor) }
            let restore = try await fixture.restore(.configured(inPlace: true))
            let step = try #require(try await restore.plan())
            let error = await #expect(throws: RecoveryError.self) { try await restore.check(step) }
            #expect(error?.code == .sourceInUse)
            let late = await #expect(throws: RecoveryError.self) { _ = try await restore.run(step) }
            #expect(late?.code == .sourceInUse)
            #expect(
                try String(contentsOfFile: fixture.path("raft_state.json"), encoding: .utf8) == "{\"this_peer_id\":1}"
            )
        }
    }

    @Test("needs a place in the configuration, or a folder")
    func unconfigured() async throws {
        try await ColdFixture.with { fixture in
            _ = try await fixture.backUp()
            fixture.configuration.qdrant?.cold = nil
            let restore = try await fixture.restore(.configured(inPlace: false))
            let error = await #expect(throws: RecoveryError.self) { _ = try await restore.plan() }
            #expect(error?.code == .notConfigured && error?.hint?.contains("qdrant.cold") == true)
            #expect(try await fixture.restored(.folder(fixture.folder.path("elsewhere"))).differences.isEmpty)
        }
    }

    @Test("is recovered when it is lost; a server that does not answer on other files is not called lost")
    func recovers() async throws {
        try await ColdFixture.with { fixture in
            _ = try await fixture.backUp()
            let run = RecoverRun(
                fixture.configuration,
                from: try await fixture.repository.loadIndex(),
                client: nil,
                store: FileRecoveryStateStore(folder: fixture.folder.path("state")),
                environment: [:],
                logger: fixture.logger,
                toolVersion: "holdfast test",
                stopped: fixture.stopped
            )
            #expect(try await run.assess().findings.map(\.state) == [.same])

            try fixture.write("newer", to: "raft_state.json")
            let open = try await run.assess()
            #expect(open.findings.map(\.state) == [.unreachable], "\(open.findings)")
            let error = await #expect(throws: RecoveryError.self) { _ = try await run.prepare(open) }
            #expect(error?.code == .undetermined)

            try FileManager.default.removeItem(atPath: fixture.path("collections"))
            let lost = try await run.assess()
            #expect(lost.findings.map(\.state) == [.missing] && lost.findings.map(\.name) == ["book"])
            let plan = try await run.prepare(lost)
            #expect(plan.missing.isEmpty && plan.destroys.first?.contains("put aside") == true, "\(plan)")
            let report = try await run.run(plan, observer: Interrupter())
            #expect(report.outcome == .verified, "\(report)")
            #expect(try await run.assess().findings.map(\.state) == [.same])
            #expect(try fixture.entries("volume").count == 2)
        }
    }
}
