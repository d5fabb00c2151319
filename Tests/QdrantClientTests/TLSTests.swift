import Foundation
import Logging
import NIOHTTP1
import NIOSSL
import TestSupport
import Testing

@testable import QdrantClient

@Suite(
    "TLS",
    .timeLimit(.minutes(1)),
    .enabled(if: Certificates.canBeMade, "the openssl program is needed to make certificates")
)
struct TLSTests {
    private func call(
        _ certificates: Certificates,
        tls: QdrantTLS,
        host: String = "localhost",
        demandsClientCertificate: Bool = false
    ) async throws {
        var server = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificates.path("server.pem")).map {
                .certificate($0)
            },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: certificates.path("server.key"), format: .pem))
        )
        if demandsClientCertificate {
            server.trustRoots = .file(certificates.path("ca.pem"))
            server.certificateVerification = .noHostnameVerification
        }
        try await LoopbackServer.run(tls: server, script: { try await $0.respond(result: #"{"exists":true}"#) }) {
            server in
            let endpoint = try QdrantEndpoint(url: "https://\(host):\(server.port)", apiKey: Secret("k"), tls: tls)
            try await withQdrantClient(
                endpoint: endpoint,
                options: QdrantClientOptions(retryPolicy: .none),
                logger: Logger(label: "test")
            ) {
                let exists = try await $0.collectionExists("c")
                #expect(exists)
                #expect(server.requests.first?.headers["api-key"] == ["k"])
            }
        }
    }

    @Test("trusts the configured authority")
    func trusted() async throws {
        try await Certificates.with { certificates in
            try await call(certificates, tls: QdrantTLS(authorityFile: certificates.path("ca.pem")))
        }
    }

    @Test("refuses a server whose authority the system does not know")
    func untrusted() async throws {
        try await Certificates.with { certificates in
            let error = try await qdrantError { try await call(certificates, tls: QdrantTLS()) }
            #expect(error?.code == .tlsFailed)
        }
    }

    @Test("refuses a server of another authority than the configured one")
    func otherAuthority() async throws {
        try await Certificates.with { certificates in
            let error = try await qdrantError {
                try await call(certificates, tls: QdrantTLS(authorityFile: certificates.path("other.pem")))
            }
            #expect(error?.code == .tlsFailed)
        }
    }

    @Test("refuses a certificate that is for another host")
    func otherHost() async throws {
        try await Certificates.with { certificates in
            let error = try await qdrantError {
                try await call(
                    certificates,
                    tls: QdrantTLS(authorityFile: certificates.path("ca.pem")),
                    host: "127.0.0.1"
                )
            }
            #expect(error?.code == .tlsFailed)
        }
    }

    @Test("shows its own certificate to a server that asks for one")
    func clientCertificate() async throws {
        try await Certificates.with { certificates in
            let tls = QdrantTLS(
                authorityFile: certificates.path("ca.pem"),
                certificateFile: certificates.path("server.pem"),
                privateKeyFile: certificates.path("server.key")
            )
            try await call(certificates, tls: tls, demandsClientCertificate: true)
        }
    }

    @Test("says when the other side does not speak TLS")
    func plain() async throws {
        try await LoopbackServer.run(script: { try await $0.respond(result: "true") }) { server in
            let endpoint = try QdrantEndpoint(url: "https://127.0.0.1:\(server.port)")
            let error = try await qdrantError {
                try await withQdrantClient(
                    endpoint: endpoint,
                    options: QdrantClientOptions(retryPolicy: .none),
                    logger: Logger(label: "test")
                ) { _ = try await $0.collections() }
            }
            #expect(error?.code == .tlsFailed)
        }
    }

    @Test(
        "refuses certificate files that are missing or no PEM",
        arguments: [
            { QdrantTLS(authorityFile: $0.path("missing.pem")) }, { QdrantTLS(authorityFile: $0.path("server.key")) },
            { QdrantTLS(certificateFile: $0.path("server.pem")) },
            { QdrantTLS(certificateFile: $0.path("server.pem"), privateKeyFile: $0.path("ca.pem")) },
        ] as [@Sendable (Certificates) -> QdrantTLS]
    )
    func badFiles(tls: @Sendable (Certificates) -> QdrantTLS) async throws {
        try await Certificates.with { certificates in
            let endpoint = try QdrantEndpoint(url: "https://localhost", tls: tls(certificates))
            let error = try await qdrantError {
                try await withQdrantClient(endpoint: endpoint, logger: Logger(label: "test")) { _ in }
            }
            #expect(error?.code == .invalidEndpoint)
        }
    }
}

/// A folder with two authorities (`ca.pem`, `other.pem`) and a certificate for `localhost` that the first one signed.
struct Certificates: Sendable {
    let folder: URL

    static let canBeMade = openssl != nil

    private static let openssl = ["/usr/bin/openssl", "/usr/local/bin/openssl", "/opt/homebrew/bin/openssl"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    static func with(_ body: (Certificates) async throws -> Void) async throws {
        try await inTemporaryFolder { folder in
            for (name, content) in try await files.value { try content.write(to: folder.appendingPathComponent(name)) }
            try await body(Certificates(folder: folder))
        }
    }

    /// The files by name, made once for all tests.
    private static let files = Task {
        var files: [String: Data] = [:]
        try await inTemporaryFolder { folder in
            try await Certificates(folder: folder).make()
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
                files[name] = try Data(contentsOf: folder.appendingPathComponent(name))
            }
        }
        return files
    }

    private static func inTemporaryFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("certificates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    private func make() async throws {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        for name in ["ca", "other"] {
            let files = ["-keyout", path("\(name).key"), "-out", path("\(name).pem")]
            try await run(["req", "-x509"] + key + ["-days", "2", "-subj", "/CN=\(name)"] + files)
        }
        try await run(
            ["req"] + key + ["-subj", "/CN=localhost", "-keyout", path("server.key"), "-out", path("server.csr")]
        )
        try Data("subjectAltName=DNS:localhost\n".utf8).write(to: folder.appendingPathComponent("server.ext"))
        try await run(
            [
                "x509", "-req", "-in", path("server.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
                "-CAcreateserial",
            ]
                + ["-days", "2", "-extfile", path("server.ext"), "-out", path("server.pem")]
        )
    }

    private func run(_ arguments: [String]) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.openssl))
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try await process.runToEnd()
        try #require(process.terminationStatus == 0, "openssl \(arguments[0]) failed")
    }
}

extension Process {
    /// Runs to the end without holding a thread: `waitUntilExit` would keep other tests from running.
    func runToEnd() async throws {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        terminationHandler = { _ in end.finish() }
        try run()
        for await _ in ended {}
    }
}
