import Testing

@testable import TextbookChatbot

@Suite("A .env file")
struct DotEnvTests {
    @Test(
        "is read by the documented rules",
        arguments: [
            ("A=b", ["A": "b"]),
            ("", [:]),
            ("\u{FEFF}# nothing\n\n   \n#A=b\n", [:]),
            ("  export A = b c  # comment\nB=2", ["A": "b c", "B": "2"]),
            ("export=1", ["export": "1"]),
            ("A=\nB=''\nC=\"\"", ["A": "", "B": "", "C": ""]),
            ("A=a#b\nB=a #b\nC=#b", ["A": "a#b", "B": "a", "C": ""]),
            ("A='a \\n $B # \"c\"' # comment", ["A": "a \\n $B # \"c\""]),
            ("A=\"a\\tb \\\"c\\\" \\\\ \\$d\\n\\r\"", ["A": "a\tb \"c\" \\ $d\n\r"]),
            ("A=\"one\ntwo\"\nB='three\nfour'\nC=5", ["A": "one\ntwo", "B": "three\nfour", "C": "5"]),
            ("A=b\r\nB='c'\r\nC=\"d\"\r\n", ["A": "b", "B": "c", "C": "d"]),
            ("A=a=b==\n_b9=$HOME", ["A": "a=b==", "_b9": "$HOME"]),
            ("A=é 'x' \"y\"", ["A": "é 'x' \"y\""]),
        ] as [(String, [String: String])]
    )
    func rules(text: String, values: [String: String]) throws {
        #expect(try DotEnv.parse(text) == values)
    }

    @Test(
        "is refused with the line and the key, never the value",
        arguments: [
            ("A=1\nnonsense-geheim", 2, "'='"),
            ("=geheim", 1, "KEY=value"),
            ("1A=geheim", 1, "KEY=value"),
            ("A=1\n\nA=geheim", 3, "line 1"),
            ("\nA='geheim\n\n", 2, "does not end"),
            ("A=\"geheim", 1, "does not end"),
            ("A=\"x\ny\\q geheim\"", 2, "backslash"),
            ("A='x' geheim", 1, "behind the quoted value"),
        ] as [(String, Int, String)]
    )
    func refusals(text: String, line: Int, says: String) {
        let failure = #expect(throws: DotEnv.Failure.self) { try DotEnv.parse(text) }
        #expect(failure?.line == line)
        #expect(failure?.message.contains(says) == true, "\(String(describing: failure))")
        // A key may be shown; these texts hold the word in a value, save the first, where it is part of the key.
        #expect(line == 2 && says == "'='" || failure?.description.contains("geheim") == false)
    }
}
