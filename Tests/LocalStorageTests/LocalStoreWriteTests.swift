import Foundation
import LocalStorage
import NIOCore
import ObjectStorage
import TestSupport
import Testing

@Suite("A local store, writing", .timeLimit(.minutes(1)))
struct LocalStoreWriteTests {
    private static let body = ByteBuffer(repeating: 7, count: 9_000_000)

    /// Runs `body` with a folder and a store in it whose calls fail to order.
    private func with(
        _ calls: FaultyCalls,
        _ body: (TemporaryDirectory, LocalStore) async throws -> Void
    ) async throws {
        try await TemporaryDirectory.with { folder in
            try await body(folder, LocalStore(path: folder.path, calls: calls))
            #expect(try await calls.settledOpenCount() == 0, "a file was left open")
        }
    }

    @Test("writes, sets the mode, syncs, closes, names, and syncs the folder, in that order")
    func order() async throws {
        let calls = FaultyCalls()
        try await with(calls) { _, store in
            try await store.put(ByteBuffer(string: "x"), at: makeKey("object"), policy: .refuseExisting)
            let steps = calls.trace.map { $0.split(separator: " ")[0] }
            #expect(
                steps == [
                    "fstatat", "open", "write", "fchmod", "fsync", "close", "link", "unlink", "open", "fsync", "close",
                ]
            )
        }
    }

    @Test("syncs the parent of every folder that it makes")
    func syncsNewFolders() async throws {
        let calls = FaultyCalls()
        try await with(calls) { folder, store in
            try await store.put(ByteBuffer(string: "x"), at: makeKey("a/b/c"), policy: .replaceExisting)
            let root = try #require(folder.path.split(separator: "/").last)
            let synced = calls.trace.filter { $0.hasPrefix("fsync") }.map { $0.dropFirst(6) }
            #expect(synced.count == 4)
            #expect(synced[0] == root && synced[1] == "a" && synced[2].hasPrefix(".c-tmp-") && synced[3] == "b")
            #expect(try folder.mode("a") == 0o700 && folder.mode("a/b") == 0o700 && folder.mode("a/b/c") == 0o400)
        }
    }

    @Test("goes on after short writes and interruptions", arguments: [1, 1000, 4_000_000])
    func shortWrites(length: Int) async throws {
        let calls = FaultyCalls(
            FaultyCalls.Rule(call: "write", occurrences: 1...50, effect: .moves(length)),
            .fail("write", EINTR, 3...5),
            .fail("open", EINTR),
            .fail("fsync", EINTR, 1...2),
            .fail("close", EINTR)
        )
        try await with(calls) { folder, store in
            let key = try makeKey("object")
            try await store.put(Self.body, at: key, policy: .refuseExisting)
            #expect(try await store.get(key, range: nil) == Self.body)
            #expect(folder.everything == ["object"])
        }
    }

    @Test(
        "a disk that fills up leaves nothing",
        arguments: [0, 1, 4096, 8_999_999],
        [PutPolicy.refuseExisting, .replaceExisting]
    )
    func fullDisk(space: Int, policy: PutPolicy) async throws {
        try await with(FaultyCalls(space: space)) { folder, store in
            await expectError(.insufficientSpace) {
                try await store.put(Self.body, at: makeKey("object"), policy: policy)
            }
            #expect(folder.everything.isEmpty)
        }
    }

    @Test(
        "a failure of any step leaves nothing new and everything old",
        arguments: ["open", "write", "fchmod", "fsync", "close"],
        [PutPolicy.refuseExisting, .replaceExisting]
    )
    func anyStep(call: String, policy: PutPolicy) async throws {
        try await with(FaultyCalls(.fail(call, EIO, path: "tmp-"))) { folder, store in
            let old = policy == .replaceExisting ? ["object"] : []
            if policy == .replaceExisting { try folder.write("old", to: "object") }
            await expectError(.inputOutput) { try await store.put(Self.body, at: makeKey("object"), policy: policy) }
            #expect(folder.everything == old)
            if policy == .replaceExisting {
                #expect(try await store.get(makeKey("object"), range: nil) == ByteBuffer(string: "old"))
            }
        }
    }

    @Test("a name that cannot be given leaves nothing new and everything old")
    func namingFails() async throws {
        try await with(FaultyCalls(.fail("rename", EIO), .fail("link", EIO))) { folder, store in
            try folder.write("old", to: "old")
            await expectError(.inputOutput) {
                try await store.put(Self.body, at: makeKey("old"), policy: .replaceExisting)
            }
            await expectError(.inputOutput) {
                try await store.put(Self.body, at: makeKey("new"), policy: .refuseExisting)
            }
            #expect(folder.everything == ["old"])
            #expect(try await store.get(makeKey("old"), range: nil) == ByteBuffer(string: "old"))
        }
    }

    @Test("a folder that cannot be synced fails the put and takes the new object away")
    func folderSyncFails() async throws {
        try await with(FaultyCalls(.fail("fsync", EIO, 2...2))) { folder, store in
            await expectError(.inputOutput) {
                try await store.put(Self.body, at: makeKey("object"), policy: .refuseExisting)
            }
            #expect(folder.everything.isEmpty)
        }
    }

    @Test("never syncs a file again whose sync failed")
    func noSecondSync() async throws {
        let calls = FaultyCalls(.fail("fsync", EIO))
        try await with(calls) { _, store in
            await expectError(.inputOutput) {
                try await store.put(Self.body, at: makeKey("object"), policy: .refuseExisting)
            }
            #expect(calls.trace.filter { $0.hasPrefix("fsync") }.count == 1)
        }
    }

    @Test("does without what a file system lacks", arguments: [EINVAL, ENOTSUP])
    func unsupported(number: Int32) async throws {
        let calls = FaultyCalls(
            .fail("fchmod", ENOTSUP),
            .fail("link", number, 1...9),
            .fail("flock", number, 1...9),
            .fail("fsync", number, 2...9)
        )
        try await with(calls) { folder, store in
            try await store.put(Self.body, at: makeKey("object"), policy: .refuseExisting)
            #expect(try await store.get(makeKey("object"), range: nil) == Self.body)
            #expect(folder.everything == ["object"])
        }
    }

    @Test("lets one of many writers win where there are no links")
    func oneWinnerWithoutLinks() async throws {
        try await with(FaultyCalls(.fail("link", EPERM, 1...100))) { folder, store in
            let key = try makeKey("object")
            let winners = await withTaskGroup(of: Int.self) { group in
                for writer in 0..<16 {
                    group.addTask {
                        let body = ByteBuffer(repeating: UInt8(writer), count: 1000)
                        return (try? await store.put(body, at: key, policy: .refuseExisting)) == nil ? 0 : 1
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(winners == 1)
            #expect(folder.everything == ["object"])
        }
    }

    @Test("keeps an object that appeared after the look, with links and without", arguments: [0, EPERM])
    func appearsAfterLook(linkFailure: Int32) async throws {
        let blind = FaultyCalls.Rule.fail("fstatat", ENOENT, path: "object")
        let calls = linkFailure == 0 ? FaultyCalls(blind) : FaultyCalls(blind, .fail("link", linkFailure))
        try await with(calls) { folder, store in
            try folder.write("old", to: "object")
            await expectError(.alreadyExists) {
                try await store.put(Self.body, at: makeKey("object"), policy: .refuseExisting)
            }
            #expect(try await store.get(makeKey("object"), range: nil) == ByteBuffer(string: "old"))
            #expect(folder.everything == ["object"])
        }
    }

    @Test("a leftover that cannot be removed after its object is there is no failure, and is not listed")
    func leftoverAfterLink() async throws {
        try await with(FaultyCalls(.fail("unlink", EIO))) { folder, store in
            try await store.put(ByteBuffer(string: "x"), at: makeKey("object"), policy: .refuseExisting)
            #expect(folder.everything.count == 2)
            #expect(try await store.list(under: nil).map(\.key.path) == ["object"])
        }
    }

    @Test("looks first, and writes nothing for an object that is there")
    func looksFirst() async throws {
        let calls = FaultyCalls()
        try await with(calls) { folder, store in
            try folder.write("old", to: "object")
            await expectError(.alreadyExists) {
                try await store.put(Self.body, at: makeKey("object"), policy: .refuseExisting)
            }
            #expect(calls.trace == ["fstatat object"])
        }
    }

    @Test("a write that is cancelled under way stops and leaves nothing")
    func cancelledUnderWay() async throws {
        // One byte a call: two million calls, unless somebody looks at the cancellation.
        let calls = FaultyCalls(FaultyCalls.Rule(call: "write", occurrences: 1...Int.max, effect: .moves(1)))
        try await with(calls) { folder, store in
            let key = try makeKey("object")
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) {
                        try await store.put(
                            ByteBuffer(repeating: 1, count: 2_000_000),
                            at: key,
                            policy: .refuseExisting
                        )
                    }
                }
                while !calls.trace.suffix(1).contains(where: { $0.hasPrefix("write") }) { await Task.yield() }
                group.cancelAll()
            }
            #expect(folder.everything.isEmpty)
        }
    }

    @Test(
        "refuses keys that look like unfinished files",
        arguments: [".a-tmp-0123456789abcdef", "x/a-tmp-123", "a-tmp-1/x"]
    )
    func refusesTemporaryNames(path: String) async throws {
        try await with(FaultyCalls()) { folder, store in
            await expectError(.locationInvalid) {
                try await store.put(ByteBuffer(), at: makeKey(path), policy: .refuseExisting)
            }
            #expect(folder.everything.isEmpty)
        }
    }
}
