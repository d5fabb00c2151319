import Crypto
import Foundation
import TestSupport
import Testing

@testable import Sealing

/// The public test vectors of the format (C2SP/CCTV, folder age/testdata), for whoever has them on this machine: set
/// HOLDFAST_AGE_VECTORS to the folder. The cases in the suites beside this one are made after the same rules and run always.
@Suite("The public test vectors of age", .enabled(if: AgeVector.folder != nil, "HOLDFAST_AGE_VECTORS names no folder"))
struct AgeVectorTests {
    @Test("come out as they say", arguments: AgeVector.all, [1, 4096, 1 << 20])
    func vector(vector: AgeVector, pieces: Int) throws {
        // Byte by byte only what is small.
        guard pieces > 1 || vector.file.count < 10_000 else { return }
        let opened = openPiecewise(vector.file, with: try vector.identities, by: pieces)
        let codes: [SealingError.Code?] =
            switch vector.expectation {
            case "success": [nil]
            case "no match": [.noIdentityMatches, .wrongPassphrase]
            case "HMAC failure": [.damaged]
            case "payload failure": [.damaged, .truncated]
            case "armor failure": [.damaged, .truncated, .notSealed]
            default: [.damaged, .truncated, .notSealed, .unsupported, .limitExceeded]
            }
        #expect(codes.contains(opened.code), "\(vector.expectation): \(String(describing: opened.code))")
        guard let digest = vector.payloadDigest else { return }
        let ours = SHA256.hash(data: opened.plain).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(ours == digest, "\(opened.plain.count) bytes came out")
    }
}

/// A file of the collection: lines of keys and values, an empty line, the sealed file.
struct AgeVector: Sendable, CustomTestStringConvertible {
    static let folder = ProcessInfo.processInfo.environment["HOLDFAST_AGE_VECTORS"].flatMap { $0.isEmpty ? nil : $0 }

    static let all: [AgeVector] = {
        guard let folder else { return [] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().compactMap { name in
            (try? Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))).map {
                AgeVector(name: name, bytes: Array($0))
            }
        }.filter(\.isForUs)
    }()

    let testDescription: String
    let file: [UInt8]
    private let fields: [(key: String, value: String)]

    private init(name: String, bytes: [UInt8]) {
        testDescription = name
        var rest = bytes[...]
        var fields: [(String, String)] = []
        while let end = rest.firstIndex(of: 0x0A), end > rest.startIndex {
            let line = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            if let colon = line.range(of: ": ") {
                fields.append((String(line[..<colon.lowerBound]), String(line[colon.upperBound...])))
            }
        }
        self.fields = fields
        let body = Data(rest.dropFirst())
        file = fields.contains { $0.0 == "compressed" } ? Self.inflated(body) : Array(body)
    }

    var expectation: String { fields.first { $0.key == "expect" }?.value ?? "" }
    var payloadDigest: String? { fields.first { $0.key == "payload" }?.value }

    /// The post-quantum type is not ours.
    private var isForUs: Bool {
        !fields.contains { $0.key == "identity" && $0.value.hasPrefix("AGE-SECRET-KEY-PQ-") }
    }

    var identities: AgeIdentities {
        get throws {
            AgeIdentities(
                keys: try fields.filter { $0.key == "identity" }.map { try AgeIdentity($0.value) },
                passphrases: try fields.filter { $0.key == "passphrase" }.map { try Passphrase($0.value) }
            )
        }
    }

    private static func inflated(_ bytes: Data) -> [UInt8] {
        let folder = FileManager.default.temporaryDirectory.path
        let path = "\(folder)/holdfast-vector-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try? bytes.write(to: URL(fileURLWithPath: path))
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c", "import sys,zlib;sys.stdout.buffer.write(zlib.decompress(open(sys.argv[1],'rb').read()))",
            path,
        ]
        process.standardOutput = pipe
        try? process.run()
        return Array(pipe.fileHandleForReading.readDataToEndOfFile())
    }
}
