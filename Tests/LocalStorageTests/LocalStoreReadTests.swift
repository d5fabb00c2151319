import Foundation
import LocalStorage
import NIOCore
import ObjectStorage
import TestSupport
import Testing

@Suite("A local store, reading", .timeLimit(.minutes(1)))
struct LocalStoreReadTests {
    @Test("goes on after short reads and interruptions", arguments: [1, 7, 4096])
    func shortReads(length: Int) async throws {
        try await TemporaryDirectory.with { folder in
            var generator = SeededGenerator(seed: 5)
            let bytes = generator.bytes(100_000)
            let store = LocalStore(
                path: folder.path,
                calls: FaultyCalls(
                    FaultyCalls.Rule(call: "pread", occurrences: 1...40, effect: .moves(length)),
                    .fail("pread", EINTR, 2...4),
                    .fail("open", EINTR, path: "object", 2...2)
                )
            )
            let key = try makeKey("object")
            try await store.put(ByteBuffer(bytes: bytes), at: key, policy: .refuseExisting)
            #expect(try await store.get(key, range: 10..<99_000) == ByteBuffer(bytes: bytes[10..<99_000]))
        }
    }

    @Test("calls a file that ends early damaged, and never returns less than was asked for")
    func endsEarly() async throws {
        try await TemporaryDirectory.with { folder in
            try folder.write("0123456789", to: "object")
            let calls = FaultyCalls(FaultyCalls.Rule(call: "pread", occurrences: 1...1, effect: .moves(0)))
            let store = LocalStore(path: folder.path, calls: calls)
            await expectError(.corrupted) { try await store.get(makeKey("object"), range: nil) }
            #expect(try await calls.settledOpenCount() == 0)
        }
    }

    @Test("a folder, a FIFO and a dangling link are no objects", arguments: ["folder", "fifo", "dangling"])
    func noObjects(name: String) async throws {
        try await TemporaryDirectory.with { folder in
            mkdir(folder.path("folder"), 0o700)
            mkfifo(folder.path("fifo"), 0o600)
            symlink("nowhere", folder.path("dangling"))
            let store = LocalStore(path: folder.path)
            let key = try makeKey(name)
            await expectError(.notFound) { try await store.get(key, range: nil) }
            #expect(try await store.byteCount(of: key) == nil)
            #expect(try await store.list(under: nil).isEmpty)
        }
    }

    @Test("does not delete a folder")
    func deletesNoFolder() async throws {
        try await TemporaryDirectory.with { folder in
            mkdir(folder.path("folder"), 0o700)
            let store = LocalStore(path: folder.path)
            let deleted = try await store.delete(makeKey("folder"))
            #expect(!deleted)
            #expect(folder.everything == ["folder"])
        }
    }

    @Test("lists neither unfinished nor foreign files, ours or restic's")
    func ignoresTemporaries() async throws {
        try await TemporaryDirectory.with { folder in
            for name in [
                "data/aa/object", ".object-tmp-0123456789abcdef", "data/aa/object-tmp-1234567890", "lost+found/#123",
                "name with spaces", "data/aa/.hidden", "ü",
            ] { try folder.write("x", to: name) }
            let listed = try await LocalStore(path: folder.path).list(under: nil)
            #expect(listed.map(\.key.path).sorted() == ["data/aa/.hidden", "data/aa/object"])
        }
    }

    @Test("lists through a link to a folder at the top, and not through a deeper one, which could be a circle")
    func links() async throws {
        try await TemporaryDirectory.with { folder in
            try folder.write("x", to: "elsewhere/aa/object")
            try folder.write("abc", to: "store/file")
            symlink("../elsewhere", folder.path("store/data"))
            symlink("../..", folder.path("elsewhere/aa/circle"))
            symlink("../../store/file", folder.path("elsewhere/aa/link"))
            let listed = try await LocalStore(path: folder.path("store")).list(under: nil)
            #expect(listed.map(\.key.path).sorted() == ["data/aa/link", "data/aa/object", "file"])
            #expect(listed.first { $0.key.path == "data/aa/link" }?.byteCount == 3)
        }
    }

    @Test("passes over what vanishes while it lists")
    func vanishing() async throws {
        try await TemporaryDirectory.with { folder in
            for name in ["a/gone", "a/stays", "b/gone", "c/stays"] { try folder.write("x", to: name) }
            let calls = FaultyCalls(
                .fail("fstatat", ENOENT, path: "gone", 1...9),
                .fail("opendir", ENOENT, path: folder.path("c"), 1...9)
            )
            let listed = try await LocalStore(path: folder.path, calls: calls).list(under: nil)
            #expect(listed.map(\.key.path) == ["a/stays"])
            #expect(try await calls.settledOpenCount() == 0)
        }
    }

    @Test("lists more than a page, and closes its folder when the caller stops early")
    func pages() async throws {
        struct Enough: Error {}
        try await TemporaryDirectory.with { folder in
            for number in 0..<2500 { try folder.write("", to: "data/\(number)") }
            let calls = FaultyCalls()
            let store = LocalStore(path: folder.path, calls: calls)
            var lengths: [Int] = []
            try await store.list(under: nil) { lengths.append($0.count) }
            #expect(lengths == [1000, 1000, 500])
            await #expect(throws: Enough.self) { try await store.list(under: nil) { _ in throw Enough() } }
            #expect(try await calls.settledOpenCount() == 0)
        }
    }

    @Test("lists the entries of a folder that is interrupted while it is read")
    func interruptedListing() async throws {
        try await TemporaryDirectory.with { folder in
            try folder.write("x", to: "object")
            let calls = FaultyCalls(.fail("opendir", EINTR), .fail("readdir", EINTR, 1...3))
            #expect(try await LocalStore(path: folder.path, calls: calls).list(under: nil).count == 1)
        }
    }
}
