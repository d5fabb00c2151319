import Foundation
import LocalStorage
import NIOCore
import ObjectStorage
import TestSupport
import Testing

@Suite("A local store and its folder", .timeLimit(.minutes(1)))
struct LocalStorePlaceTests {
    private static let longAgo = Date(timeIntervalSinceNow: -25 * 60 * 60)

    /// Every operation but `prepare`, by name.
    private func eachOperation(
        on store: LocalStore,
        _ check: (@Sendable () async throws -> Void) async throws -> Void
    ) async throws {
        let key = try makeKey("data/object")
        try await check { try await store.put(ByteBuffer(), at: key, policy: .refuseExisting) }
        try await check { try await store.put(ByteBuffer(), at: key, policy: .replaceExisting) }
        try await check { _ = try await store.get(key, range: nil) }
        try await check { _ = try await store.byteCount(of: key) }
        try await check { _ = try await store.list(under: nil) }
        try await check { _ = try await store.list(under: key) }
        try await check { _ = try await store.delete(key) }
    }

    @Test("a missing folder is an error of every operation, with a hint, and nothing makes it but prepare")
    func missing() async throws {
        try await TemporaryDirectory.with { folder in
            let store = LocalStore(path: folder.path("a/b/store"))
            try await eachOperation(on: store) { operation in
                let error = await expectError(.locationMissing, operation)
                #expect(error?.hint?.contains("mounted") == true)
            }
            #expect(folder.everything.isEmpty)
            try await store.prepare()
            #expect(folder.everything == ["a", "a/b", "a/b/store"])
            #expect(try folder.mode("a/b/store") == 0o700)
        }
    }

    @Test("a file in the folder's place, or above it, is an invalid location", arguments: ["file", "file/store"])
    func fileInPlace(path: String) async throws {
        try await TemporaryDirectory.with { folder in
            try folder.write("content", to: "file")
            let store = LocalStore(path: folder.path(path))
            await expectError(.locationInvalid) { try await store.prepare() }
            try await eachOperation(on: store) { await expectError(.locationInvalid, $0) }
            #expect(folder.everything == ["file"])
        }
    }

    @Test("an object in the way of a folder is an invalid location")
    func objectInTheWay() async throws {
        try await TemporaryDirectory.with { folder in
            try folder.write("content", to: "data")
            let store = LocalStore(path: folder.path)
            await expectError(.locationInvalid) {
                try await store.put(ByteBuffer(), at: makeKey("data/object"), policy: .refuseExisting)
            }
            #expect(folder.everything == ["data"])
        }
    }

    @Test(
        "a folder without rights denies permission",
        .enabled(if: geteuid() != 0, "the superuser has every right; the table of errors is tested through the calls")
    )
    func withoutRights() async throws {
        try await TemporaryDirectory.with { folder in
            let store = LocalStore(path: folder.path("store"))
            try await store.prepare()
            chmod(folder.path("store"), 0o500)
            await expectError(.permissionDenied) {
                try await store.put(ByteBuffer(), at: makeKey("object"), policy: .refuseExisting)
            }
            chmod(folder.path("store"), 0o700)
        }
    }

    @Test("a read-only file system is read-only, for the first call that writes", arguments: ["open", "mkdir"])
    func readOnly(call: String) async throws {
        try await TemporaryDirectory.with { folder in
            try folder.write("content", to: "old")
            let store = LocalStore(path: folder.path, calls: FaultyCalls(.fail(call, EROFS, path: "data", 1...9)))
            await expectError(.readOnly) {
                try await store.put(ByteBuffer(), at: makeKey("data/object"), policy: .refuseExisting)
            }
            #expect(try await store.get(makeKey("old"), range: nil) == ByteBuffer(string: "content"))
        }
    }

    @Test("an absolute path comes out of a relative one, without slashes at the end")
    func location() {
        #expect(LocalStore(path: "/srv/backup//").location == "/srv/backup")
        #expect(LocalStore(path: "backup").location == FileManager.default.currentDirectoryPath + "/backup")
        #expect(LocalStore(path: "/").location == "/")
    }

    @Test("prepare removes our own leftovers of more than a day, and nothing else")
    func leftovers() async throws {
        let ours = ["data/00/.pack-tmp-0123456789abcdef", ".config-tmp-ffffffffffffffff"]
        let others = [
            ".config-tmp-0123456789abcde", ".config-tmp-0123456789abcdeg", ".config-tmp-0123456789ABCDEF",
            "config-tmp-0123456789abcdef", "data/00/pack-tmp-123456", ".-tmp-0123456789abcdef", "data/.hidden",
            "config",
            ".config-tmp-0123456789abcdef.bak",
        ]
        try await TemporaryDirectory.with { folder in
            for name in ours + others { try folder.write("x", to: name, modified: Self.longAgo) }
            try folder.write("x", to: "data/00/.young-tmp-0123456789abcdef")
            try FileManager.default.createDirectory(
                atPath: folder.path(".folder-tmp-0123456789abcdef"),
                withIntermediateDirectories: false
            )
            try await LocalStore(path: folder.path).prepare()
            let expected =
                others + ["data", "data/00", "data/00/.young-tmp-0123456789abcdef", ".folder-tmp-0123456789abcdef"]
            #expect(folder.everything == expected.sorted())
        }
    }

    @Test("prepare goes by the clock of the calls, and lives with what it cannot remove")
    func leftoversBestEffort() async throws {
        try await TemporaryDirectory.with { folder in
            try folder.write("x", to: ".config-tmp-0123456789abcdef")
            let future = Int64(Date().timeIntervalSince1970) + 86_401 + 60
            try await LocalStore(path: folder.path, calls: FaultyCalls(.fail("unlink", EROFS), now: future)).prepare()
            #expect(folder.everything.count == 1)
            try await LocalStore(path: folder.path, calls: FaultyCalls(now: future)).prepare()
            #expect(folder.everything.isEmpty)
        }
    }
}
