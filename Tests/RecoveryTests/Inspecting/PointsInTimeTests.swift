import ResticFormat
import Testing

@testable import Recovery
@testable import ResticRepository

@Suite("What a person names")
struct PointsInTimeTests {
    private static func id(_ digits: String) -> ResticID {
        ResticID(hex: digits + String(repeating: "0", count: 64 - digits.count))!
    }

    private static func snapshot(_ digits: String, _ seconds: Int64, _ tags: [String] = [], host: String = "test")
        -> StoredSnapshot
    {
        let record = SnapshotRecord(
            time: GoTime(seconds: seconds),
            tree: id(digits),
            paths: ["/x"],
            hostname: host,
            tags: tags
        )
        return StoredSnapshot(id: id(digits), record: record)
    }

    private static let all = PointsInTime(
        snapshots: [
            snapshot("aa01", 10, ["holdfast", "rp:4f2a9c01", "component:documents"]),
            snapshot("aa02", 10, ["holdfast", "rp:4f2a9c01", "restore-point"]),
            snapshot("bb01", 20, ["holdfast", "rp:4f2abbbb", "component:documents"], host: "other"),
            snapshot("bb02", 20, ["holdfast", "rp:4f2abbbb", "restore-point"], host: "other"),
            // A run that did not finish, and one of restic's own that bears a tag of the same form.
            snapshot("cc01", 30, ["holdfast", "rp:cc000000", "component:documents"]),
            snapshot("dd01", 5, ["rp:4f2a9c01"]),
            snapshot("4f2a9c01ff", 4),
        ]
    )

    private func code(_ reference: String, system: String? = nil, in points: PointsInTime = all)
        -> RepositoryError.Code?
    {
        let error = #expect(throws: RepositoryError.self) { try points.find(reference, system: system) }
        return error?.code
    }

    @Test("is a restore point with all its snapshots when it is a beginning of its id")
    func restorePoint() throws {
        #expect(try Self.all.find("4f2ab").id == "4f2abbbb")
        let exact = try Self.all.find("4F2A9C01")
        #expect(exact.kind == .restorePoint && exact.snapshots.map(\.id) == [Self.id("aa02"), Self.id("aa01")])
        #expect(exact.trees.count == 2 && exact.system == "test")
    }

    @Test("is a snapshot on its own when it is a beginning of that, also of one in a restore point")
    func snapshot() throws {
        for digits in ["aa01", "cc", "dd01", "4f2a9c01f"] {
            let found = try Self.all.find(digits)
            #expect(found.kind == .snapshot && found.snapshots.count == 1 && found.id.hasPrefix(digits))
        }
    }

    @Test("that several have is refused, and the candidates of both kinds are named")
    func ambiguous() throws {
        #expect(code("4f2a") == .ambiguous)
        let error = #expect(throws: RepositoryError.self) { try Self.all.find("4f2a") }
        let message = try #require(error?.message)
        for name in ["restore point 4f2a9c01", "restore point 4f2abbbb", "snapshot 4f2a9c01"] {
            #expect(message.contains(name), "\(message)")
        }
        #expect(code("a") == .ambiguous)
    }

    @Test("must be an id that is there", arguments: ["", "zz", "ee", "latest ", "../aa01", "4f2a9c012"])
    func unknown(reference: String) {
        #expect(code(reference) == .missing)
    }

    @Test("as latest is the newest restore point of the system, or of any, or the newest snapshot where there is none")
    func latest() throws {
        #expect(try Self.all.find("latest").id == "4f2abbbb")
        #expect(try Self.all.find("latest", system: "test").id == "4f2a9c01")
        #expect(code("latest", system: "third") == .missing)
        let resticsOwn = PointsInTime(snapshots: [Self.snapshot("01", 1), Self.snapshot("02", 2)])
        #expect(try resticsOwn.find("latest", system: "test").id == Self.id("02").hex)
        #expect(code("latest", in: PointsInTime(snapshots: [])) == .missing)
    }

    @Test("is told apart from what belongs to no restore point: runs that did not finish, and others' snapshots")
    func others() {
        #expect(Self.all.restorePoints.map(\.id) == ["4f2abbbb", "4f2a9c01"])
        #expect(Self.all.otherSnapshots.map(\.id) == ["cc01", "dd01", "4f2a9c01ff"].map { Self.id($0).hex })
        #expect(Self.all.snapshotCount == 7)
    }

    @Test("and cannot be read is an error about that, not about an unknown id")
    func unreadable() {
        let points = PointsInTime(
            snapshots: [Self.snapshot("01", 1)],
            unreadable: [PointsInTime.Unreadable(id: Self.id("09"), reason: "torn")]
        )
        #expect(code("09", in: points) == .damaged)
        #expect(code("0", in: points) == .ambiguous)
    }

    @Test(
        "with a slash is a path from the top, without one a name at any depth",
        arguments: [
            ("*.mdx", "documents/docs/a.mdx", true), ("docs", "documents/docs", true), ("a.mdx", "a.mdx", true),
            ("/documents/*/a.mdx", "documents/docs/a.mdx", true), ("documents/*", "documents/docs", true),
            ("documents/*", "documents/docs/a.mdx", false), ("/a.mdx", "documents/docs/a.mdx", false),
            ("/documents", "documents", true), ("**/a.mdx", "documents/docs/a.mdx", true),
            ("documents/**", "documents/docs/a.mdx", true), ("*.md", "documents/docs/a.mdx", false),
        ]
    )
    func patterns(text: String, path: String, isMatch: Bool) throws {
        let bytes = Array(path.utf8)
        let node = Node(name: RawPath(path).name, type: .file)
        #expect(try FindPattern(text).matches(node, at: bytes) == isMatch)
    }

    @Test("must be a pattern", arguments: ["", "/", "[a", "a/", "!x"])
    func notPatterns(text: String) {
        #expect(throws: PathPatternError.self) { try FindPattern(text) }
    }
}
