import Recovery
import TestSupport
import Testing

@Suite("A path pattern")
struct PathPatternTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var pattern: String
        var matching: [String]
        var other: [String]
        var testDescription: String { pattern }
    }

    static let examples: [Example] = [
        Example(pattern: "*.mdx", matching: ["a.mdx", ".mdx"], other: ["a/b.mdx", "a.mdx2", "a.md"]),
        Example(pattern: "**/*.mdx", matching: ["a.mdx", "a/b.mdx", "a/b/c/d.mdx"], other: ["a/b.mdx/c", "mdx"]),
        Example(
            pattern: "**/.git/**",
            matching: [".git/HEAD", "a/.git/b/c"],
            other: [".git", "a/.git", "git/x", "a.git/x"]
        ),
        Example(pattern: "**", matching: ["a", "a/b", ".x"], other: [""]),
        Example(pattern: "docs/**", matching: ["docs/a", "docs/a/b"], other: ["docs", "docs/", "doc/a", "x/docs/a"]),
        Example(pattern: "a/**/b", matching: ["a/b", "a/x/b", "a/x/y/b"], other: ["ab", "a/xb", "a//b", "a/b/c"]),
        Example(pattern: "?", matching: ["a", "é", "日"], other: ["", "ab", "/"]),
        Example(pattern: "[a-cx]", matching: ["a", "b", "c", "x"], other: ["d", "-", "A"]),
        Example(pattern: "[!a-c]", matching: ["d", "é"], other: ["a", "c", "/", ""]),
        Example(pattern: "[^a]", matching: ["b"], other: ["a"]),
        Example(pattern: "[]a-]", matching: ["]", "a", "-"], other: ["b"]),
        Example(pattern: "a[!b]c", matching: ["axc"], other: ["a/c", "abc"]),
        Example(pattern: "{mdx,md}", matching: ["mdx", "md"], other: ["m", "mdxmd", "mdx,md"]),
        Example(pattern: "**/*.{md,mdx}", matching: ["a.md", "x/y.mdx"], other: ["a.m", "a.mdxx"]),
        Example(pattern: "{docs,blog/**}/x", matching: ["docs/x", "blog/a/x", "blog/a/b/x"], other: ["blog/x", "x"]),
        Example(pattern: "{a/,}b", matching: ["a/b", "b"], other: ["ab", "/b"]),
        Example(pattern: "x{a,b{c,d}}y", matching: ["xay", "xbcy", "xbdy"], other: ["xby", "xabcy"]),
        Example(pattern: "a{,b}c", matching: ["ac", "abc"], other: ["abbc"]),
        Example(pattern: "\\*\\{a\\}", matching: ["*{a}"], other: ["xa", "\\*{a}"]),
        Example(pattern: "\\!a,b", matching: ["!a,b"], other: ["a"]),
        Example(pattern: ".*", matching: [".a", "."], other: ["a"]),
        Example(pattern: "a..b/...", matching: ["a..b/..."], other: ["a"]),
    ]

    @Test("matches what it says, whole paths only", arguments: PathPatternTests.examples)
    func matchesWholePaths(_ example: Example) throws {
        let pattern = try PathPattern(example.pattern)
        for path in example.matching { #expect(pattern.matches(path), "\(path)") }
        for path in example.other { #expect(!pattern.matches(path), "\(path)") }
    }

    @Test(
        "refuses what cannot be meant, naming the place",
        arguments: [
            ("", PathPatternError.Code.empty, 0), ("!a", .negated, 0), ("/a", .absolute, 0), ("a/", .trailingSlash, 1),
            ("a//b", .emptyComponent, 2), ("./a", .dotComponent, 0), ("a/../b", .dotComponent, 2),
            ("a/.", .dotComponent, 2),
            ("a**", .misplacedStars, 1), ("**a", .misplacedStars, 0), ("***", .misplacedStars, 0),
            ("a/**b", .misplacedStars, 2),
            ("x{**,a}", .misplacedStars, 2), ("a[b", .unclosedClass, 1), ("[]", .unclosedClass, 0),
            ("[!]", .unclosedClass, 0),
            ("[a\\", .unclosedClass, 0), ("[a/]", .emptyClass, 2), ("[z-a]", .reversedRange, 1),
            ("{a,b", .unclosedBrace, 0),
            ("a}", .strayBrace, 1), ("{{{{{{{{{a}}}}}}}}}", .tooDeep, 8), ("a\\", .danglingBackslash, 1),
            ("{a,../b}", .dotComponent, 3),
            (String(repeating: "a", count: 1025), .tooLong, 0),
        ] as [(String, PathPatternError.Code, Int)]
    )
    func refusals(_ text: String, _ code: PathPatternError.Code, _ offset: Int) throws {
        let error = try #require(throws: PathPatternError.self) { try PathPattern(text) }
        #expect(error.code == code)
        #expect(error.offset == offset)
    }

    @Test("takes names that are not UTF-8 byte by byte")
    func rawBytes() throws {
        let latin: [UInt8] = Array("caf".utf8) + [0xE9] + Array(".md".utf8)
        #expect(try PathPattern("*.md").matches(latin))
        #expect(try PathPattern("caf?.md").matches(latin))
        #expect(try PathPattern("caf[!a].md").matches(latin))
        #expect(try !PathPattern("café.md").matches(latin))
        #expect(try PathPattern("café.md").matches("café.md"))
        // An overlong slash is two bytes of a name, not a separator.
        #expect(try PathPattern("a??b").matches([0x61, 0xC0, 0xAF, 0x62]))
        // A surrogate, and a character cut off at the end.
        #expect(try PathPattern("???").matches([0xED, 0xA0, 0x80]))
        #expect(try PathPattern("??").matches([0xF0, 0x9F]))
    }

    @Test("agrees with a matcher that tries every choice", arguments: 0..<20 as Range<UInt64>)
    func agreesWithReference(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<40 {
            let text = Self.randomPattern(using: &random)
            let pattern = try PathPattern(text)
            for _ in 0..<10 {
                let path = Self.randomPath(using: &random)
                let expected = ReferenceMatcher.matches(text, path)
                // An expectation for each would cost more than the match.
                if pattern.matches(path) != expected {
                    Issue.record("seed \(seed): \(text) on \(path) should be \(expected)")
                }
            }
        }
    }

    @Test("either reads or refuses any text", arguments: 0..<20 as Range<UInt64>)
    func anyText(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("ab/*?[]{},!-\\.^é")
        for _ in 0..<200 {
            let text = String(
                (0..<Int.random(in: 0...12, using: &random)).map { _ in
                    alphabet[Int.random(in: alphabet.indices, using: &random)]
                }
            )
            do {
                _ = try PathPattern(text).matches("a/b")
            } catch {
                #expect((0...text.unicodeScalars.count).contains(error.offset), "seed \(seed): \(text)")
            }
        }
    }

    @Test("needs no more than one pass over a path made to be slow")
    func adversarial() throws {
        let path = String(repeating: "a", count: 800)
        let stars = try PathPattern(String(repeating: "*a", count: 100) + "*b")
        #expect(!stars.matches(path))
        let braces = try PathPattern(String(repeating: "{a,aa,*}", count: 40) + "b")
        #expect(!braces.matches(path))
        let folders = try PathPattern(String(repeating: "**/a/", count: 50) + "b")
        #expect(!folders.matches(String(repeating: "a/", count: 200) + "c"))
    }

    @Test(
        "says when everything inside a folder matches, and when nothing can",
        arguments: [
            ("**/.git/**", ".git", true, true), ("**/.git/**", "a/.git", true, true),
            ("**/.git/**", "a/.git/b", true, true),
            ("**/.git/**", "a", false, true), ("docs/**", "docs", true, true), ("docs/**", "blog", false, false),
            ("*.mdx", "a", false, false), ("a/*/c", "a", false, true), ("a/*/c", "a/b/c", false, false),
            ("**", "", true, true), ("**/*.mdx", "any/where", false, true), ("{a,b/**}", "b", true, true),
        ]
    )
    func folders(_ text: String, _ folder: String, _ everything: Bool, _ something: Bool) throws {
        let pattern = try PathPattern(text)
        #expect(pattern.matchesEverything(inside: folder.utf8) == everything)
        #expect(pattern.mayMatch(inside: folder.utf8) == something)
    }
}

extension PathPatternTests {
    static func randomPattern(using random: inout SeededGenerator) -> String {
        let count = Int.random(in: 1...4, using: &random)
        let components = (0..<count).map { _ in
            Int.random(in: 0..<4, using: &random) == 0 ? "**" : randomName(using: &random)
        }
        let text = components.joined(separator: "/")
        guard Int.random(in: 0..<4, using: &random) == 0 else { return text }
        return text + "/{" + randomName(using: &random) + "/**," + randomName(using: &random) + "}"
    }

    private static func randomName(using random: inout SeededGenerator) -> String {
        let pieces = ["a", "b", "ab", "*", "?", "[ab]", "[!a]", "{a,b}", "{,a}b", "{a,b{a,*}}"]
        var name = ""
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let piece = pieces[Int.random(in: pieces.indices, using: &random)]
            // Two stars side by side would be another word of the language.
            if name.hasSuffix("*"), piece.hasPrefix("*") { continue }
            name += piece
        }
        return name
    }

    static func randomPath(using random: inout SeededGenerator) -> String {
        let names = (0..<Int.random(in: 1...5, using: &random)).map { _ in
            String(
                (0..<Int.random(in: 1...4, using: &random)).map { _ in
                    ["a", "b", "c"][Int.random(in: 0..<3, using: &random)] as Character
                }
            )
        }
        return names.joined(separator: "/")
    }
}

@Suite("A selection of paths")
struct PathSelectionTests {
    @Test("takes what is included and not excluded, nor in an excluded folder")
    func selects() throws {
        let selection = PathSelection(
            include: [try PathPattern("**/*.mdx")],
            exclude: [try PathPattern("**/drafts"), try PathPattern("old/**")]
        )
        #expect(selection.selects("a.mdx".utf8))
        #expect(selection.selects("x/a.mdx".utf8))
        #expect(!selection.selects("a.md".utf8))
        #expect(!selection.selects("x/drafts/a.mdx".utf8))
        #expect(!selection.selects("old/x/a.mdx".utf8))
        #expect(PathSelection.everything.selects("a".utf8))
    }

    @Test("does not enter folders whose files it would not take")
    func folders() throws {
        let selection = PathSelection(
            include: [try PathPattern("docs/**/*.mdx")],
            exclude: [try PathPattern("**/.git/**")]
        )
        #expect(selection.decision(forFolder: "docs".utf8) == .enter)
        #expect(selection.decision(forFolder: "docs/a".utf8) == .enter)
        #expect(selection.decision(forFolder: "docs/.git".utf8) == .excluded)
        #expect(selection.decision(forFolder: "blog".utf8) == .notIncluded)
    }

    @Test("gives the same files with and without walking", arguments: 0..<30 as Range<UInt64>)
    func walkAgrees(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let selection = PathSelection(
            include: [try PathPattern(PathPatternTests.randomPattern(using: &random))],
            exclude: [try PathPattern(PathPatternTests.randomPattern(using: &random))]
        )
        for _ in 0..<50 {
            let path = PathPatternTests.randomPath(using: &random)
            let names = path.split(separator: "/")
            let entered = names.indices.dropFirst().allSatisfy {
                selection.decision(forFolder: names[..<$0].joined(separator: "/").utf8) == .enter
            }
            let selected = selection.selects(path.utf8)
            #expect((entered && selected) == selected, "seed \(seed): \(path)")
        }
    }
}
