import Foundation
import Locks
import NIOCore
import ObjectStorage
import RcloneStorage
import TestSupport
import Testing

extension TemporaryDirectory {
    /// Writes a program for `/bin/sh`.
    func script(_ name: String, _ text: String) throws -> String {
        let path = path(name)
        try Data("#!/bin/sh\n\(text)\n".utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }
}

@Suite("An rclone that does not answer", .timeLimit(.minutes(3)))
struct RcloneSilenceTests {
    /// A store whose rclone is `script`, which is given up after a second of silence.
    private func withStore(_ script: String, _ body: (RcloneStore, TemporaryDirectory) async throws -> Void)
        async throws
    {
        try await TemporaryDirectory.with { folder in
            let program = try folder.script("rclone", "cd '\(folder.path)'\n\(script)")
            let options = RcloneStore.Options(program: program, longestSilence: .seconds(1))
            try await body(RcloneStore(remote: "box:path", options: options), folder)
        }
    }

    private func expectSilence<Answer>(_ work: () async throws -> Answer) async {
        let error = await #expect(throws: ObjectStoreError.self) { _ = try await work() }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("rclone was silent for") == true, "\(error?.message ?? "")")
        #expect(error?.hint?.contains("rclone lsf box:path") == true)
    }

    /// The processes that wrote their numbers into `pids`.
    private func processes(_ folder: TemporaryDirectory) -> [Substring] {
        let bytes = FileManager.default.contents(atPath: folder.path("pids")) ?? Data()
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    @Test("is given up with an error that may be tried again, ended for good, and started again by the next operation")
    func silent() async throws {
        // Does not end with its input, as one that hangs in a file system.
        try await withStore("trap '' TERM\necho $$ >> pids\nwhile :; do sleep 1; done") { store, folder in
            let key = try makeKey("config")
            await expectSilence { try await store.byteCount(of: key) }
            await expectSilence { try await store.put(ByteBuffer(string: "x"), at: key, policy: .replaceExisting) }
            await expectSilence { try await store.list(under: ObjectKey("data")) { _ in } }
            // On a slow machine one may be ended before it has written anything: they are asked until two have.
            for _ in 0..<50 where processes(folder).count < 2 { await expectSilence { try await store.delete(key) } }
            #expect(Set(processes(folder)).count >= 2)
            for process in processes(folder) {
                for _ in 0..<600 where FileManager.default.fileExists(atPath: "/proc/\(process)") {
                    try await Task.sleep(for: .milliseconds(100))
                }
                #expect(!FileManager.default.fileExists(atPath: "/proc/\(process)"), "process \(process) was left")
            }
        }
    }

    @Test("is given up in the middle of a body as well")
    func silentInBody() async throws {
        // HTTP/2 (RFC 9113) by hand: after the client's preface, its settings and the beginning of a request, on stream 1
        // settings, a head with ':status 200' and 'content-length: 5', and two bytes of the five.
        let answer = [
            #"\000\000\000\004\000\000\000\000\000"#, #"\000\000\005\001\004\000\000\000\001\210\017\015\001\065"#,
            #"\000\000\002\000\000\000\000\000\001ab"#,
        ]
        let script = "head -c 58 > /dev/null\nprintf '\(answer.joined())'\necho $$ >> pids\nwhile :; do sleep 1; done"
        try await withStore(script) { store, folder in
            let key = try makeKey("config")
            for _ in 0..<50 where processes(folder).isEmpty {
                await expectSilence { try await store.get(key, range: nil) }
            }
            #expect(!processes(folder).isEmpty)
        }
    }

    @Test("does not keep a cancelled operation waiting")
    func cancelled() async throws {
        try await TemporaryDirectory.with { folder in
            let program = try folder.script("rclone", "echo > '\(folder.path("started"))'\nexec cat 3>&1 > /dev/null")
            let store = RcloneStore(remote: "box:path", options: .init(program: program))
            let key = try makeKey("config")
            let work = Task { try await store.byteCount(of: key) }
            while !FileManager.default.fileExists(atPath: folder.path("started")) {
                try await Task.sleep(for: .milliseconds(20))
            }
            work.cancel()
            await #expect(throws: CancellationError.self) { try await work.value }
            await store.close()
        }
    }
}
