import Foundation
import NIOCore
import TestSupport
import Testing

@testable import S3Client

@Suite(
    "S3 client, multipart at moto",
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")"),
    .timeLimit(.minutes(3))
)
struct MotoMultipartTests {
    private static let mebibyte = 1024 * 1024
    private let multipart = S3MultipartOptions(partByteCount: 5 * mebibyte, concurrency: 3)

    @Test(
        "stores what was read, in one request or in parts",
        arguments: [[], [10], [5 * mebibyte], [5 * mebibyte, 1], [3 * mebibyte, 9 * mebibyte, 5, 4 * mebibyte]]
    )
    func uploads(sizes: [Int]) async throws {
        try await withMotoBucket { bucket in
            let parts = Parts(sizes: sizes)
            let total = sizes.reduce(0, +)
            let result = try await bucket.upload(parts, at: "k", multipart: multipart)
            #expect(result.entityTag?.contains("-") == (total > 5 * Self.mebibyte))
            #expect(try await bucket.read("k") == parts.bytes)
            #expect(try await bucket.listMultipartUploads().isEmpty)
        }
    }

    @Test("leaves no parts behind when the source fails, is too short, or the task is cancelled")
    func aborts() async throws {
        try await withMotoBucket { bucket in
            let sizes = Array(repeating: 5 * Self.mebibyte, count: 4)
            await #expect(throws: Parts.Broken.self) {
                try await bucket.upload(Parts(sizes: sizes, failsAfter: 3), at: "k", multipart: multipart)
            }
            let error = try await s3Error {
                try await bucket.upload(Parts(sizes: sizes), byteCount: 1, at: "k", multipart: multipart)
            }
            #expect(error?.code == .sourceLengthMismatch)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [multipart] in
                    await #expect(throws: CancellationError.self) {
                        try await bucket.upload(
                            CancellingParts(base: Parts(sizes: sizes)),
                            at: "k",
                            multipart: multipart
                        )
                    }
                }
            }
            #expect(try await bucket.head("k") == nil)
            #expect(try await bucket.listMultipartUploads().isEmpty)
        }
    }

    @Test("finds and aborts uploads that nobody completed")
    func orphans() async throws {
        try await withMotoBucket { bucket in
            for key in ["a/1 x", "a/2", "b/1"] { _ = try await bucket.beginMultipart(key, options: S3PutOptions()) }
            #expect(try await bucket.listMultipartUploads().map(\.key).sorted() == ["a/1 x", "a/2", "b/1"])
            let ours = try await bucket.listMultipartUploads(prefix: "a/")
            #expect(ours.count == 2)
            for upload in ours { try await bucket.abort(upload) }
            #expect(try await bucket.listMultipartUploads().map(\.key) == ["b/1"])
            try await bucket.abort(ours[0])
        }
    }

    @Test("cuts long objects into no more parts than there may be")
    func partLength() {
        let options = S3MultipartOptions(partByteCount: 1)
        #expect(options.partByteCount == S3MultipartOptions.leastPartByteCount)
        #expect(options.partByteCount(for: 5_000_000_000_000) == 500_000_000)
        #expect(options.partByteCount(for: 10) == S3MultipartOptions.leastPartByteCount)
    }
}

/// Cancels the task that reads it, in the middle.
private struct CancellingParts: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let base: Parts

    func makeAsyncIterator() -> Iterator { Iterator(base: base.makeAsyncIterator()) }

    struct Iterator: AsyncIteratorProtocol {
        var base: Parts.Iterator

        mutating func next() async throws -> ByteBuffer? {
            if base.index == 3 {
                withUnsafeCurrentTask { $0?.cancel() }
                try Task.checkCancellation()
            }
            return try await base.next()
        }
    }
}
