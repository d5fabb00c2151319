import Foundation
import Locks
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@testable import Recovery

@Suite("The storage of a stopped server, captured", .timeLimit(.minutes(2)))
struct ColdCaptureTests {
    @Test("is in the restore point with its collections, aliases and sizes, and verifies")
    func captures() async throws {
        try await ColdFixture.with { fixture in
            let report = try await fixture.backUp()
            #expect(!report.isPartial && report.failure == nil, "\(report)")
            let part = try #require(report.restorePoint[.qdrant])
            let storage = try #require(part.storage)
            #expect(storage.collections == [.init(name: "book", shards: 1, points: nil)])
            #expect(storage.aliases == ["live": "book"] && storage.path == fixture.storage)
            #expect(storage.files == 6 && part.files == 6 && storage.serverVersion == nil && storage.container == nil)
            #expect(storage.bytes > ColdFixture.walLength && storage.dataBytes < 400_000, "\(storage)")
            #expect(storage.mode == 0o750 && storage.uid == geteuid())
            let point = try await fixture.latest()
            let found = try await VerificationRun(fixture.repository.loadIndex()).verify(point, depth: .content)
            #expect(found.isIntact, "\(found)")
            #expect(point.manifest == report.restorePoint)
        }
    }

    @Test("costs what changed: a second run reads only the changed file, and stores it alone")
    func incremental() async throws {
        try await ColdFixture.with { fixture in
            let first = try await fixture.backUp()
            #expect(first.written.newStoredBytes > 170_000 && first.written.newStoredBytes < 300_000)
            try fixture.write("{\"params\":{\"a\":1}}", to: "collections/book/config.json")
            let second = try await fixture.backUp()
            #expect(
                second.written.newDataBlobs == 2,
                "the file, and the manifest with the configuration: \(second.written)"
            )
            #expect(second.written.newStoredBytes < 10_000, "\(second.written)")
        }
    }

    @Test(
        "is refused when anything in it changes while it is read",
        arguments: ["grown", "same length", "added", "removed", "renamed"]
    )
    func changed(how: String) async throws {
        try await ColdFixture.with { fixture in
            let paths = ["collections/book/0/wal/open-1", "collections/book/0/wal/open-2"].map(fixture.path)
            let hook = ProgressHook(phase: "read the storage") {
                switch how {
                case "grown": truncate(paths[0], ColdFixture.walLength + 1)
                case "same length":
                    let handle = FileHandle(forWritingAtPath: paths[0])
                    handle?.write(Data([1]))
                    try? handle?.close()
                case "added": _ = FileManager.default.createFile(atPath: paths[1], contents: Data([1]))
                case "removed": unlink(paths[0])
                default: rename(paths[0], paths[1])
                }
            }
            let error = await #expect(throws: RecoveryError.self) { _ = try await fixture.backUp(hook) }
            #expect(
                error?.code == .changedWhileRead && error?.message.contains("wal") == true,
                "\(String(describing: error))"
            )
            let stored = try await fixture.repository.snapshots()
            #expect(stored.isEmpty)
        }
    }

    @Test("is refused while a server holds the lock of a log", arguments: ["wal", "wal/.wal"])
    func locked(name: String) async throws {
        try await ColdFixture.with { fixture in
            let path = fixture.path("collections/book/0/\(name)")
            if name != "wal" { try fixture.write([], to: "collections/book/0/\(name)") }
            let descriptor = open(path, O_RDONLY)
            try #require(descriptor >= 0 && flock(descriptor, LOCK_EX) == 0)
            let error = await #expect(throws: RecoveryError.self) { _ = try await fixture.backUp() }
            #expect(
                error?.code == .sourceInUse && error?.message.contains("lock of 'collections/book/0/\(name)'") == true
            )
            close(descriptor)
            _ = try await fixture.backUp()
        }
    }

    @Test("is refused while a process has a file of it open for writing, and not for one that reads")
    func opened() async throws {
        try await ColdFixture.with { fixture in
            let path = fixture.path("raft_state.json")
            let shell = try #require(Program.find("sh"))
            for (redirection, isRefused) in [(">>", true), ("<", false)] {
                let ready = fixture.folder.path("ready-\(isRefused)")
                let child = Process()
                child.executableURL = URL(filePath: shell.path)
                child.arguments = ["-c", "exec 3\(redirection) '\(path)'; : > '\(ready)'; read line"]
                let input = Pipe()
                child.standardInput = input
                try child.run()
                while !FileManager.default.fileExists(atPath: ready) { try await Task.sleep(for: .milliseconds(5)) }
                let inventory = try await StorageInventory.take(fixture.storage)
                let evidence = try await StorageUse.evidence(fixture.storage, inventory)
                try input.fileHandleForWriting.close()
                while child.isRunning { try await Task.sleep(for: .milliseconds(5)) }
                #expect((evidence != nil) == isRefused, "\(redirection): \(evidence ?? "nobody")")
                if isRefused { #expect(evidence?.contains("'raft_state.json' open for writing") == true) }
            }
        }
    }

    @Test(
        "is refused while anything answers where the server is said to be, also with an error",
        arguments: [200, 401, 500]
    )
    func answering(status: Int) async throws {
        try await ScriptedServer.run({ _, _ in .answer(status, "x") }) { server in
            try await ColdFixture.with(url: server.url) { fixture in
                let error = await #expect(throws: RecoveryError.self) { _ = try await fixture.backUp() }
                #expect(error?.code == .sourceInUse && error?.hint?.contains("stop_container") == true)
            }
        }
    }

    @Test("is captured when a proxy says that nobody is behind it", arguments: [502, 503, 504])
    func proxy(status: Int) async throws {
        try await ScriptedServer.run({ _, _ in .answer(status, "x") }) { server in
            try await ColdFixture.with(url: server.url) { fixture in _ = try await fixture.backUp() }
        }
    }

    @Test("is no storage: refused with what was expected", arguments: ["missing", "empty", "other", "above"])
    func wrongFolder(how: String) async throws {
        try await ColdFixture.with { fixture in
            let files = FileManager.default
            if how == "above" { try files.moveItem(atPath: fixture.storage, toPath: fixture.folder.path("moved")) }
            if how != "above" { try files.removeItem(atPath: fixture.storage) }
            if how != "missing" {
                try files.createDirectory(atPath: fixture.storage, withIntermediateDirectories: true)
            }
            if how == "other" { try fixture.write("x", to: "file") }
            if how == "above" {
                try files.moveItem(atPath: fixture.folder.path("moved"), toPath: fixture.path("storage"))
            }
            let error = await #expect(throws: RecoveryError.self) { _ = try await fixture.backUp() }
            #expect(error?.code == (how == "other" || how == "above" ? .notConfigured : .emptySource))
            #expect((error?.hint?.contains("'storage'") ?? false) == (how == "above"), "\(error?.hint ?? "")")
        }
    }

    @Test("is refused when all collections are gone that the last restore point had, and a lost one is named once")
    func emptied() async throws {
        try await ColdFixture.with { fixture in
            try fixture.write("{}", to: "collections/notes/config.json")
            let first = try await fixture.backUp()
            try FileManager.default.removeItem(atPath: fixture.path("collections/notes"))
            let second = try await fixture.backUp()
            #expect(second.isPartial && second.problems.count == 1)
            #expect(
                second.problems.first?.contains(
                    "'notes' is gone from the storage; restore point \(first.restorePoint.id)"
                ) == true
            )
            #expect(try await fixture.backUp().problems.isEmpty)
            try FileManager.default.removeItem(atPath: fixture.path("collections/book"))
            let error = await #expect(throws: RecoveryError.self) { _ = try await fixture.backUp() }
            #expect(error?.code == .emptySource && error?.message.contains("has book") == true)
        }
    }

    @Test("does not take a repository that lies in it")
    func repositoryInside() async throws {
        try await ColdFixture.with { fixture in
            var plan = BackupPlan(system: "test", selecting: nil, folders: [])
            plan.cold = fixture.configuration.qdrant
            plan.leavingOut = [fixture.path("backup")]
            let run = BackupRun(
                plan,
                into: try await fixture.repository.loadIndex(),
                client: nil,
                logger: fixture.logger,
                toolVersion: "holdfast test",
                stopped: fixture.stopped
            )
            let error = await #expect(throws: RecoveryError.self) { _ = try await run.run() }
            #expect(error?.code == .notConfigured && error?.message.contains("lies in the storage") == true)
        }
    }
}
