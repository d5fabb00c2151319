import Testing

@testable import Recovery

@Suite("The keys of a configuration file")
struct ConfigurationKeysTests {
    private func names(_ text: String, _ path: String = ".env") -> [String]? {
        ConfigurationKeys(reading: Array(text.utf8), path: path)?.entries.map(\.name)
    }

    private func values(_ text: String) -> [String: String]? {
        ConfigurationKeys(reading: Array(text.utf8), path: "x.env").map { keys in
            Dictionary(uniqueKeysWithValues: keys.entries.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) })
        }
    }

    @Test("of variables are read with quotes, comments, exports, several lines and Windows line ends")
    func dotenv() {
        let text = """
            # a comment\r
            PLAIN = value # remark\r
            export QUOTED="a # b"
            SINGLE='it''s'
            """
        #expect(values(text) == nil, "something behind the closing quote is not understood")
        let good =
            "A = b # remark\r\nexport C=\"d # e\" # f\n\n  E='g\\'\nF=\nH=\"i\nj\\\"k\"\nL=m=n==\nURL=http://x/#y\n"
        let expected = [
            "A": "b", "C": "d # e", "E": "g\\", "F": "", "H": "i\nj\\\"k", "L": "m=n==", "URL": "http://x/#y",
        ]
        #expect(values(good) == expected)
    }

    @Test(
        "of a file that is not understood to its last line are none, so that no part of a secret is taken for a name",
        arguments: [
            "A=-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ==\n-----END KEY-----\n",
            "kqhkiG9w0BAQEFAA==", "c2VjcmV0MTI=\n", "Zm9vYmFyYmE=", "just a password", "A=\"never closed\n", "9A=b",
            "a b=c",
            "A=b\0", "=x", "A=\"x\" y",
        ]
    )
    func opaque(text: String) {
        #expect(names(text) == nil)
    }

    @Test("of YAML and JSON are paths; a list is one value, and so is a mapping whose keys look like no names")
    func nested() {
        let yaml = "db:\n  host: a\n  ports: [1, 2]\ntop: x\nodd:\n  \"has blank\": 1\nempty: {}\n"
        #expect(names(yaml, "a/b.yml") == ["db.host", "db.ports", "empty", "odd", "top"])
        #expect(names("{\"a\": {\"b\": [1], \"c\": null}, \"d\": 1.5}", "x.json") == ["a.b", "a.c", "d"])
        #expect(names("{\"sk live abc\": 1}", "x.json") == nil)
        #expect(names("- a\n- b\n", "x.yaml") == nil && names("just text", "x.yaml") == nil)
        #expect(names("a: &x 1\nb: *x\n", "x.yaml") == nil, "what is not supported has no keys")
        #expect(names("a: 1\n---\nb: 2\n", "x.yaml") == nil && names("{\"a\": 1", "x.json") == nil)
    }

    @Test(
        "are names that look like identifiers",
        arguments: [
            "DATABASE_URL", "a", "_x", "HF_TOKEN", "db.host", "max-connections", "X-Forwarded-For", "x509v3",
            "sha256_sum",
            "maximumConcurrentConnectionsPerHost", "S3_BUCKET", "OAUTH2_CLIENT_ID", "K2000",
        ]
    )
    func identifiers(name: String) {
        #expect(KeyName.isPlausible(name))
        #expect(names("\(name)=v\n") == [name] && names("{\"\(name)\": 1}", "x.json") == [name])
    }

    @Test(
        "are never what looks like a secret that stands where a name belongs, alone on a line or as the key of a mapping",
        arguments: [
            "sk-proj-abcdefghijklmnop", "sk-live-Yz84Rt19Wm", "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "AKIAIOSFODNN7EXAMPLE", "d41d8cd98f00b204e9800998ecf8427e", "Passerby-Wn38Eq25", "kQxWzRtYpLmNvBcD",
            "eyJhbGciOiJIUzI1NiJ9", "AGE-SECRET-KEY-1QQQ", "Tr0ub4dor3", "correct horse", "a/b", "9lives", "-x", "a..b",
            ".",
            "_", "pässword", "", String(repeating: "k", count: 65),
        ]
    )
    func noIdentifiers(text: String) {
        #expect(!KeyName.isPlausible(text))
        for file in ["\(text)", "A=1\n\(text)\n", "A=1\n\(text)=\n", "export \(text)=b\n"] {
            #expect(names(file)?.contains { $0.contains(text) && !text.isEmpty } != true, "\(file)")
        }
        #expect(names("a: 1\n\"\(text)\": b\n", "x.yaml") == nil)
        #expect(
            names("a:\n  \"\(text)\": b\n", "x.yaml") == (text.isEmpty ? names("a:\n  \"\": b\n", "x.yaml") : ["a"])
        )
    }

    @Test("of other files are not looked for", arguments: ["cert.pem", "env", "a.yaml.bak", "config.ini", ""])
    func others(path: String) {
        #expect(ConfigurationKeys(reading: Array("A=b\n".utf8), path: path) == nil)
    }

    @Test("have equal values only when what stands there is equal")
    func values() throws {
        func value(_ text: String) throws -> [UInt8] {
            try #require(ConfigurationKeys(reading: Array("a: \(text)".utf8), path: "x.yaml")?.entries.first?.value)
        }
        let different = [
            "1", "\"1\"", "\"\"", "~", "[1]", "[1, 1]", "[[1], 1]", "[\"11\"]", "{\"x y\": 1}", "[{x: 1}]", "x",
        ]
        #expect(Set(try different.map { try value($0) }).count == different.count)
        #expect(try value("1 # comment") == value(" 1"))
    }

    @Test("are bounded in number and depth")
    func limits() {
        let many = (0...ConfigurationKeys.maximumCount).map { "K\($0)=1" }.joined(separator: "\n")
        #expect(names(many) == nil)
        let deep = (0..<20).reduce("1") { inner, _ in "{\"k\": \(inner)}" }
        let found = names(deep, "x.json") ?? []
        #expect(found.count == 1 && found[0].split(separator: ".").count == ConfigurationKeys.maximumDepth)
    }
}

@Suite("A digest key")
struct DigestKeyTests {
    @Test("comes back from what was stored, and digests the same again")
    func roundTrip() throws {
        let key = DigestKey(system: "s")
        let again = try DigestKey(reading: try key.encode(), system: "s")
        #expect(again.isSame(as: key))
        #expect(
            again.digest(ofValue: [1], of: "A", set: "x", path: "p")
                == key.digest(ofValue: [1], of: "A", set: "x", path: "p")
        )
        #expect("\(key)" == "<redacted>" && String(reflecting: key) == "<redacted>")
    }

    @Test("makes digests that differ by key, system, set, path, name and value, and by where one ends")
    func separation() {
        let key = DigestKey(system: "s")
        let all = [
            key.digest(ofValue: [1], of: "A", set: "x", path: "p"),
            key.digest(ofValue: [2], of: "A", set: "x", path: "p"),
            key.digest(ofValue: [1], of: "B", set: "x", path: "p"),
            key.digest(ofValue: [1], of: "A", set: "y", path: "p"),
            key.digest(ofValue: [1], of: "A", set: "x", path: "q"), key.digest(ofContent: [1], set: "x", path: "p"),
            key.digest(ofValue: [], of: "A\u{1}", set: "x", path: "p"), key.digest(ofContent: [], set: "xp", path: ""),
            key.digest(ofContent: [], set: "x", path: "p"),
            DigestKey(system: "s").digest(ofValue: [1], of: "A", set: "x", path: "p"),
        ]
        #expect(Set(all).count == all.count && all.allSatisfy { $0.utf8.count == 64 })
        let other = try? DigestKey(reading: (try? key.encode()) ?? [], system: "t")
        #expect(other?.digest(ofValue: [1], of: "A", set: "x", path: "p") != all[0])
    }

    @Test(
        "is refused when it is none",
        arguments: [
            "", "{}", "{\"format\":1,\"key\":\"AA==\"}",
            "{\"format\":2,\"key\":\"\(String(repeating: "A", count: 43))=\"}",
        ]
    )
    func refusal(text: String) {
        #expect(throws: SealedIndex.Unreadable.self) { try DigestKey(reading: Array(text.utf8), system: "s") }
    }
}
