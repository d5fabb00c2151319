import NIOCore
import S3Client
import TestSupport
import Testing

@testable import S3Storage

/// Uploads in parts, which a repository does not use, and others may.
@Suite(
    "Uploads in parts under faults",
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")"),
    .timeLimit(.minutes(3))
)
struct MultipartFaultTests {
    /// Two whole parts and a short one.
    private static let body: ByteBuffer = {
        var generator = SeededGenerator(seed: 3)
        return ByteBuffer(bytes: generator.bytes(10 * 1024 * 1024 + 17))
    }()

    private func upload(to path: FaultyPath) async throws {
        let source = AsyncStream { continuation in
            continuation.yield(Self.body)
            continuation.finish()
        }
        try await path.bucket.upload(source, at: "k", multipart: S3MultipartOptions(partByteCount: 5 << 20))
    }

    private static let faults = ProxyFault.transient + [.wrongETag, .expiredCredentials]

    @Test("a part that meets a fault is sent again", arguments: faults)
    func parts(fault: ProxyFault) async throws {
        try await FaultyPath.with(.moto) { path in
            path.proxy.order(fault, on: ["PUT"], target: "partNumber=2")
            do {
                try await upload(to: path)
                #expect(try await path.directBucket.read("k") == Self.body)
            } catch let error as S3Error {
                // A part under another tag than the server's cannot be made part of the object; and a connection that ends behind the
                // answer may be the one on which the order to complete was just sent, which is not repeated.
                #expect([.wrongETag, .wrongLength(by: -7), .duplicateResponse].contains(fault), "\(error)")
                #expect(try await path.directBucket.head("k") == nil)
            }
            #expect(try await path.directBucket.listMultipartUploads().isEmpty)
        }
    }

    @Test("an upload that cannot be completed leaves no parts behind, even if the first order to abort is lost too")
    func aborts() async throws {
        try await FaultyPath.with(.moto) { (path: FaultyPath) async throws -> Void in
            path.proxy.order(.answer(.init(403, "AccessDenied")), on: ["PUT"], target: "partNumber=2")
            path.proxy.order(.cut(.inRequestHead), on: ["DELETE"])
            await #expect(throws: S3Error.self) { try await upload(to: path) }
            let deletions = path.proxy.exchanges.filter { $0.method == "DELETE" }
            #expect(deletions.count == 2)
            #expect(try await path.directBucket.listMultipartUploads().isEmpty)
            #expect(try await path.directBucket.head("k") == nil)
        }
    }

    @Test("a fault at the beginning or the end is an error or the whole object, and leaves nothing", arguments: faults)
    func ends(fault: ProxyFault) async throws {
        try await FaultyPath.with(.moto) { path in
            // The order to complete is the second POST.
            path.proxy.order(fault, on: ["POST"], occurrences: 2...2)
            do {
                try await upload(to: path)
                #expect(try await path.directBucket.read("k") == Self.body)
            } catch is S3Error {
                let stored = try await path.directBucket.head("k")
                #expect(stored == nil || stored?.byteCount == Int64(Self.body.readableBytes))
            }
            #expect(try await path.directBucket.listMultipartUploads().isEmpty)
        }
    }
}
