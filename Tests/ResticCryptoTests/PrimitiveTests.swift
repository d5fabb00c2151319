import CLibcrypto
import ResticFormat
import Testing

@testable import ResticCrypto

@Suite("Primitives of libcrypto, as we call them, against published vectors")
struct PrimitiveTests {
    @Test("AES-256 in counter mode gives NIST SP 800-38A, F.5.5")
    func aesCounterMode() throws {
        let key = try MasterKey(
            encryption: hex("603deb1015ca71be2b73aef0857d7781 1f352c073b6108d72d9810a30914dff4"),
            k: Array(1...16),
            r: Array(1...16)
        )
        let plaintext = hex(
            """
            6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
            30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710
            """
        )
        let ciphertext = hex(
            """
            601ec313775789a5b7a7f504bbf3d228 f443e3ca4d62b59aca84e990cacaf5c5
            2b0930daa23de94ce87017ba2d84988d dfc9c58db67aada613c2dd08457941a6
            """
        )
        let nonce = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
        let context = try SealingContext(key: key)
        var sealed = [UInt8](repeating: 0, count: plaintext.count + 32)
        _ = try plaintext.withUnsafeBytes { plaintext in
            try nonce.withUnsafeBytes { nonce in
                try sealed.withUnsafeMutableBytes { try context.seal(plaintext, into: $0, nonce: nonce) }
            }
        }
        #expect(Array(sealed[0..<16]) == nonce)
        #expect(Array(sealed[16..<80]) == ciphertext)
        #expect(try context.open(sealed) == plaintext)
    }

    @Test("Poly1305 gives RFC 8439, section 2.5.2")
    func poly1305() throws {
        let key = hex("85d6be7857556d337f4452fe42d506a8 0103808afb0db2fd4abff6af4149f51b")
        let message = Array("Cryptographic Forum Research Group".utf8)
        let context = try #require(EVP_MAC_CTX_new(Libcrypto.algorithms().poly1305))
        defer { EVP_MAC_CTX_free(context) }
        var tag = [UInt8](repeating: 0, count: 16)
        var length = 0
        #expect(EVP_MAC_init(context, key, key.count, nil) == 1)
        #expect(EVP_MAC_update(context, message, message.count) == 1)
        #expect(EVP_MAC_final(context, &tag, &length, tag.count) == 1)
        #expect(tag == hex("a8061dc1305136c6c22b8baf0c0127a9"))
    }

    struct MACVector: Sendable {
        let message, r, k, nonce, mac: String
    }

    @Test(
        "Poly1305-AES gives the vectors of Bernstein's paper, appendix B",
        arguments: [
            MACVector(
                message: "f3f6",
                r: "851fc40c3467ac0be05cc20404f3f700",
                k: "ec074c835580741701425b623235add6",
                nonce: "fb447350c4e868c52ac3275cf9d4327e",
                mac: "f4c633c3044fc145f84f335cb81953de"
            ),
            MACVector(
                message: "",
                r: "a0f3080000f46400d0c7e9076c834403",
                k: "75deaa25c09f208e1dc4ce6b5cad3fbf",
                nonce: "61ee09218d29b0aaed7e154a2c5509cc",
                mac: "dd3fab2251f11ac759f0887129cc2ee7"
            ),
            MACVector(
                message: "663cea190ffb83d89593f3f476b6bc24d7e679107ea26adb8caf6652d0656136",
                r: "48443d0bb0d21109c89a100b5ce2c208",
                k: "6acb5f61a7176dd320c5c1eb2edcdc74",
                nonce: "ae212a55399729595dea458bc621ff0e",
                mac: "0ee1c16bb73f0f4fd19881753c01cdbe"
            ),
            MACVector(
                message: """
                    ab0812724a7f1e342742cbed374d94d136c6b8795d45b3819830f2c04491faf0
                    990c62e48b8018b2c3e4a0fa3134cb67fa83e158c994d961c4cb21095c1bf9
                    """,
                r: "12976a08c4426d0ce8a82407c4f48207",
                k: "e1a5668a4d5b66a5f68cc5424ed5982d",
                nonce: "9ae831e743978d3a23527c7128149e3a",
                mac: "5154ad0d2cb26e01274fc51148491f1b"
            ),
        ]
    )
    func poly1305AES(vector: MACVector) throws {
        let context = try SealingContext(key: MasterKey(encryption: Array(1...32), k: hex(vector.k), r: hex(vector.r)))
        var mac = [UInt8](repeating: 0, count: 16)
        try hex(vector.message).withUnsafeBytes { message in
            try hex(vector.nonce).withUnsafeBytes { nonce in
                try mac.withUnsafeMutableBytes { try context.authenticate(message, nonce: nonce, into: $0) }
            }
        }
        #expect(mac == hex(vector.mac))
    }

    struct ScryptVector: Sendable {
        let password, salt: String
        let n, r, p: Int
        let output: String
    }

    @Test(
        "scrypt gives RFC 7914, section 12",
        arguments: [
            ScryptVector(
                password: "",
                salt: "",
                n: 16,
                r: 1,
                p: 1,
                output: """
                    77d6576238657b203b19ca42c18a0497 f16b4844e3074ae8dfdffa3fede21442
                    fcd0069ded0948f8326a753a0fc81f17 e8d3e0fb2e0d3628cf35e20c38d18906
                    """
            ),
            ScryptVector(
                password: "password",
                salt: "NaCl",
                n: 1024,
                r: 8,
                p: 16,
                output: """
                    fdbabe1c9d3472007856e7190d01e9fe 7c6ad7cbc8237830e77376634b373162
                    2eaf30d92e22a3886ff109279d9830da c727afb94a83ee6d8360cbdfa2cc0640
                    """
            ),
            ScryptVector(
                password: "pleaseletmein",
                salt: "SodiumChloride",
                n: 16384,
                r: 8,
                p: 1,
                output: """
                    7023bdcb3afd7348461c06cd81fd38eb fda8fbba904f8e3ea9b543f6545da1f2
                    d5432955613f0fcf62d49705242a9af9 e61e85dc0d651e40dfcf017b45575887
                    """
            ),
        ]
    )
    func scrypt(vector: ScryptVector) throws {
        var output = [UInt8](repeating: 0, count: 64)
        let parameters = try ScryptParameters(n: vector.n, r: vector.r, p: vector.p)
        try output.withUnsafeMutableBytes {
            try KeyDerivation.scrypt(
                password: Array(vector.password.utf8),
                salt: Array(vector.salt.utf8),
                parameters: parameters,
                into: $0
            )
        }
        #expect(output == hex(vector.output))
    }

    @Test("SHA-256 gives FIPS 180-4's examples, at once and in pieces")
    func sha256() {
        let message = Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
        let expected = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        #expect(ContentHash.id(of: message).hex == expected)
        #expect(ContentHash.id(of: []).hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        let hasher = ContentHasher()
        for round in 1...3 {
            for piece in message.chunked(by: round) { piece.withUnsafeBytes { hasher.update($0) } }
            #expect(hasher.finalize().hex == expected)
        }
        #expect(hasher.finalize() == ContentHash.id(of: []))
    }
}

extension [UInt8] {
    /// Pieces of that many bytes; the last may be shorter.
    func chunked(by count: Int) -> [[UInt8]] {
        stride(from: 0, to: self.count, by: count).map { Array(self[$0..<Swift.min($0 + count, self.count)]) }
    }
}
