import NIOCore
import ObjectStorage
import TestSupport
import Testing

/// Every promise in the documentation of `ObjectStore`, asked of every store.
@Suite("Every store", .timeLimit(.minutes(2)))
struct ObjectStoreConformanceTests {
    /// The bytes of every object of the suite, made once: random ones are slow to come by in a debug build.
    private static let random: ByteBuffer = {
        var generator = SeededGenerator(seed: 1)
        return ByteBuffer(bytes: generator.bytes(5 * 1024 * 1024 + 1))
    }()

    @Test("returns what was put", arguments: StoreUnderTest.all, [0, 1, 4095, 4097, 5 * 1024 * 1024 + 1])
    func returnsWhatWasPut(under: StoreUnderTest, byteCount: Int) async throws {
        try await under.with { store in
            let body = try #require(Self.random.getSlice(at: Self.random.writerIndex - byteCount, length: byteCount))
            let key = try makeKey("data/00/object")
            try await store.put(body, at: key, policy: .refuseExisting)
            #expect(try await store.get(key, range: nil) == body)
            #expect(try await store.byteCount(of: key) == Int64(byteCount))
            let listed = try await store.list(under: nil)
            #expect(listed.map(\.key) == [key] && listed.map(\.byteCount) == [Int64(byteCount)])
        }
    }

    @Test("stores the readable part of a buffer only", arguments: StoreUnderTest.all)
    func storesReadablePart(under: StoreUnderTest) async throws {
        try await under.with { store in
            var body = ByteBuffer(string: "headbodytail")
            body.moveReaderIndex(forwardBy: 4)
            body.moveWriterIndex(to: 8)
            let key = try makeKey("part")
            try await store.put(body, at: key, policy: .refuseExisting)
            #expect(try await store.get(key, range: nil) == ByteBuffer(string: "body"))
            #expect(try await store.get(key, range: 1..<3) == ByteBuffer(string: "od"))
        }
    }

    @Test("can be prepared again without a loss", arguments: StoreUnderTest.all)
    func preparesAgain(under: StoreUnderTest) async throws {
        try await under.with { store in
            let key = try makeKey("config")
            try await store.put(ByteBuffer(string: "x"), at: key, policy: .refuseExisting)
            try await store.prepare()
            #expect(try await store.get(key, range: nil) == ByteBuffer(string: "x"))
        }
    }

    @Test("keeps the stored object when a second put is refused", arguments: StoreUnderTest.all)
    func refusesExisting(under: StoreUnderTest) async throws {
        try await under.with { store in
            let key = try makeKey("config")
            try await store.put(ByteBuffer(string: "first"), at: key, policy: .refuseExisting)
            await expectError(.alreadyExists) {
                try await store.put(ByteBuffer(string: "second"), at: key, policy: .refuseExisting)
            }
            #expect(try await store.get(key, range: nil) == ByteBuffer(string: "first"))
            #expect(try await store.list(under: nil).count == 1)
        }
    }

    @Test("replaces an object when told to", arguments: StoreUnderTest.all)
    func replacesExisting(under: StoreUnderTest) async throws {
        try await under.with { store in
            let key = try makeKey("state")
            for text in ["first, longer", "second", ""] {
                try await store.put(ByteBuffer(string: text), at: key, policy: .replaceExisting)
                #expect(try await store.get(key, range: nil) == ByteBuffer(string: text))
                #expect(try await store.byteCount(of: key) == Int64(text.utf8.count))
            }
        }
    }

    @Test("lets exactly one of many writers of a key succeed", arguments: StoreUnderTest.all)
    func letsOneWriterWin(under: StoreUnderTest) async throws {
        try await under.with { store in
            let key = try makeKey("locks/one")
            let winners: [Int] = try await withThrowingTaskGroup(of: Int?.self) { group in
                for writer in 0..<16 {
                    group.addTask {
                        let body = ByteBuffer(repeating: UInt8(writer), count: 10_000)
                        do {
                            try await store.put(body, at: key, policy: .refuseExisting)
                            return writer
                        } catch let error as ObjectStoreError where error.code == .alreadyExists {
                            return nil
                        }
                    }
                }
                return try await group.reduce(into: [Int]()) { if let winner = $1 { $0.append(winner) } }
            }
            let winner = try #require(winners.first)
            #expect(winners.count == 1)
            #expect(
                try await store.get(key, range: nil) == ByteBuffer(repeating: UInt8(winner), count: 10_000)
            )
        }
    }

    @Test("never shows half of a replaced object", arguments: StoreUnderTest.all)
    func replacesInOneStep(under: StoreUnderTest) async throws {
        try await under.with { store in
            guard store.capabilities.replacesAtomically else { return }
            let key = try makeKey("state")
            try await store.put(ByteBuffer(repeating: 0, count: 50_000), at: key, policy: .replaceExisting)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for value in 1...20 {
                        let body = ByteBuffer(repeating: UInt8(value), count: 50_000 + value)
                        try await store.put(body, at: key, policy: .replaceExisting)
                    }
                }
                group.addTask {
                    for _ in 0..<40 {
                        let seen = try await store.get(key, range: nil)
                        let value = try #require(seen.readableBytesView.first)
                        #expect(seen == ByteBuffer(repeating: value, count: 50_000 + Int(value)))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("leaves nothing under the key of a cancelled put", arguments: StoreUnderTest.all)
    func cancelledPutLeavesNothing(under: StoreUnderTest) async throws {
        try await under.with { store in
            let key = try makeKey("data/00/cancelled")
            let body = ByteBuffer(repeating: 1, count: 100_000)
            let outcome = await withTaskGroup(of: (any Error)?.self) { group in
                group.addTask {
                    withUnsafeCurrentTask { $0?.cancel() }
                    do {
                        try await store.put(body, at: key, policy: .refuseExisting)
                        return nil
                    } catch {
                        return error
                    }
                }
                return await group.next() ?? nil
            }
            #expect(outcome is CancellationError)
            #expect(try await store.byteCount(of: key) == nil)
            #expect(try await store.list(under: nil).isEmpty)
            try await store.put(body, at: key, policy: .refuseExisting)
        }
    }

    @Test("a put that is cancelled half-way ends whole or not at all", arguments: StoreUnderTest.all, 0..<8)
    func cancelledHalfWay(under: StoreUnderTest, pauses: Int) async throws {
        try await under.with { store in
            let key = try makeKey("data/00/cancelled")
            let body = ByteBuffer(repeating: 7, count: 9 * 1024 * 1024)
            let succeeded = await withTaskGroup(of: Bool.self) { group in
                group.addTask { (try? await store.put(body, at: key, policy: .refuseExisting)) != nil }
                for _ in 0..<(pauses * 20) { await Task.yield() }
                group.cancelAll()
                return await group.next() ?? false
            }
            #expect(try await store.byteCount(of: key) == (succeeded ? Int64(body.readableBytes) : nil))
            #expect(try await store.list(under: nil).count == (succeeded ? 1 : 0))
        }
    }
}

/// Reading and deleting.
@Suite("Every store, read", .timeLimit(.minutes(2)))
struct ObjectStoreReadingTests {
    private static let ranges: [Range<Int64>] = [
        0..<0, 0..<1, 0..<100_000, 1..<2, 4095..<4097, 65_535..<65_537, 99_999..<100_000, 100_000..<100_000, 50..<50,
    ]

    @Test("returns exactly the range that was asked for", arguments: StoreUnderTest.all)
    func returnsRange(under: StoreUnderTest) async throws {
        try await under.with { store in
            var generator = SeededGenerator(seed: 1)
            let bytes = generator.bytes(100_000)
            let key = try makeKey("data/00/ranges")
            try await store.put(ByteBuffer(bytes: bytes), at: key, policy: .refuseExisting)
            for range in Self.ranges {
                let part = try await store.get(key, range: range)
                #expect(part == ByteBuffer(bytes: bytes[Int(range.lowerBound)..<Int(range.upperBound)]), "\(range)")
            }
        }
    }

    private static let rangesBeyond: [Range<Int64>] = [
        0..<11, 9..<11, 10..<11, 11..<11, 11..<12, 1_000..<2_000, 0..<Int64.max, -1..<3,
    ]

    @Test("refuses a range that the object does not have", arguments: StoreUnderTest.all)
    func refusesRangeBeyond(under: StoreUnderTest) async throws {
        try await under.with { store in
            let key = try makeKey("ten")
            try await store.put(ByteBuffer(string: "0123456789"), at: key, policy: .refuseExisting)
            for range in Self.rangesBeyond {
                await expectError(.rangeNotSatisfiable, "\(range)") { try await store.get(key, range: range) }
            }
        }
    }

    @Test("refuses a range of an empty object but the empty one", arguments: StoreUnderTest.all)
    func emptyObject(under: StoreUnderTest) async throws {
        try await under.with { store in
            let key = try makeKey("empty")
            try await store.put(ByteBuffer(), at: key, policy: .refuseExisting)
            #expect(try await store.get(key, range: 0..<0) == ByteBuffer())
            await expectError(.rangeNotSatisfiable) { try await store.get(key, range: 0..<1) }
        }
    }

    @Test(
        "says that a missing object is missing",
        arguments: StoreUnderTest.all,
        ["missing", "data", "data/00", "data/00/missing", "data/00/object/below", "no/such/folder"]
    )
    func missingObject(under: StoreUnderTest, path: String) async throws {
        try await under.with { store in
            try await store.put(ByteBuffer(string: "x"), at: try makeKey("data/00/object"), policy: .refuseExisting)
            let missing = try makeKey(path)
            await expectError(.notFound) { try await store.get(missing, range: nil) }
            await expectError(.notFound) { try await store.get(missing, range: 0..<1) }
            #expect(try await store.byteCount(of: missing) == nil)
            #expect(try await store.delete(missing) == false)
            #expect(try await store.list(under: missing).count == ("data/00".hasPrefix(path) ? 1 : 0))
        }
    }

    @Test("deletes an object once", arguments: StoreUnderTest.all)
    func deletes(under: StoreUnderTest) async throws {
        try await under.with { store in
            let key = try makeKey("data/00/object")
            let neighbour = try makeKey("data/00/neighbour")
            try await store.put(ByteBuffer(string: "x"), at: key, policy: .refuseExisting)
            try await store.put(ByteBuffer(string: "y"), at: neighbour, policy: .refuseExisting)
            let deleted = try await store.delete(key)
            #expect(deleted || !under.tellsDeletions)
            #expect(try await store.delete(key) == false)
            #expect(try await store.byteCount(of: key) == nil)
            #expect(try await store.list(under: nil).map(\.key) == [neighbour])
            try await store.put(ByteBuffer(string: "again"), at: key, policy: .refuseExisting)
            #expect(try await store.get(key, range: nil) == ByteBuffer(string: "again"))
        }
    }

    @Test("reads many objects at once", arguments: StoreUnderTest.all)
    func readsConcurrently(under: StoreUnderTest) async throws {
        try await under.with { store in
            let keys = try (0..<40).map { try makeKey("data/\($0 % 4)/object-\($0)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, key) in keys.enumerated() {
                    group.addTask {
                        let body = ByteBuffer(repeating: UInt8(index), count: 1000 + index)
                        try await store.put(body, at: key, policy: .refuseExisting)
                        #expect(try await store.get(key, range: nil) == body)
                        #expect(try await store.get(key, range: 990..<Int64(1000 + index)).readableBytes == 10 + index)
                    }
                }
                try await group.waitForAll()
            }
            #expect(Set(try await store.list(under: nil).map(\.key)) == Set(keys))
        }
    }
}

/// Listings.
@Suite("Every store, listed", .timeLimit(.minutes(2)))
struct ObjectStoreListingTests {
    private static let paths = [
        "config", "data", "data2/x", "data-old", "index/aa", "index/bb", "index2", "keys/k.json",
        "deep/a/b/c/d/e/f/g/h", "deep/a/b2", "deep/a.b", "snapshots/s1",
    ]

    private static let prefixes = [
        nil, "config", "data", "data2", "index", "inde", "deep", "deep/a", "deep/a/b", "deep/a/b/c/d/e/f/g", "none",
        "x/y",
    ]

    @Test("lists what is below a prefix, and no sibling whose name begins like it", arguments: StoreUnderTest.all)
    func listsUnderPrefix(under: StoreUnderTest) async throws {
        try await under.with { store in
            for path in Self.paths {
                let body = ByteBuffer(repeating: 1, count: path.utf8.count)
                try await store.put(body, at: try makeKey(path), policy: .refuseExisting)
            }
            for prefix in Self.prefixes {
                let expected = Self.paths.filter { path in prefix.map { path.hasPrefix("\($0)/") } ?? true }
                let listed = try await store.list(under: prefix.map { try makeKey($0) })
                #expect(listed.map(\.key.path).sorted() == expected.sorted(), "\(prefix ?? "everything")")
                #expect(listed.allSatisfy { $0.byteCount == Int64($0.key.path.utf8.count) })
            }
        }
    }

    @Test("lists every object of many once, in pages that are not empty", arguments: StoreUnderTest.all)
    func listsInPages(under: StoreUnderTest) async throws {
        try await under.with { store in
            let keys = try (0..<60).map { try makeKey("data/\($0 % 8)/object-\($0)") }
            for key in keys { try await store.put(ByteBuffer(string: "x"), at: key, policy: .refuseExisting) }
            var listed: [ObjectKey] = []
            try await store.list(under: try makeKey("data")) { page in
                #expect(!page.isEmpty)
                listed.append(contentsOf: page.map(\.key))
            }
            #expect(listed.sorted() == keys.sorted())
        }
    }

    @Test("an empty store has an empty listing", arguments: StoreUnderTest.all)
    func listsNothing(under: StoreUnderTest) async throws {
        try await under.with { store in
            let all = try await store.list(under: nil)
            let below = try await store.list(under: try makeKey("data"))
            #expect(all.isEmpty && below.isEmpty)
        }
    }

    @Test("may be used from within a listing", arguments: StoreUnderTest.all)
    func deletesWhileListing(under: StoreUnderTest) async throws {
        try await under.with { store in
            for number in 0..<20 {
                try await store.put(ByteBuffer(string: "x"), at: try makeKey("a/\(number)"), policy: .refuseExisting)
            }
            try await store.list(under: nil) { page in
                for entry in page {
                    let deleted = try await store.delete(entry.key)
                    #expect(deleted || !under.tellsDeletions, "\(entry.key)")
                }
            }
            #expect(try await store.list(under: nil).isEmpty)
        }
    }

    @Test("passes on what the caller's own code throws", arguments: StoreUnderTest.all)
    func passesOnErrors(under: StoreUnderTest) async throws {
        struct Mine: Error {}
        try await under.with { store in
            try await store.put(ByteBuffer(string: "x"), at: try makeKey("a"), policy: .refuseExisting)
            await #expect(throws: Mine.self) { try await store.list(under: nil) { _ in throw Mine() } }
            #expect(try await store.list(under: nil).count == 1)
        }
    }

    @Test("takes keys as long as keys may be", arguments: StoreUnderTest.all)
    func longKeys(under: StoreUnderTest) async throws {
        let component = String(repeating: "n", count: 255)
        let paths = [component, (0..<4).map { _ in String(repeating: "m", count: 254) }.joined(separator: "/")]
        try await under.with { store in
            for path in paths {
                let key = try makeKey(path)
                try await store.put(ByteBuffer(string: path), at: key, policy: .refuseExisting)
                #expect(try await store.get(key, range: nil) == ByteBuffer(string: path))
            }
            #expect(try await store.list(under: nil).map(\.key.path).sorted() == paths.sorted())
        }
    }
}
