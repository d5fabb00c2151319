import Foundation
import Locks
import NIOCore
import ObjectStorage
import TestSupport
import Testing

@testable import RcloneStorage

/// Gives each key of a test a place that the layout of a repository has: `data/xx/…`, and the key back in listings.
///
/// The conformance suite writes anywhere; rclone's server lists a repository's files. Between the two nothing but names is changed.
final class NamedInLayout: ObjectStore {
    private let base: any ObjectStore
    private let names = Mutex<[ObjectKey: ObjectKey]>([:])

    init(_ base: any ObjectStore) {
        self.base = base
    }

    var location: String { base.location }
    var capabilities: StoreCapabilities { base.capabilities }

    private func place(_ key: ObjectKey) -> ObjectKey {
        names.withLock { names in
            if let place = names[key] { return place }
            let name = "\(names.count % 7)x\(names.count)"
            let place = ObjectKey("data/\(name.prefix(2))/\(name)") ?? key
            names[key] = place
            return place
        }
    }

    func prepare() async throws { try await base.prepare() }
    func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        try await base.put(body, at: place(key), policy: policy)
    }
    func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        try await base.get(place(key), range: range)
    }
    func byteCount(of key: ObjectKey) async throws -> Int64? { try await base.byteCount(of: place(key)) }
    func delete(_ key: ObjectKey) async throws -> Bool { try await base.delete(place(key)) }

    func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        try await base.list(under: ObjectKey("data")) { page in
            let keys = names.withLock { Dictionary(uniqueKeysWithValues: $0.map { ($0.value, $0.key) }) }
            let entries = page.compactMap { entry -> ObjectEntry? in
                guard let key = keys[entry.key] else { return nil }
                if let prefix, !key.path.hasPrefix("\(prefix)/") { return nil }
                return ObjectEntry(key: key, byteCount: entry.byteCount)
            }
            if !entries.isEmpty { try await body(entries) }
        }
    }
}

extension StoreUnderTest {
    /// rclone's server over a folder, where the program is installed.
    static let rclone = StoreUnderTest("rclone") { body in
        try await withRcloneStore { store, _ in try await body(NamedInLayout(store)) }
    }
}

/// Runs `body` with a store over a new folder, and ends rclone.
private func withRcloneStore(_ body: (RcloneStore, _ folder: String) async throws -> Void) async throws {
    try await TemporaryDirectory.with { folder in
        let options = RcloneStore.Options(program: ObjectServers.rclone)
        let store = RcloneStore(remote: folder.path("repository"), options: options)
        do {
            try await body(store, folder.path("repository"))
            await store.close()
        } catch {
            await store.close()
            throw error
        }
    }
}

@Suite(
    "The store behind rclone",
    .timeLimit(.minutes(2)),
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")")
)
struct RcloneStoreTests {
    private func key(_ path: String) throws -> ObjectKey { try #require(ObjectKey(path)) }

    @Test("lists a repository's files by their keys, whatever folder they lie in")
    func layout() async throws {
        let hash = String(repeating: "ab", count: 32)
        let paths = [
            "config", "data/ab/\(hash)", "index/\(hash)", "keys/\(hash)", "locks/\(hash)", "snapshots/\(hash)",
            "holdfast/marks/\(hash)", "holdfast/rotation", "holdfast/replaced/data/ab/\(hash)",
            "holdfast/replaced/index/\(hash)",
        ]
        try await withRcloneStore { store, folder in
            try await store.prepare()
            for path in paths {
                try await store.put(ByteBuffer(string: path), at: try key(path), policy: .refuseExisting)
                #expect(FileManager.default.contents(atPath: "\(folder)/\(path)") == Data(path.utf8))
            }
            for prefix in [nil, "data", "data/ab", "data/00", "index", "holdfast", "holdfast/replaced", "config"] {
                let listed = try await store.list(under: prefix.flatMap { ObjectKey($0) })
                let expected = paths.filter { path in prefix.map { path.hasPrefix("\($0)/") } ?? true }
                #expect(listed.map(\.key.path).sorted() == expected.sorted(), "\(prefix ?? "all")")
                #expect(listed.allSatisfy { $0.byteCount == Int64($0.key.path.utf8.count) })
            }
        }
    }

    @Test("refuses to write what it could not list", arguments: ["state", "data/abcd", "data/zz/abcd", "index/a/b"])
    func outside(path: String) async throws {
        try await withRcloneStore { store, _ in
            await expectError(.locationInvalid) {
                try await store.put(ByteBuffer(string: "x"), at: try key(path), policy: .refuseExisting)
            }
        }
    }

    @Test("replaces what a broken upload left under the hash of the whole")
    func heals() async throws {
        let hash = String(repeating: "cd", count: 32)
        try await withRcloneStore { store, folder in
            try await store.prepare()
            let place = "\(folder)/data/cd"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            try Data("hal".utf8).write(to: URL(fileURLWithPath: "\(place)/\(hash)"))
            let pack = try key("data/cd/\(hash)")
            try await store.put(ByteBuffer(string: "half and half"), at: pack, policy: .refuseExisting)
            #expect(try await store.get(pack, range: nil) == ByteBuffer(string: "half and half"))
            await expectError(.alreadyExists) {
                try await store.put(ByteBuffer(string: "half and half"), at: pack, policy: .refuseExisting)
            }
        }
    }

    @Test("names the program that is not there, and one that ends at once with what it said")
    func missingProgram() async throws {
        let absent = RcloneStore(remote: "a:b", options: .init(program: "no-such-rclone"))
        let missing = await #expect(throws: ObjectStoreError.self) { try await absent.byteCount(of: try key("config")) }
        #expect(missing?.code == .locationInvalid && missing?.message.contains("no-such-rclone") == true)
        #expect(missing?.hint?.contains("Install rclone") == true)

        let unknown = RcloneStore(remote: "nowhere:b", options: .init(program: ObjectServers.rclone))
        let refused = await #expect(throws: ObjectStoreError.self) {
            try await unknown.byteCount(of: try key("config"))
        }
        #expect(refused?.code == .locationInvalid)
        #expect(refused?.message.contains("didn't find section in config file") == true, "\(refused?.message ?? "")")
    }

    @Test("starts rclone again when it has died, and says what happened to what was under way")
    func restarts() async throws {
        try await withRcloneStore { store, _ in
            try await store.prepare()
            let config = try key("config")
            try await store.put(ByteBuffer(string: "x"), at: config, policy: .refuseExisting)
            for pid in try await children(of: ProcessInfo.processInfo.processIdentifier, running: store) {
                kill(pid, SIGKILL)
            }
            // The first may still meet the dying connection.
            var answers: [Int64?] = []
            while answers.isEmpty {
                do {
                    answers.append(try await store.byteCount(of: config))
                } catch let error as ObjectStoreError {
                    #expect(error.code == .unavailable)
                    #expect(error.message.contains("signal 9") || error.message.contains("stream"), "\(error.message)")
                }
            }
            #expect(answers == [1])
        }
    }

    /// The rclones that serve this store's folder.
    private func children(of parent: Int32, running store: RcloneStore) async throws -> [Int32] {
        let folder = String(store.location.dropFirst("rclone:".count))
        return try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter { pid in
            let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
            return String(decoding: line, as: UTF8.self).contains("--stdio")
                && String(decoding: line, as: UTF8.self).contains(folder)
        }
    }
}

@Suite("A listing of restic's REST protocol")
struct ListingParserTests {
    private let text =
        #" [{"name":"a","size":1}, {"name":"with } and \" and {","size":2},{"name":"c","size":3,"more":{"x":1}} ] "#
        + "\n"

    @Test("is cut into entries wherever its pieces end", arguments: 1...20)
    func pieces(length: Int) throws {
        var parser = ListingParser()
        var items: [ListingParser.Item] = []
        var rest = ByteBuffer(string: text)
        while let piece = rest.readSlice(length: min(length, max(1, rest.readableBytes))) {
            items += try parser.consume(piece)
            if rest.readableBytes == 0 { break }
        }
        #expect(parser.isComplete)
        #expect(items.map(\.name) == ["a", "with } and \" and {", "c"] && items.map(\.size) == [1, 2, 3])
    }

    @Test(
        "is refused when it is something else",
        arguments: [
            "null", "{}", "[1]", "[{\"name\":1,\"size\":1}]", "[{\"name\":\"a\"}]",
            "[{\"name\":\"" + String(repeating: "a", count: 70_000),
        ]
    )
    func refuses(text: String) {
        var parser = ListingParser()
        #expect(throws: ListingParser.Malformed.self) { try parser.consume(ByteBuffer(string: text)) }
    }

    @Test("is known to be cut short")
    func short() throws {
        var parser = ListingParser()
        _ = try parser.consume(ByteBuffer(string: "[{\"name\":\"a\",\"size\":1},"))
        #expect(!parser.isComplete)
    }
}
