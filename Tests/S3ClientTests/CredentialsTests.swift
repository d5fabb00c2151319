import AsyncHTTPClient
import Foundation
import Locks
import Logging
import NIOHTTP1
import TestSupport
import Testing

@testable import S3Client

@Suite("Credentials for S3", .timeLimit(.minutes(1)))
struct CredentialsTests {
    private func retrieve(_ provider: any S3CredentialsProvider) async throws -> S3Credentials? {
        let context = S3CredentialsContext(http: HTTPClient.shared, logger: silent)
        return try await provider.retrieve(in: context)
    }

    private static let metadata =
        #"{"Code":"Success","AccessKeyId":"ID","SecretAccessKey":"SECRET","Token":"TOKEN","Expiration":"2030-01-02T03:04:05Z"}"#
    private static let expected = S3Credentials(
        accessKeyID: "ID",
        secretAccessKey: S3Secret("SECRET"),
        sessionToken: S3Secret("TOKEN"),
        expiration: Date(timeIntervalSince1970: 1_893_553_445)
    )

    @Test("takes both keys of the environment, or neither")
    func environment() async throws {
        let both = ["AWS_ACCESS_KEY_ID": "ID", "AWS_SECRET_ACCESS_KEY": "SECRET", "AWS_SESSION_TOKEN": "TOKEN"]
        let found = try await retrieve(EnvironmentCredentials(environment: both))
        #expect(found?.accessKeyID == "ID")
        #expect(found?.secretAccessKey.exposed == "SECRET")
        #expect(found?.sessionToken?.exposed == "TOKEN")
        #expect(try await retrieve(EnvironmentCredentials(environment: ["AWS_ACCESS_KEY_ID": ""])) == nil)
        for key in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            let error = try await s3Error { _ = try await retrieve(EnvironmentCredentials(environment: [key: "x"])) }
            #expect(error?.code == .invalidConfiguration)
        }
    }

    @Test("reads profiles as AWS's tools write them")
    func profiles() async throws {
        try await TemporaryDirectory.with { folder in
            let credentials = """
                # comment
                [default]
                aws_access_key_id = DEFAULT
                aws_secret_access_key=SEC/RET+#1 # comment
                [other]
                aws_access_key_id=OTHER
                aws_secret_access_key=S
                aws_session_token=T
                [half]
                aws_access_key_id=H
                """
            let configuration = """
                [default]
                region = eu-central-1
                s3 =
                  max_concurrent_requests = 20
                [profile other]
                region=us-west-2
                [profile sso]
                sso_session = mine
                """
            try Data(credentials.utf8).write(to: URL(filePath: folder.path("credentials")))
            try Data(configuration.utf8).write(to: URL(filePath: folder.path("config")))
            let environment = [
                "AWS_SHARED_CREDENTIALS_FILE": folder.path("credentials"), "AWS_CONFIG_FILE": folder.path("config"),
            ]
            let standard = ProfileCredentials(environment: environment)
            #expect(try await retrieve(standard)?.accessKeyID == "DEFAULT")
            #expect(try await retrieve(standard)?.secretAccessKey.exposed == "SEC/RET+#1")
            #expect(try standard.region() == "eu-central-1")
            let other = ProfileCredentials(environment: environment.merging(["AWS_PROFILE": "other"]) { $1 })
            #expect(try await retrieve(other)?.sessionToken?.exposed == "T")
            #expect(try other.region() == "us-west-2")
            for name in ["half", "sso", "none"] {
                let error = try await s3Error {
                    _ = try await retrieve(ProfileCredentials(profile: name, environment: environment))
                }
                #expect(error?.code == .invalidConfiguration, "\(name)")
                #expect(error?.message.contains("'\(name)'") == true)
            }
            #expect(try await retrieve(ProfileCredentials(environment: ["HOME": folder.path("nowhere")])) == nil)
        }
    }

    @Test("assumes a role with the token of a file")
    func webIdentity() async throws {
        try await TemporaryDirectory.with { folder in
            try Data("a.b.c\n".utf8).write(to: URL(filePath: folder.path("token")))
            try await LoopbackServer.run { exchange in
                try await exchange.receive()
                let answer = """
                    <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
                      <AssumeRoleWithWebIdentityResult>
                        <Credentials><AccessKeyId>ID</AccessKeyId><SecretAccessKey>SECRET</SecretAccessKey>
                        <SessionToken>TOKEN</SessionToken><Expiration>2030-01-02T03:04:05Z</Expiration></Credentials>
                      </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
                    """
                let refusal =
                    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
                try await exchange.respond(exchange.index == 0 ? 200 : 403, exchange.index == 0 ? answer : refusal)
            } _: { (server: LoopbackServer) async throws -> Void in
                let provider = WebIdentityCredentials(environment: [
                    "AWS_WEB_IDENTITY_TOKEN_FILE": folder.path("token"), "AWS_ROLE_ARN": "arn:aws:iam::1:role/r",
                    "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:\(server.port)/",
                ])
                #expect(try await retrieve(provider) == Self.expected)
                let body = server.requests.first?.bodyText ?? ""
                #expect(body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&"))
                #expect(body.hasSuffix("WebIdentityToken=a.b.c"))
                let error = try await s3Error { _ = try await retrieve(provider) }
                #expect(error?.code == .accessDenied)
                #expect(error?.message.contains("a.b.c") == false)
            }
        }
    }

    @Test("asks a container's service with its token, and sends that nowhere else")
    func container() async throws {
        try await LoopbackServer.run { exchange in
            try await exchange.respond(200, Self.metadata)
        } _: { (server: LoopbackServer) async throws -> Void in
            let provider = ContainerCredentials(environment: [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:\(server.port)/role",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer t",
            ])
            #expect(try await retrieve(provider) == Self.expected)
            #expect(server.requests.first?.headers.first(name: "Authorization") == "Bearer t")
            let far = ContainerCredentials(environment: [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/role"
            ])
            #expect(try await s3Error { _ = try await retrieve(far) }?.code == .invalidConfiguration)
            #expect(try await retrieve(ContainerCredentials(environment: [:])) == nil)
        }
    }

    @Test("asks an instance's service in three steps, with a token")
    func instance() async throws {
        try await LoopbackServer.run { exchange in
            switch (exchange.head.method, exchange.head.uri) {
            case (.PUT, "/latest/api/token"): try await exchange.respond(200, "tok")
            case (.GET, "/latest/meta-data/iam/security-credentials/"): try await exchange.respond(200, "my-role\n")
            case (.GET, "/latest/meta-data/iam/security-credentials/my-role"):
                try await exchange.respond(200, Self.metadata)
            default: try await exchange.respond(404)
            }
        } _: { (server: LoopbackServer) async throws -> Void in
            let base = "http://127.0.0.1:\(server.port)"
            let provider = InstanceCredentials(environment: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": base])
            #expect(try await retrieve(provider) == Self.expected)
            #expect(server.requests.count == 3)
            #expect(
                server.requests.dropFirst().allSatisfy { $0.headers.first(name: "X-aws-ec2-metadata-token") == "tok" }
            )
            let disabled = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": base, "AWS_EC2_METADATA_DISABLED": "true"]
            #expect(try await retrieve(InstanceCredentials(environment: disabled)) == nil)
            #expect(server.requests.count == 3)
        }
    }

    @Test("takes the first provider of a chain that has something")
    func chain() async throws {
        let chain = CredentialsChain([
            EnvironmentCredentials(environment: [:]), StaticCredentials(Self.expected),
            EnvironmentCredentials(environment: ["AWS_ACCESS_KEY_ID": "broken"]),
        ])
        #expect(try await retrieve(chain) == Self.expected)
    }

    @Test("asks once for all who wait, again shortly before the end, and keeps what still works when that fails")
    func cache() async throws {
        let clock = Clockwork(now: Date(timeIntervalSince1970: 1_000_000))
        let provider = ExpiringCredentials(clock: clock)
        let context = S3CredentialsContext(http: HTTPClient.shared, now: { clock.now }, logger: silent)
        let cache = CredentialsCache(provider, context: context)
        let keys = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<20 { group.addTask { try await cache.current()?.accessKeyID } }
            return try await group.reduce(into: [String?]()) { $0.append($1) }
        }
        #expect(keys == Array(repeating: "KEY1", count: 20))
        clock.advance(by: 3600 - 301)
        #expect(try await cache.current()?.accessKeyID == "KEY1")
        clock.advance(by: 2)
        #expect(try await cache.current()?.accessKeyID == "KEY2")
        provider.fails.withLock { $0 = true }
        clock.advance(by: 3600 - 100)
        #expect(try await cache.current()?.accessKeyID == "KEY2")
        clock.advance(by: 90)
        #expect(try await s3Error { _ = try await cache.current() }?.code == .serviceUnavailable)
    }

    @Test("keeps what it has while a provider that had some finds none")
    func foundNothing() async throws {
        let clock = Clockwork(now: Date(timeIntervalSince1970: 1_800_000_000))
        let provider = ExpiringCredentials(clock: clock)
        let context = S3CredentialsContext(http: HTTPClient.shared, now: { clock.now }, logger: silent)
        let cache = CredentialsCache(provider, context: context)
        #expect(try await cache.current()?.accessKeyID == "KEY1")
        provider.findsNothing.withLock { $0 = true }
        clock.advance(by: 3600 - 100)
        #expect(try await cache.current()?.accessKeyID == "KEY1")
        clock.advance(by: 90)
        #expect(try await s3Error { _ = try await cache.current() }?.code == .noCredentials)
        provider.findsNothing.withLock { $0 = false }
        #expect(try await cache.current()?.accessKeyID == "KEY2")
    }

    @Test("takes a busy metadata service for one that is there", arguments: [429, 500, 503])
    func busyInstance(status: Int) async throws {
        try await LoopbackServer.run { exchange in
            try await exchange.receive()
            try await exchange.respond(status)
        } _: { (server: LoopbackServer) async throws -> Void in
            let provider = InstanceCredentials(environment: [
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:\(server.port)"
            ])
            let context = S3CredentialsContext(http: HTTPClient.shared, logger: silent)
            let error = try await s3Error { _ = try await provider.retrieve(in: context) }
            #expect(error?.code == .serviceUnavailable && error?.status == status)
        }
    }

    @Test("says that there are none, and where it looked")
    func none() async throws {
        let context = S3CredentialsContext(http: HTTPClient.shared, logger: silent)
        let cache = CredentialsCache(EnvironmentCredentials(environment: [:]), context: context)
        let error = try await s3Error { _ = try await cache.current() }
        #expect(error?.code == .noCredentials)
        #expect(error?.message.contains("the environment") == true)
    }
}

/// A time that tests move.
private final class Clockwork: Sendable {
    private let time: Mutex<Date>
    init(now: Date) { time = Mutex(now) }
    var now: Date { time.withLock(\.self) }
    func advance(by seconds: Double) { time.withLock { $0 += seconds } }
}

/// Gives out keys that live an hour.
private final class ExpiringCredentials: S3CredentialsProvider {
    let clock: Clockwork
    let fails = Mutex(false)
    let findsNothing = Mutex(false)
    private let counter = Mutex(0)
    var name: String { "a counter" }

    init(clock: Clockwork) { self.clock = clock }

    func retrieve(in context: S3CredentialsContext) async throws -> S3Credentials? {
        for _ in 0..<10 { await Task.yield() }
        if fails.withLock(\.self) { throw S3Error(.serviceUnavailable, "not now") }
        if findsNothing.withLock(\.self) { return nil }
        let number = counter.withLock { counter in
            counter += 1
            return counter
        }
        return S3Credentials(
            accessKeyID: "KEY\(number)",
            secretAccessKey: S3Secret("s"),
            expiration: clock.now + 3600
        )
    }
}
