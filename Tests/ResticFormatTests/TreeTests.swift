import Testing

@testable import ResticFormat

@Suite("Trees and nodes")
struct TreeTests {
    static let time = GoTime(seconds: 1_700_000_000, nanoseconds: 5, utcOffsetSeconds: -18_000)
    static let times =
        #""mtime":"2023-11-14T17:13:20.000000005-05:00","atime":"2023-11-14T17:13:20.000000005-05:00","ctime":"2023-11-14T17:13:20.000000005-05:00""#

    static func node(_ name: String, _ type: NodeType = .file, _ change: (inout Node) -> Void = { _ in }) -> Node {
        var node = Node(name: Array(name.utf8), type: type, mtime: time, atime: time, ctime: time)
        change(&node)
        return node
    }

    /// Checks that a tree of the node is written so, and reads back.
    static func expect(_ node: Node, _ json: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let written = try Tree(nodes: [node]).encode()
        #expect(text(written) == #"{"nodes":["# + json + "]}\n", sourceLocation: sourceLocation)
        #expect(try Tree.decode(written).nodes == [node], sourceLocation: sourceLocation)
    }

    @Test("a node with nothing optional has what restic always writes")
    func smallest() throws {
        try Self.expect(
            Node(name: Array("a".utf8), type: .socket),
            #"{"name":"a","type":"socket","mtime":"0001-01-01T00:00:00Z","atime":"0001-01-01T00:00:00Z","ctime":"0001-01-01T00:00:00Z","uid":0,"gid":0,"content":null}"#
        )
        #expect(try text(Tree().encode()) == "{\"nodes\":[]}\n")
    }

    @Test("a node with everything has it in restic's order")
    func everything() throws {
        let node = Self.node("all") { node in
            (node.mode, node.uid, node.gid, node.user, node.group) = (0o644, 1, 2, "eva", "<staff>")
            (node.inode, node.deviceID, node.size, node.links, node.device) = (3, 4, 5, 6, 7)
            node.linkTarget = Array("/a&b".utf8)
            node.extendedAttributes = [
                ExtendedAttribute(name: "user.x", value: [0xFF]), ExtendedAttribute(name: "user.y", value: []),
            ]
            node.genericAttributes = try? GenericAttributes(
                json: Array(#" { "windows.creation_time" : "AA==", "b":"<\u2028>"}"#.utf8)
            )
            (node.content, node.subtree, node.error) = ([id(1), id(2)], id(3), "broken \"x\"")
        }
        try Self.expect(
            node,
            #"{"name":"all","type":"file","mode":420,\#(Self.times),"uid":1,"gid":2,"user":"eva","group":"\u003cstaff\u003e","inode":3,"device_id":4,"size":5,"#
                + #""links":6,"linktarget":"/a\u0026b","extended_attributes":[{"name":"user.x","value":"/w=="},{"name":"user.y","value":""}],"#
                + #""generic_attributes":{"windows.creation_time":"AA==","b":"\u003c\u2028\u003e"},"device":7,"#
                + #""content":["\#(hex(1))","\#(hex(2))"],"subtree":"\#(hex(3))","error":"broken \"x\""}"#
        )
    }

    @Test("no content and empty content are told apart")
    func content() throws {
        try Self.expect(
            Self.node("f") { $0.content = [] },
            #"{"name":"f","type":"file",\#(Self.times),"uid":0,"gid":0,"content":[]}"#
        )
        try Self.expect(Self.node("f"), #"{"name":"f","type":"file",\#(Self.times),"uid":0,"gid":0,"content":null}"#)
    }

    @Test("names are quoted first and escaped then")
    func names() throws {
        let name = Array("\"\\\n<\u{2028}é".utf8) + [0xFF]
        let node = Node(name: name, type: .file, mtime: Self.time, atime: Self.time, ctime: Self.time)
        try Self.expect(
            node,
            #"{"name":"\\\"\\\\\\n\u003c\\u2028é\\xff","type":"file",\#(Self.times),"uid":0,"gid":0,"content":null}"#
        )
        #expect(node.nameString == "\"\\\n<\u{2028}é\u{FFFD}")
    }

    @Test("a target that is not UTF-8 is written twice, and read from the one that is whole")
    func linkTargets() throws {
        let node = Self.node("l", .symlink) { $0.linkTarget = [0x2F, 0xFF, 0xE2, 0x82, 0x41] }
        try Self.expect(
            node,
            #"{"name":"l","type":"symlink",\#(Self.times),"uid":0,"gid":0,"linktarget":"/\ufffd\ufffd\ufffdA","linktarget_raw":"L//igkE=","content":null}"#
        )
        // The order of the two does not matter.
        let swapped = #"{"nodes":[{"linktarget_raw":"/w==","linktarget":"x","name":"l","type":"symlink"}]}"#
        #expect(try Tree.decode(Array(swapped.utf8)).nodes[0].linkTarget == [0xFF])
        let valid = Self.node("l", .symlink) { $0.linkTarget = Array("\u{8}\u{C}\u{FFFD}ü".utf8) }
        try Self.expect(
            valid,
            #"{"name":"l","type":"symlink",\#(Self.times),"uid":0,"gid":0,"linktarget":"\b\f"# + "\u{FFFD}ü"
                + #"","content":null}"#
        )
    }

    @Test(
        "generic attributes are one JSON object, or refused",
        arguments: ["", "[]", "1", "{", "{}{}", #"{"a":}"#, "null", #""{}""#]
    )
    func genericAttributes(json: String) {
        #expect(code { _ = try GenericAttributes(json: Array(json.utf8)) } != nil)
    }

    @Test("nodes come in the byte order of their names, each once")
    func order() throws {
        // UTF-16 would put the fox before the ligature, and ignoring case would put b before C.
        let names = ["-", "A", "C", "a", "a ", "b", "é", "ﬁ", "🦊"]
        let tree = Tree(nodes: names.map { Self.node($0) })
        #expect(try Tree.decode(tree.encode()) == tree)
        for name in names { #expect(tree[Array(name.utf8)]?.nameString == name) }
        for name in ["", " ", "B", "aa", "🦋"] { #expect(tree[Array(name.utf8)] == nil) }
        #expect(code { _ = try Tree(nodes: tree.nodes.reversed()).encode() } == .notOrdered)
        #expect(code { _ = try Tree(nodes: [Self.node("a"), Self.node("a", .dir)]).encode() } == .duplicateName)
    }

    @Test("a tree out of order is read in order; one with a name twice is refused wherever they stand")
    func decodesUnordered() throws {
        func json(_ names: String...) -> [UInt8] {
            Array(#"{"nodes":[\#(names.map { #"{"name":"\#($0)","type":"file"}"# }.joined(separator: ","))]}"#.utf8)
        }
        #expect(try Tree.decode(json("c", "a", "b")).nodes.map(\.nameString) == ["a", "b", "c"])
        #expect(code { _ = try Tree.decode(json("a", "a")) } == .duplicateName)
        #expect(code { _ = try Tree.decode(json("b", "a", "b")) } == .duplicateName)
        // Two spellings in JSON of one name.
        #expect(code { _ = try Tree.decode(json("a", #"\\x61"#)) } == .duplicateName)
        #expect(code { _ = try Tree.decode(json("a", #"\u0061"#)) } == .duplicateName)
    }

    @Test(
        "refuses names that lead elsewhere, however they are spelt",
        arguments: [
            "", ".", "..", "/", "a/b", "../../etc/passwd", #"\\x2e."#, #"\u002e\u002e"#, #"a\\x2fb"#, #"a\/b"#,
            #"\\u002f"#, #"nul\\x00"#, #"nul\u0000"#,
            #"\\057"#, String(repeating: "x", count: 1025),
        ]
    )
    func refusesNames(name: String) {
        #expect(
            code { _ = try Tree.decode(Array(#"{"nodes":[{"name":"\#(name)","type":"file"}]}"#.utf8)) } == .invalidName
        )
    }

    @Test("refuses to write them, too", arguments: ["", ".", "..", "/", "a/b", "a\0"])
    func refusesToWriteNames(name: String) {
        #expect(code { _ = try Tree(nodes: [Self.node(name)]).encode() } == .invalidName)
    }

    @Test(
        "refuses nodes that are none",
        arguments: [
            (#"{"name":"a"}"#, .malformed), (#"{"type":"file"}"#, .invalidName),
            (#"{"name":"a","type":"door"}"#, .unsupportedNodeType),
            (#"{"name":"a","type":""}"#, .unsupportedNodeType),
            (#"{"name":"a","type":"file","size":9223372036854775808}"#, .outOfRange),
            (#"{"name":"a","type":"file","size":-1}"#, .malformed),
            (#"{"name":"a","type":"file","mode":4294967296}"#, .outOfRange),
            (#"{"name":"a","type":"file","content":["00"]}"#, .malformed),
            (#"{"name":"a","type":"file","content":{}}"#, .malformed),
            (#"{"name":"a","type":"dir","subtree":"x"}"#, .malformed),
            (#"{"name":"a","type":"file","mtime":"now"}"#, .malformed),
            (#"{"name":"\\q","type":"file"}"#, .malformed), (#"{"name":null,"type":"file"}"#, .malformed),
            (#"{"name":"a","type":"file","linktarget_raw":"*"}"#, .malformed),
            (#"{"name":"a","type":"file","generic_attributes":[]}"#, .malformed),
            (#"{"name":"a","type":"file","extended_attributes":[1]}"#, .malformed), ("[]", .malformed),
            ("null", .malformed),
        ] as [(String, ResticFormatError.Code)]
    )
    func refusesNodes(node: String, expected: ResticFormatError.Code) {
        #expect(code { _ = try Tree.decode(Array(#"{"nodes":[\#(node)]}"#.utf8)) } == expected)
    }

    @Test(
        "refuses documents that are no tree",
        arguments: [
            ("{}", .malformed), (#"{"nodes":{}}"#, .malformed), (#"{"nodes":[]}{"#, .malformed), ("", .truncated),
            (#"{"nodes":[]"#, .truncated),
        ]
            as [(String, ResticFormatError.Code)]
    )
    func refusesDocuments(json: String, expected: ResticFormatError.Code) {
        #expect(code { _ = try Tree.decode(Array(json.utf8)) } == expected)
    }

    @Test("reads nodes with unknown keys, nulls and escapes in what needs none")
    func tolerance() throws {
        let json =
            #"{"x":[{}],"nodes":[{"future":{"a":[1.5]},"type":"fi\u006ce","name":"a","user":null,"content":null,"extended_attributes":null,"generic_attributes":{}}],"y":1}"#
        #expect(throws: Never.self) { try Tree.decode(Array(json.replacing(#"fi\u006ce"#, with: "file").utf8)) }
        let tree = try Tree.decode(Array(json.utf8))
        #expect(tree.nodes == [Node(name: Array("a".utf8), type: .file)])
        #expect(try Tree.decode(Array(#"{"nodes":null}"#.utf8)) == Tree())
    }

    @Test("modes translate to POSIX's and back")
    func modes() {
        let examples: [(posix: UInt32, go: UInt32, type: NodeType)] = [
            (0o100644, 420, .file), (0o104755, 1 << 23 | 0o755, .file), (0o102755, 1 << 22 | 0o755, .file),
            (0o040755, 2_147_484_141, .dir),
            (0o041777, 2_148_532_735, .dir), (0o120777, 134_218_239, .symlink), (0o060660, 67_109_296, .dev),
            (0o020666, 69_206_454, .chardev),
            (0o010600, 33_554_816, .fifo), (0o140700, 16_777_664, .socket),
            (0o107777, 1 << 23 | 1 << 22 | 1 << 20 | 0o777, .file),
        ]
        for (posix, go, type) in examples {
            #expect(GoFileMode.fromPOSIX(posix) == go)
            #expect(GoFileMode.toPOSIX(go) == posix)
            #expect(GoFileMode.posixPermissions(go) == posix & 0o7777)
            #expect(GoFileMode.nodeType(go) == type)
        }
        #expect(GoFileMode.nodeType(GoFileMode.fromPOSIX(0o644)) == .irregular)
        #expect(GoFileMode.nodeType(GoFileMode.directory | GoFileMode.symlink) == nil)
    }
}
