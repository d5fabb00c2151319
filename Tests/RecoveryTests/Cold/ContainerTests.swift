import Foundation
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@testable import Recovery

@Suite("A container around the cold route", .timeLimit(.minutes(2)))
struct ContainerTests {
    @Test("is stopped for the backup and started again; how long and which is in the restore point")
    func pause() async throws {
        try await ColdFixture.withContainer { fixture, engine in
            let report = try await fixture.backUp()
            #expect(engine.changes == ["stop", "start"] && engine.isRunning("qdrant"))
            #expect(engine.calls.contains { $0.hasSuffix("/stop?t=60") }, "\(engine.calls)")
            let storage = try #require(report.restorePoint[.qdrant]?.storage)
            #expect(
                storage.volume == "data" && storage.container == "qdrant" && storage.image == "qdrant/qdrant:v1.19.0"
            )
            #expect((storage.stoppedSeconds ?? 0) > 0)
            // Nobody listens where the server should: that is for the operator to know.
            #expect(report.problems.count == 1 && report.problems[0].contains("has not answered within 300ms"))
            #expect(fixture.stopped.describeAbandoned().isEmpty)
        }
    }

    @Test("stays stopped when it did not run before")
    func stoppedBefore() async throws {
        try await ColdFixture.withContainer { state, _ in
            state.containers["qdrant"]?.isRunning = false
        } _: { fixture, engine in
            let report = try await fixture.backUp()
            #expect(engine.changes.isEmpty && report.problems.isEmpty && !engine.isRunning("qdrant"))
            #expect(report.restorePoint[.qdrant]?.storage?.container == nil)
        }
    }

    @Test("is started again when the capture fails, and the failure is reported")
    func captureFails() async throws {
        try await ColdFixture.withContainer { fixture, engine in
            let path = fixture.path("raft_state.json")
            let hook = ProgressHook(phase: "read the storage") { truncate(path, 3) }
            let error = await #expect(throws: RecoveryError.self) { _ = try await fixture.backUp(hook) }
            #expect(error?.code == .changedWhileRead)
            #expect(engine.changes == ["stop", "start"] && engine.isRunning("qdrant"))
            let stored = try await fixture.repository.snapshots()
            #expect(stored.isEmpty)
        }
    }

    @Test(
        "is started again when the run is cancelled, while it is read and while it is stopped",
        arguments: [true, false]
    )
    func cancelled(whileReading: Bool) async throws {
        try await ColdFixture.withContainer { fixture, engine in
            let fixture = fixture
            let work = Guarded<Task<BackupReport, any Error>?>(nil)
            if !whileReading {
                engine.change { $0.containers["qdrant"]?.onStop = { work.value?.cancel() } }
            }
            let hook = ProgressHook(phase: "read the storage") { if whileReading { work.value?.cancel() } }
            // The task waits until it can be cancelled from within.
            let (ready, signal) = AsyncStream.makeStream(of: Void.self)
            let task = Task {
                for await _ in ready {}
                return try await fixture.backUp(hook)
            }
            work.change { $0 = task }
            signal.finish()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            #expect(engine.changes == ["stop", "start"] && engine.isRunning("qdrant"))
            #expect(fixture.stopped.describeAbandoned().isEmpty)
        }
    }

    @Test("that cannot be started again is named with the command to start it; the restore point is kept")
    func startFails() async throws {
        try await ColdFixture.withContainer { fixture, engine in
            engine.order(.refuse("start", times: .max))
            let report = try await fixture.backUp()
            let failure = try #require(report.failure)
            #expect(failure.code == .containerLeftStopped && failure.message.contains("'qdrant'"))
            #expect(failure.hint?.contains("docker -H unix://\(engine.socket) start qdrant") == true, "\(failure)")
            #expect(try await fixture.latest().manifest.id == report.restorePoint.id)
            #expect(engine.changes == ["stop", "start", "start", "start"])

            // The next run tries it, too.
            #expect(fixture.stopped.describeAbandoned().count == 1)
            engine.order()
            let resumed = await fixture.stopped.startAbandoned()
            #expect(resumed.remarks.count == 1 && resumed.failures.isEmpty)
            #expect(engine.isRunning("qdrant") && fixture.stopped.describeAbandoned().isEmpty)
        }
    }

    @Test("that cannot be started after a failed capture is the error, with the capture's as its cause")
    func bothFail() async throws {
        try await ColdFixture.withContainer { fixture, engine in
            engine.order(.refuse("start", times: .max))
            let path = fixture.path("raft_state.json")
            let hook = ProgressHook(phase: "read the storage") { truncate(path, 3) }
            let error = await #expect(throws: RecoveryError.self) { _ = try await fixture.backUp(hook) }
            #expect(error?.code == .containerLeftStopped)
            #expect((error?.cause as? RecoveryError)?.code == .changedWhileRead)
        }
    }

    @Test("is tried more than once", arguments: [FakeContainerEngine.Fault.refuse("start", times: 2)])
    func startsLate(fault: FakeContainerEngine.Fault) async throws {
        try await ColdFixture.withContainer { fixture, engine in
            engine.order(fault)
            let report = try await fixture.backUp()
            #expect(report.failure == nil && engine.isRunning("qdrant"))
        }
    }

    @Test("that ends as soon as it is started is a failure")
    func dies() async throws {
        try await ColdFixture.withContainer { fixture, engine in
            engine.order(.diesAtStart)
            let failure = try #require(try await fixture.backUp().failure)
            #expect(failure.code == .containerLeftStopped)
            #expect((failure.cause as? RecoveryError)?.message.contains("ended with status 137") == true)
        }
    }

    @Test(
        "is not read from when it cannot be stopped, and runs on",
        arguments: [FakeContainerEngine.Fault.refuse("stop", times: 1), .hangUp("stop")]
    )
    func stopFails(fault: FakeContainerEngine.Fault) async throws {
        try await ColdFixture.withContainer { fixture, engine in
            engine.order(fault)
            let error = await #expect(throws: RecoveryError.self) { _ = try await fixture.backUp() }
            #expect(error?.code == .containerUnusable)
            #expect(engine.isRunning("qdrant"))
            let stored = try await fixture.repository.snapshots()
            #expect(stored.isEmpty)
            #expect(fixture.stopped.describeAbandoned().isEmpty)
        }
    }

    struct Misfit: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var code: RecoveryError.Code
        var message: String
        var change: @Sendable (inout FakeContainerEngine.State) -> Void
    }

    static let misfits = [
        Misfit(
            testDescription: "no such container",
            code: .containerUnusable,
            message: "knows the container 'qdrant' not"
        ) {
            $0.containers = [:]
        },
        Misfit(testDescription: "no such volume", code: .containerUnusable, message: "knows the volume 'data' not") {
            $0.volumes = [:]
        },
        Misfit(testDescription: "--rm", code: .containerUnusable, message: "'--rm'") {
            $0.containers["qdrant"]?.isRemovedWhenStopped = true
        },
        Misfit(testDescription: "paused", code: .containerUnusable, message: "is paused") {
            $0.containers["qdrant"]?.isPaused = true
        },
        Misfit(testDescription: "another volume", code: .notConfigured, message: "does not use the volume 'data'") {
            $0.containers["qdrant"]?.mounts = [("other", "/x")]
        },
        Misfit(
            testDescription: "a mounted volume",
            code: .containerUnusable,
            message: "is not a folder of this machine"
        ) {
            $0.volumeOptions = ["type": "nfs", "device": ":/export"]
        },
        Misfit(testDescription: "elsewhere", code: .containerUnusable, message: "sees nothing") {
            $0.volumes["data"] = "/nonexistent/data"
        },
        Misfit(testDescription: "no API", code: .containerUnusable, message: "cannot be understood") {
            $0.faults = [.nonsense]
        },
    ]

    @Test("that does not fit is refused before anything is stopped", arguments: misfits)
    func refuses(misfit: Misfit) async throws {
        try await ColdFixture.withContainer { fixture, engine in
            engine.change(misfit.change)
            let error = await #expect(throws: RecoveryError.self) { _ = try await fixture.backUp() }
            #expect(
                error?.code == misfit.code && error?.message.contains(misfit.message) == true,
                "\(String(describing: error))"
            )
            #expect(engine.changes.isEmpty)
        }
    }

    @Test("is refused without an engine, naming the socket")
    func noEngine() async throws {
        try await ColdFixture.with(", stop_container: qdrant, container_socket: /nonexistent/docker.sock") { fixture in
            let error = await #expect(throws: RecoveryError.self) { _ = try await fixture.backUp() }
            #expect(error?.code == .containerUnusable)
            #expect(error?.message == "there is no socket '/nonexistent/docker.sock'", "\(String(describing: error))")
        }
    }

    @Test("runs while a restore writes, and is stopped only for the exchange")
    func restore() async throws {
        try await ColdFixture.withContainer { fixture, engine in
            _ = try await fixture.backUp()
            let before = engine.changes.count
            let restore = try await fixture.restore(
                .configured(inPlace: true),
                ProgressHook(phase: "restore the storage") { #expect(engine.isRunning("qdrant")) }
            )
            let step = try #require(try await restore.plan())
            #expect(step.container == "qdrant" && step.volume == "data" && step.replaces)
            try await restore.check(step)
            let outcome = try await restore.run(step)
            #expect(outcome.differences.isEmpty && outcome.putAside != nil && outcome.failure == nil)
            #expect(engine.changes.dropFirst(before) == ["stop", "start"] && engine.isRunning("qdrant"))
        }
    }

    @Test("stays up, with its data, when what was restored cannot be put into place")
    func restoreFails() async throws {
        try await ColdFixture.withContainer { fixture, engine in
            _ = try await fixture.backUp()
            let descriptor = open(fixture.path("collections/book/0/wal"), O_RDONLY)
            try #require(descriptor >= 0 && flock(descriptor, LOCK_EX) == 0)
            defer { close(descriptor) }
            let error = await #expect(throws: RecoveryError.self) {
                try await fixture.restored(.configured(inPlace: true))
            }
            #expect(error?.code == .sourceInUse && engine.isRunning("qdrant"))
            #expect(FileManager.default.fileExists(atPath: fixture.path("raft_state.json")))
        }
    }
}

@Suite("A container engine")
struct ContainerEngineTests {
    @Test(
        "is spoken to in a version that it accepts",
        arguments: [
            ("1.41", "1.24", "1.41"), ("1.30", "1.12", "1.30"), ("1.52", "1.44", "1.44"), ("1.47", "1.24", "1.41"),
        ]
    )
    func version(newest: String, oldest: String, expected: String) async throws {
        try await TemporaryDirectory.with { folder in
            var state = FakeContainerEngine.State()
            (state.newest, state.oldest) = (newest, oldest)
            state.volumes["data"] = folder.path
            try await FakeContainerEngine.with(in: folder, state) { fake in
                try await ContainerEngine.with(socket: fake.socket) { engine in
                    #expect("\(engine.version)" == expected)
                    let volume = try await engine.volume("data")
                    #expect(volume.mountpoint == folder.path)
                }
                #expect(fake.calls == ["GET /version", "GET /v\(expected)/volumes/data"])
            }
        }
    }

    @Test("is looked for where Docker and Podman have their sockets, DOCKER_HOST first")
    func sockets() throws {
        #expect(try ContainerSocket.find(configured: "/a", ["DOCKER_HOST": "unix:///b"]) == "/a")
        #expect(try ContainerSocket.find(configured: nil, ["DOCKER_HOST": "unix:///b"]) == "/b")
        let elsewhere = #expect(throws: RecoveryError.self) {
            _ = try ContainerSocket.find(configured: nil, ["DOCKER_HOST": "tcp://host:2375"])
        }
        #expect(elsewhere?.code == .notConfigured)
        #expect(
            ContainerSocket.candidates(["XDG_RUNTIME_DIR": "/run/user/7"]) == [
                "/var/run/docker.sock", "/run/user/7/docker.sock", "/run/user/7/podman/podman.sock",
                "/run/podman/podman.sock",
            ]
        )
    }

    @Test("notes are held by the run that wrote them, and one without content is nobody's")
    func notes() async throws {
        try await TemporaryDirectory.with { folder in
            let notes = StoppedContainers(folder: folder.path("state"))
            let note = StoppedContainers.Note(
                container: "qdrant",
                id: "abc",
                socket: "/nonexistent/engine.sock",
                stoppedAt: "2026-11-24T00:00:00Z",
                purpose: "the backup"
            )
            var held: HeldNote? = try notes.begin(note)
            #expect(notes.abandoned().isEmpty)
            let error = #expect(throws: RecoveryError.self) { _ = try notes.begin(note) }
            #expect(error?.code == .refused)
            #expect(held != nil)
            held = nil  // As if the process were gone.
            // Another test may start a program just now: until that is its own program, it holds whatever we held.
            for _ in 0..<200 where notes.abandoned().isEmpty { try await Task.sleep(for: .milliseconds(50)) }
            #expect(notes.abandoned().map(\.note) == [note])
            let late = await notes.startAbandoned().failures.first
            #expect(late?.code == .containerLeftStopped && late?.hint?.contains("start qdrant") == true)
            #expect(notes.abandoned().count == 1)
            let empty = folder.path("state/stopped-container-x.json")
            _ = FileManager.default.createFile(atPath: empty, contents: nil)
            #expect(notes.describeAbandoned().count == 1 && FileManager.default.fileExists(atPath: empty))
            #expect(notes.abandoned(removesEmpty: true).count == 1 && !FileManager.default.fileExists(atPath: empty))
        }
    }

    @Test("a lock on a note that is not in its place any more says nothing")
    func replacedNote() async throws {
        try await TemporaryDirectory.with { folder in
            let path = folder.path("note")
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            let held = HeldNote(path: path, descriptor: open(path, O_RDWR))
            #expect(held.isInPlace)
            try FileManager.default.removeItem(atPath: path)
            #expect(!held.isInPlace)
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            #expect(!held.isInPlace)
        }
    }
}
