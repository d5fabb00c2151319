import ResticFormat
import Testing

@testable import ResticCrypto

@Suite("Keys and passwords")
struct KeyTests {
    static var cheap: ScryptParameters { get throws { try ScryptParameters(n: 16, r: 1, p: 1) } }

    static func keyFile(holding key: MasterKey, password: String) throws -> KeyFile {
        try KeyFile.make(
            sealing: key,
            password: Array(password.utf8),
            parameters: cheap,
            created: GoTime(seconds: 1_700_000_000),
            username: "eva",
            hostname: "host"
        )
    }

    @Test("a key's JSON is that of restic, and reads back")
    func json() throws {
        let key = try MasterKey(
            encryption: hex("303e8687b1d7db18421bdc6bb8588ccadac4d59ee87b8ff70c44e635790cafef"),
            k: hex("ef4d8824cb80b2bcc5fbff8a9b12a42c"),
            r: hex("cc8d4b948ee0ebfe1d415de921d10353")
        )
        let json = key.encodeJSON()
        #expect(
            String(decoding: json, as: UTF8.self)
                == #"{"mac":{"k":"702IJMuAsrzF+/+KmxKkLA==","r":"zI1LlI7g6/4dQV3pIdEDUw=="},"encrypt":"MD6Gh7HX2xhCG9xruFiMytrE1Z7oe4/3DETmNXkMr+8="}"#
        )
        #expect(try json.withUnsafeBytes { try MasterKey(json: $0) } == key)
    }

    @Test("refuses a key any part of which is all zeros", arguments: [0..<32, 32..<48, 48..<64])
    func refusesZeros(part: Range<Int>) {
        var bytes = [UInt8](1...64)
        for index in part { bytes[index] = 0 }
        #expect(code { _ = try bytes.withUnsafeBytes { try MasterKey($0) } } == .invalidKey)
    }

    @Test("refuses a key of another length", arguments: [0, 63, 65])
    func refusesLength(length: Int) {
        #expect(
            code { _ = try [UInt8](repeating: 1, count: length).withUnsafeBytes { try MasterKey($0) } } == .invalidKey
        )
    }

    @Test(
        "refuses JSON that is no key",
        arguments: [
            "", "{}", "[]", #"{"mac":{"k":"","r":""},"encrypt":""}"#, #"{"mac":null,"encrypt":"AAAA"}"#,
            #"{"mac":{"k":"702IJMuAsrzF+/+KmxKkLA==","r":"AAAAAAAAAAAAAAAAAAAAAA=="},"encrypt":"MD6Gh7HX2xhCG9xruFiMytrE1Z7oe4/3DETmNXkMr+8="}"#,
            #"{"mac":{"k":"702IJMuAsrzF+/+KmxKkLA==","r":"702IJMuAsrzF+/+KmxKkLA=="},"encrypt":"MD6Gh7HX2xhCG9xruFiMytrE1Z7oe4/3DETmNXkMr+8="} x"#,
        ]
    )
    func refusesJSON(json: String) {
        #expect(code { _ = try Array(json.utf8).withUnsafeBytes { try MasterKey(json: $0) } } == .invalidKey)
    }

    @Test("random keys differ, and equal only themselves")
    func randomKeys() throws {
        let (first, second) = (try MasterKey.random(), try MasterKey.random())
        #expect(first != second)
        #expect(first == first)
        #expect(try first.encodeJSON().withUnsafeBytes { try MasterKey(json: $0) } == first)
    }

    @Test("a key shows nothing of itself")
    func redacted() throws {
        let key = try MasterKey.sample()
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped, "\([key])", "\(Optional(key) as Any)"] {
            #expect(!text.contains("storage") && !text.contains("bytes"), "\(text)")
        }
    }

    @Test("a key file opens with its password and no other")
    func keyFile() throws {
        let key = try MasterKey.random()
        let file = try Self.keyFile(holding: key, password: "correct horse")
        let stored = try KeyFile.decode(file.encode())
        #expect(stored == file)
        #expect(try stored.open(password: Array("correct horse".utf8)) == key)
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            #expect(code { _ = try stored.open(password: Array(wrong.utf8)) } == .wrongPassword)
        }
        #expect(file.salt.count == 64)
        #expect(try file.salt != Self.keyFile(holding: key, password: "correct horse").salt)
    }

    @Test("an empty password is a password")
    func emptyPassword() throws {
        let key = try MasterKey.random()
        let file = try Self.keyFile(holding: key, password: "")
        #expect(try file.open(password: []) == key)
        #expect(code { _ = try file.open(password: [0x20]) } == .wrongPassword)
    }

    @Test("refuses key files that were tampered with")
    func tampered() throws {
        let password = Array("p".utf8)
        let file = try Self.keyFile(holding: .random(), password: "p")
        func code(_ change: (inout KeyFile) -> Void) -> ResticCryptoError.Code? {
            var changed = file
            change(&changed)
            return ResticCryptoTests.code { _ = try changed.open(password: password) }
        }
        #expect(code { $0.kdf = "argon2" } == .unsupportedKeyDerivation)
        #expect(code { $0.n = 1 << 40 } == .parametersOutOfRange)
        #expect(code { $0.salt.removeLast() } == .parametersOutOfRange)
        #expect(code { $0.salt[0] ^= 1 } == .wrongPassword)
        #expect(code { $0.n *= 2 } == .wrongPassword)
        #expect(code { $0.data = [] } == .truncated)
        #expect(code { $0.data[20] ^= 1 } == .wrongPassword)
        #expect(code { _ in } == nil)
    }

    @Test("refuses a sealed text that is no key, and tells it from a wrong password")
    func sealedNonsense() throws {
        var file = try Self.keyFile(holding: .random(), password: "p")
        let userKey = try KeyDerivation.derive(password: Array("p".utf8), salt: file.salt, parameters: Self.cheap)
        file.data = try SealingContext(key: userKey).seal(Array("{}".utf8))
        #expect(code { _ = try file.open(password: Array("p".utf8)) } == .invalidKey)
    }

    typealias Parameters = (n: Int, r: Int, p: Int)

    static let impossibleParameters: [Parameters] = [
        (0, 8, 1), (1, 8, 1), (3, 8, 1), (-2, 8, 1), (16, 0, 1), (16, 8, 0), (16, -1, 1), (16_777_216, 8, 1),
        (2, 1_099_511_627_776, 1),
        (32_768, 8, 1_048_576), (Int.max / 2 + 1, Int.max, Int.max), (Int.min, 1, 1), (2, Int.max, Int.max),
    ]

    @Test("refuses parameters that are none, or would bring the process down", arguments: impossibleParameters)
    func refusesParameters(n: Int, r: Int, p: Int) {
        #expect(code { _ = try ScryptParameters(n: n, r: r, p: p) } == .parametersOutOfRange)
    }

    @Test(
        "grants what restic chooses",
        arguments: [(32_768, 8, 1), (32_768, 8, 5), (32_768, 8, 40), (262_144, 8, 1)] as [Parameters]
    )
    func grantsParameters(n: Int, r: Int, p: Int) throws {
        let parameters = try ScryptParameters(n: n, r: r, p: p)
        #expect((parameters.n, parameters.r, parameters.p) == (n, r, p))
    }
}
