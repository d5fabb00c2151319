import NIOCore
import ObjectStorage
import ResticCrypto
import ResticFormat
import Synchronization
import TestSupport
import Testing

@testable import Recovery
@testable import ResticRepository

@Suite("A forget never drops", .timeLimit(.minutes(5)))
struct ForgetProtectionTests {
    private static let now = GoTime(rfc3339: "2026-06-15T12:00:00Z") ?? .zero

    private static func time(_ daysAgo: Double) -> GoTime { GoTime(seconds: now.seconds - Int64(daysAgo * 86_400)) }

    private static func id(_ text: String) -> ResticID { ContentHash.id(of: Array(text.utf8)) }

    private static func snapshot(_ id: String, _ daysAgo: Double, _ tags: [String], system: String = "test")
        -> StoredSnapshot
    {
        let tags = ["holdfast", "rp:\(id)"] + tags
        let record = SnapshotRecord(time: time(daysAgo), tree: .zero, paths: ["/x"], hostname: system, tags: tags)
        return StoredSnapshot(id: Self.id("\(id) \(daysAgo) \(tags)"), record: record)
    }

    /// The snapshots of a restore point.
    private static func point(_ id: String, _ daysAgo: Double, _ components: [String] = ["documents"])
        -> [StoredSnapshot]
    {
        components.map { snapshot(id, daysAgo, ["component:\($0)"]) } + [snapshot(id, daysAgo, ["restore-point"])]
    }

    private static func record(_ id: String, _ daysAgo: Double, _ tags: String...) -> StoredSnapshot {
        snapshot(id, daysAgo, ["record"] + tags)
    }

    private static func last(_ count: Int) -> RetentionPolicy {
        var policy = RetentionPolicy()
        policy.keepLast = count
        return policy
    }

    private func plan(
        _ snapshots: [StoredSnapshot],
        contents: [String: PointContents]? = nil,
        _ change: (inout ForgetOptions) -> Void = { _ in }
    ) throws -> [String: ForgetPlan.Entry] {
        var options = ForgetOptions()
        options.policy = Self.last(1)
        change(&options)
        var planner = ForgetPlanner(options: options, now: Self.now)
        planner.contents = contents
        let plan = try planner.plan(snapshots)
        #expect(plan.entries.allSatisfy { !$0.reasons.isEmpty })
        return Dictionary(uniqueKeysWithValues: plan.entries.map { ($0.id, $0) })
    }

    private func kept(_ plan: [String: ForgetPlan.Entry]) -> [String] {
        plan.values.filter(\.isKept).map(\.id).sorted()
    }

    private static let three = point("aaaaaaaa", 3) + point("bbbbbbbb", 2) + point("cccccccc", 1)

    @Test("what is pinned, also by name, until the pin is taken back")
    func pinned() throws {
        let pin = Self.record("aaaaaaaa", 0, "record:pin", "record-id:11111111")
        let plan = try plan(Self.three + [pin])
        #expect(kept(plan) == ["aaaaaaaa", "cccccccc"] && plan["aaaaaaaa"]?.reasons == ["pinned"])
        #expect(plan["bbbbbbbb"]?.reasons == ["no rule keeps it"])
        let error = #expect(throws: RecoveryError.self) {
            try self.plan(Self.three + [pin]) { $0.ids = ["aaaaaaaa"] }
        }
        #expect(error?.code == .refused && error?.hint?.contains("holdfast pin aaaaaaaa --remove") == true)
        let unpin = Self.record("aaaaaaaa", 9, "record:unpin", "revokes:11111111")
        #expect(kept(try self.plan(Self.three + [pin, unpin])) == ["cccccccc"])
        #expect(kept(try self.plan(Self.three + [pin, unpin]) { $0.ids = ["aaaaaaaa"] }) == ["bbbbbbbb", "cccccccc"])
        let other = Self.record("aaaaaaaa", 0, "record:pin", "record-id:22222222")
        #expect(kept(try self.plan(Self.three + [pin, unpin, other])) == ["aaaaaaaa", "cccccccc"])
    }

    /// Collections by restore point; `name=alias` has an alias.
    private static func contents(_ collections: [String: [String]]) -> [String: PointContents] {
        collections.mapValues { names in
            PointContents(
                parts: names.map { text in
                    let parts = text.split(separator: "=").map(String.init)
                    return PointContents.Part(component: .qdrant, name: parts[0], aliases: Array(parts.dropFirst()))
                }
            )
        }
    }

    @Test(
        "the last whole collection, folder, set or checkout for a copy of it that a repair found damaged, nor the last of what is left"
    )
    func damaged() throws {
        let time = "2026-01-31T09:05:00Z"
        func manifest(_ missing: [String]) throws -> PointContents {
            func part(_ component: String, _ more: String) -> String {
                """
                {"component": "\(component)", "snapshot": "", "tree": "", "startedAt": "\(time)", "finishedAt": "\(time)", "files": 1,
                 "bytes": 1, \(more)}
                """
            }
            let collection = """
                {"name": "book", "points": 1, "shards": 1, "method": "stream", "serverVersion": "1.19.0", "goldenQueries": 0,
                 "aliases": [], "files": 1, "bytes": 1, "dataBytes": 1, "warnings": []}
                """
            let folders = ["docs", "docs-more"].map { name in
                """
                {"name": "\(name)", "path": "/\(name)", "files": 1, "directories": 1, "otherItems": 0, "bytes": 1, "skipped": []}
                """
            }
            let text = """
                {"format": 2, "id": "0badcafe", "system": "test", "startedAt": "\(time)", "finishedAt": "\(time)", "tool": "holdfast",
                 "parts": [\(part("qdrant", "\"folders\": [], \"collections\": [\(collection)]")),
                   \(part("documents", "\"collections\": [], \"folders\": [\(folders.joined(separator: ","))]"))]}
                """
            var manifest = try RestorePointManifest(reading: Array(text.utf8))
            manifest.missing = missing.map { .init(component: .qdrant, path: $0, kind: .shortened, lostBytes: 1) }
            return PointContents(manifest)
        }
        let lost = try manifest(["/qdrant/book/shards/0/a", "/documents/docs/a.mdx"])
        #expect(lost.parts.map(\.isWhole) == [false, false, true])
        #expect(lost.parts.first?.description == "what is left of collection 'book'")
        #expect(try manifest(["/documents"]).parts.map(\.isWhole) == [true, false, false])
        let points = ["aaaaaaaa", "bbbbbbbb", "cccccccc"].enumerated().flatMap { index, id in
            Self.point(id, Double(3 - index), ["qdrant", "documents"])
        }
        let whole = try manifest([])
        let kept = try plan(points, contents: ["aaaaaaaa": whole, "bbbbbbbb": whole, "cccccccc": lost])
        #expect(self.kept(kept) == ["bbbbbbbb", "cccccccc"])
        #expect(
            kept["bbbbbbbb"]?.reasons == [
                "the last one that holds collection 'book', documents 'docs', which newer ones lack"
            ]
        )
        // Newer whole ones stand for what is damaged; where nothing else is left, what is left stays.
        #expect(
            self.kept(try plan(points, contents: ["aaaaaaaa": lost, "bbbbbbbb": lost, "cccccccc": whole])) == [
                "cccccccc"
            ]
        )
        let empty = PointContents(parts: [])
        #expect(
            self.kept(try plan(points, contents: ["aaaaaaaa": lost, "bbbbbbbb": lost, "cccccccc": empty]))
                == ["bbbbbbbb", "cccccccc"]
        )
    }

    @Test("the last that holds a collection which newer ones lack, without saying so")
    func vanished() throws {
        let points =
            Self.point("aaaaaaaa", 3, ["qdrant"]) + Self.point("bbbbbbbb", 2, ["qdrant"])
            + Self.point("cccccccc", 1, ["qdrant"])
        let known = Self.contents(["aaaaaaaa": ["old", "book"], "bbbbbbbb": ["old", "book"], "cccccccc": ["book"]])
        let kept = try plan(points, contents: known)
        #expect(self.kept(kept) == ["bbbbbbbb", "cccccccc"], "the newest of those that hold it")
        #expect(kept["bbbbbbbb"]?.reasons == ["the last one that holds collection 'old', which newer ones lack"])
        // By order it goes, and the plan says what goes with it.
        let dropped = try plan(points, contents: known) { $0.dropsVanished = true }
        #expect(self.kept(dropped) == ["cccccccc"])
        #expect(dropped["bbbbbbbb"]?.reasons == ["no rule keeps it", "with it goes the last of collection 'old'"])
        #expect(dropped["aaaaaaaa"]?.reasons == ["no rule keeps it"])
        // By name as well.
        #expect(self.kept(try plan(points, contents: known) { $0.ids = ["bbbbbbbb"] }) == ["aaaaaaaa", "cccccccc"])
        let error = #expect(throws: RecoveryError.self) {
            try self.plan(points, contents: known) { $0.ids = ["aaaaaaaa", "bbbbbbbb"] }
        }
        #expect(error?.code == .refused && error?.hint?.contains("--drop-vanished") == true)
        #expect(error?.message.contains("collection 'old'") == true)
        let ordered = try plan(points, contents: known) {
            ($0.ids, $0.dropsVanished) = (["aaaaaaaa", "bbbbbbbb"], true)
        }
        #expect(self.kept(ordered) == ["cccccccc"])
    }

    @Test("nothing for a collection that was replaced under its alias, is another system's, or cannot be known")
    func notVanished() throws {
        let replaced = Self.contents(["aaaaaaaa": ["v1=book"], "bbbbbbbb": ["v1=book"], "cccccccc": ["v2=book"]])
        #expect(kept(try plan(Self.three, contents: replaced)) == ["cccccccc"])
        let unknown = try plan(Self.three, contents: Self.contents(["cccccccc": ["book"]]))
        #expect(kept(unknown) == ["cccccccc"])
        #expect(unknown["aaaaaaaa"]?.reasons.last == "what it holds is not known: its manifest cannot be read")
        // What is kept for another reason holds it, too.
        let pin = Self.record("aaaaaaaa", 0, "record:pin", "record-id:11111111")
        let known = Self.contents(["aaaaaaaa": ["old"], "bbbbbbbb": ["old"], "cccccccc": ["book"]])
        #expect(kept(try plan(Self.three + [pin], contents: known)) == ["aaaaaaaa", "cccccccc"])
        // Another system's collection of the same name is another collection.
        let other = Self.three.map { snapshot in
            guard snapshot.record.tags.contains("rp:cccccccc") else { return snapshot }
            var record = snapshot.record
            record.hostname = "other"
            return StoredSnapshot(id: snapshot.id, record: record)
        }
        let same = Self.contents(["aaaaaaaa": ["old"], "bbbbbbbb": ["book"], "cccccccc": ["old"]])
        #expect(kept(try plan(other, contents: same)) == ["aaaaaaaa", "bbbbbbbb", "cccccccc"])
    }

    @Test("the newest that is proven for a component, also by name")
    func proven() throws {
        let points =
            Self.point("aaaaaaaa", 4, ["documents", "qdrant"]) + Self.point("bbbbbbbb", 3, ["documents", "qdrant"])
            + Self.point("cccccccc", 2, ["documents", "qdrant"]) + Self.point("dddddddd", 1, ["documents", "qdrant"])
        let proofs = [
            Self.record("aaaaaaaa", 1, "record:proof", "proves:documents", "proves:qdrant"),
            Self.record("bbbbbbbb", 2, "record:proof", "proves:qdrant"),
        ]
        let plan = try plan(points + proofs)
        #expect(kept(plan) == ["aaaaaaaa", "bbbbbbbb", "dddddddd"], "newest by its own time, not by that of its proof")
        #expect(plan["aaaaaaaa"]?.reasons == ["the newest that is proven for documents"])
        #expect(plan["bbbbbbbb"]?.reasons == ["the newest that is proven for qdrant"])
        for id in ["aaaaaaaa", "bbbbbbbb"] {
            let error = #expect(throws: RecoveryError.self) { try self.plan(points + proofs) { $0.ids = [id] } }
            #expect(error?.code == .refused && error?.message.contains("proven") == true)
        }
        #expect(kept(try self.plan(points + proofs) { $0.ids = ["cccccccc"] }).count == 3)
        // Once another is, it may go.
        let newer = Self.record("dddddddd", 0, "record:proof", "proves:documents", "proves:qdrant")
        #expect(kept(try self.plan(points + proofs + [newer])) == ["dddddddd"])
    }

    @Test("the newest that is still proven where a later attempt failed, nor that which once was when nothing else is")
    func failedLater() throws {
        let proofs = [
            Self.record("aaaaaaaa", 2.5, "record:proof", "proves:documents"),
            Self.record("bbbbbbbb", 1.5, "record:proof", "proves:documents"),
            Self.record("bbbbbbbb", 0.5, "record:proof", "fails:documents"),
        ]
        #expect(kept(try plan(Self.three + proofs)) == ["aaaaaaaa", "cccccccc"])
        let plan = try plan(Self.three + proofs.dropFirst())
        #expect(kept(plan) == ["bbbbbbbb", "cccccccc"])
        #expect(plan["bbbbbbbb"]?.reasons[0].contains("a later attempt failed") == true)
        #expect(kept(try self.plan(Self.three + proofs.suffix(1))) == ["cccccccc"], "a failure alone protects nothing")
    }

    @Test("of each component what its policy keeps, and says for which")
    func components() throws {
        // Documents every day, collections every third day.
        let points = (0..<10).flatMap { day in
            Self.point("0000000\(day)", Double(day), day.isMultiple(of: 3) ? ["documents", "qdrant"] : ["documents"])
        }
        let plan = try plan(points) { $0.policy = Self.last(2) }
        #expect(kept(plan) == ["00000000", "00000001", "00000003"])
        #expect(plan["00000000"]?.reasons == ["the newest"])
        #expect(plan["00000003"]?.reasons == ["one of the last 2 (qdrant)"])
        #expect(plan["00000006"]?.reasons == ["no rule of any of its components keeps it"])
        let own = try self.plan(points) {
            $0.policy = Self.last(2)
            $0.componentPolicies = [.qdrant: Self.last(4)]
        }
        #expect(kept(own) == ["00000000", "00000001", "00000003", "00000006", "00000009"])
        #expect(own["00000009"]?.reasons == ["one of the last 4 (qdrant)"])
        // Shorter for one does not drop what another needs.
        let shorter = try self.plan(points) {
            $0.policy = Self.last(4)
            $0.componentPolicies = [.qdrant: Self.last(1)]
        }
        #expect(kept(shorter) == ["00000000", "00000001", "00000002", "00000003"])
        #expect(shorter["00000003"]?.reasons == ["one of the last 4 (documents)"])
    }

    @Test("the others because one was made with a clock of another year")
    func jump() throws {
        let hourly = (0..<40).flatMap { Self.point("\(10_000_000 + $0)", 400 + Double($0) / 24) }
        func standard(_ options: inout ForgetOptions) { options.policy = .standard }
        let before = kept(try plan(hourly, standard))
        #expect(before.count == 40)
        for number in 1...6 {
            let later = (0..<number).flatMap { Self.point("\(20_000_000 + $0)", Double($0)) }
            let plan = try plan(hourly + later, standard)
            #expect(kept(plan).count == 40 + number, "\(number) days of it are too few")
            #expect(plan["20000000"]?.reasons[0].contains("gap") == true)
        }
        let week = (0..<9).flatMap { Self.point("\(20_000_000 + $0)", Double($0)) }
        #expect(
            kept(try plan(hourly + week, standard)).count == 10,
            "a week of it is believed: nine days, one of a year"
        )
    }

    @Test("what is left of a restore point half forgotten before its grace, then all of it, records too")
    func remains() throws {
        let record = Self.record("aaaaaaaa", 3, "record:pin", "record-id:1")
        let alone = try plan(Self.point("cccccccc", 1) + [record])
        #expect(alone["aaaaaaaa"]?.kind == .unfinished && alone["aaaaaaaa"]?.isKept == false)
        #expect(alone["aaaaaaaa"]?.reasons == ["only records are left of it"])
        let fresh = Self.record("aaaaaaaa", 0.5, "record:pin", "record-id:1")
        #expect(try plan(Self.point("cccccccc", 1) + [fresh])["aaaaaaaa"]?.isKept == true)
        // A record of today does not make the remains of an old run young.
        let remains = [Self.snapshot("aaaaaaaa", 3, ["component:documents"]), fresh]
        let plan = try plan(Self.point("cccccccc", 1) + remains)
        #expect(plan["aaaaaaaa"]?.isKept == false && plan["aaaaaaaa"]?.snapshots.count == 2)
    }

    @Test("a record alone by its id")
    func recordByID() throws {
        let pin = Self.record("aaaaaaaa", 0, "record:pin", "record-id:1")
        let error = #expect(throws: RecoveryError.self) { try plan(Self.three + [pin]) { $0.ids = [pin.id.hex] } }
        #expect(error?.code == .refused && error?.message.contains("record about restore point aaaaaaaa") == true)
    }

    @Test("what is pinned or proven by somebody else while it is at work")
    func meanwhile() async throws {
        let memory = MemoryStore()
        let scrypt = try ScryptParameters(n: 1024, r: 1, p: 1)
        let repository = try await Repository.create(in: memory, password: [1], createdAt: Self.now, scrypt: scrypt)
        for snapshot in (0..<40).flatMap({ Self.point("\(10_000_000 + $0)", Double($0)) }) {
            _ = try await repository.save(snapshot.record)
        }
        // The pin comes with the first removal: the oldest goes first, this one is among the last.
        let store = ActingStore(memory) {
            _ = try await repository.save(Self.record("10000005", 0, "record:pin", "record-id:1").record)
        }
        let acting = try await Repository.open(in: store, password: [1])
        var options = ForgetOptions()
        options.policy = Self.last(2)
        options.allowsMany = true
        var timing = LockTiming()
        timing.settleTime = .zero
        let run = ForgetRun(acting, options: options, clock: RecordFixture.Clock(now: Self.now), timing: timing)
        let report = try await run.run()
        let spared = report.plan.entries.first { $0.id == "10000005" }
        #expect(spared?.isKept == true && spared?.reasons == ["pinned or proven meanwhile"])
        #expect(report.droppedEntries == 37)
        #expect(try await repository.snapshots().count == 7)
    }
}

/// Does something else at the first deletion of a snapshot.
private final class ActingStore: ObjectStore {
    private let base: MemoryStore
    private let act: @Sendable () async throws -> Void
    private let hasActed = Mutex(false)

    init(_ base: MemoryStore, _ act: @escaping @Sendable () async throws -> Void) {
        (self.base, self.act) = (base, act)
    }

    var location: String { base.location }
    var capabilities: StoreCapabilities { base.capabilities }
    func prepare() async throws { try await base.prepare() }
    func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        try await base.put(body, at: key, policy: policy)
    }
    func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        try await base.get(key, range: range)
    }
    func byteCount(of key: ObjectKey) async throws -> Int64? { try await base.byteCount(of: key) }
    func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        try await base.list(under: prefix, body)
    }
    func delete(_ key: ObjectKey) async throws -> Bool {
        let isFirst = hasActed.withLock { hasActed in
            defer { hasActed = hasActed || key.path.hasPrefix("snapshots/") }
            return !hasActed && key.path.hasPrefix("snapshots/")
        }
        if isFirst { try await act() }
        return try await base.delete(key)
    }
}
