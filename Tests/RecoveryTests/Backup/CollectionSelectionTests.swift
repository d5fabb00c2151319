import QdrantCapture
import QdrantClient
import Testing

@testable import Recovery

@Suite("The collections of a backup")
struct CollectionSelectionTests {
    private let names = ["notes", "textbook_a", "textbook_b", "textbook_a__rp_0badcafe", "tmp_x"]
    private let aliases = [AliasDescription(alias: "live", collection: "textbook_b")]

    private func resolve(_ selection: CollectionSelection, aliases: [AliasDescription]? = nil) throws
        -> ResolvedCollections
    {
        try selection.resolve(names: names, aliases: aliases ?? self.aliases)
    }

    private func entries(_ names: String...) -> [HoldfastConfiguration.Collection] { names.map { .init($0) } }

    struct Case: Sendable, CustomTestStringConvertible {
        var entries: [String]
        var exclude: [String] = []
        var only: [String] = []
        var taken: [String]
        var testDescription: String { "\(entries) without \(exclude), only \(only)" }
    }

    @Test(
        "are those that names, aliases and patterns choose, each once",
        arguments: [
            Case(entries: [], taken: ["notes", "textbook_a", "textbook_b", "tmp_x"]),
            Case(entries: [], exclude: ["tmp_*"], taken: ["notes", "textbook_a", "textbook_b"]),
            Case(entries: ["textbook_*"], taken: ["textbook_a", "textbook_b"]),
            Case(entries: ["textbook_?"], exclude: ["*_a"], taken: ["textbook_b"]),
            Case(entries: ["textbook_[ab]", "n*"], taken: ["textbook_a", "textbook_b", "notes"]),
            // By its own name and by an alias it is one collection.
            Case(entries: ["live", "textbook_b", "textbook_*"], taken: ["textbook_b", "textbook_a"]),
            Case(entries: ["l*"], taken: ["textbook_b"]),
            // A name is stronger than an exclusion, and names the copies of restores, too.
            Case(entries: ["tmp_x"], exclude: ["tmp_*"], taken: ["tmp_x"]),
            Case(entries: ["textbook_a__rp_0badcafe"], taken: ["textbook_a__rp_0badcafe"]),
            Case(entries: ["*__rp_*"], taken: ["textbook_a__rp_0badcafe"]),
            Case(entries: [], only: ["live"], taken: ["textbook_b"]),
            Case(entries: ["notes"], only: ["textbook_*"], taken: ["textbook_a", "textbook_b"]),
        ]
    )
    func choice(_ test: Case) throws {
        let selection = CollectionSelection(
            entries: test.entries.map { .init($0) },
            exclude: try test.exclude.map { try PathPattern($0) },
            only: test.only
        )
        let resolved = try resolve(selection)
        #expect(resolved.items.map(\.name) == test.taken)
        #expect(Set(resolved.leftOut.map(\.name)) == Set(names).subtracting(test.taken))
        #expect(resolved.warnings.isEmpty)
    }

    @Test("get the options of the entry that names them, before those of patterns, before the defaults")
    func options() throws {
        let selection = CollectionSelection(
            entries: [
                .init("textbook_*", method: .snapshot, goldenQueries: 1), .init("live", goldenQueries: 2),
                .init("*", goldenQueries: 3),
            ]
        )
        let items = try resolve(selection).items
        func entry(_ name: String) -> HoldfastConfiguration.Collection? { items.first { $0.name == name }?.entry }
        #expect(entry("textbook_a")?.goldenQueries == 1 && entry("textbook_a")?.method == .snapshot)
        #expect(entry("textbook_b")?.goldenQueries == 2 && entry("textbook_b")?.method == .stream)
        #expect(entry("notes")?.goldenQueries == 3)
        #expect(entry("textbook_b")?.name == "textbook_b", "an entry is put under the collection's own name")
        #expect(items.first { $0.name == "textbook_b" }?.alias == "live")
        let streamed = try resolve(CollectionSelection(entries: selection.entries, method: .stream)).items
        #expect(streamed.allSatisfy { $0.entry.method == .stream })
    }

    @Test("include a restored copy as soon as an alias makes it the one in use")
    func switchedCopy() throws {
        let switched = [AliasDescription(alias: "live", collection: "textbook_a__rp_0badcafe")]
        #expect(
            try resolve(CollectionSelection(), aliases: switched).items.map(\.name).contains(switched[0].collection)
        )
        let left = try resolve(CollectionSelection()).leftOut
        #expect(left.first?.reason.contains("copy made by a restore") == true)
    }

    @Test("are an error when one that is named is not there, and a remark when a pattern matches none")
    func missing() throws {
        let error = #expect(throws: CaptureError.self) {
            try resolve(CollectionSelection(entries: entries("textbook_*", "gone")))
        }
        #expect(error?.code == .collectionMissing && error?.message.contains("'gone'") == true)
        #expect(error?.hint?.contains("textbook_a") == true)
        #expect(throws: CaptureError.self) { try resolve(CollectionSelection(only: ["gone"])) }
        let none = try resolve(CollectionSelection(entries: entries("x*")))
        #expect(none.items.isEmpty && none.warnings.count == 1 && none.warnings[0].contains("'x*'"))
        let excluded = CollectionSelection(entries: entries("tmp_*"), exclude: [try PathPattern("tmp_?")])
        #expect(try resolve(excluded).warnings.first?.contains("left out") == true)
    }

    @Test("may have names that read as patterns: the very name matches")
    func bracketName() throws {
        let resolved = try CollectionSelection(entries: entries("a[1]")).resolve(names: ["a1", "a[1]"], aliases: [])
        #expect(resolved.items.map(\.name) == ["a[1]"])
    }

    @Test(
        "are recognised as copies by their ids only",
        arguments: [
            ("x__rp_0badcafe", true), ("__rp_01234567", true), ("x__rp_0badcaf", false), ("x__rp_0BADCAFE", false),
            ("x__rp_0badcafe_2", false), ("x_rp_0badcafe", false), ("é__rp_0badcafe", true),
        ]
    )
    func copies(_ name: String, _ isCopy: Bool) {
        #expect(RestoredCopy.isName(name) == isCopy)
    }
}
