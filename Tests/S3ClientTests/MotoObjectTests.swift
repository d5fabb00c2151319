import Foundation
import NIOCore
import TestSupport
import Testing

@testable import S3Client

@Suite(
    "S3 client, objects at moto",
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")"),
    .timeLimit(.minutes(3))
)
struct MotoObjectTests {
    static let keys = [
        "plain", "a/b/c.txt", "with blank", "ümläut/ሴ", "a//b", "a/./b", "a/../b", "tab\tand", "100%41",
        "+&=?#;:@,$!'()*",
        "trailing/", ".", "<xml>&amp;\"'", "~-_.",
    ]

    @Test("stores, finds, lists and deletes an object under any key", arguments: keys)
    func roundTrip(key: String) async throws {
        try await withMotoBucket { bucket in
            let body = ByteBuffer(string: "content of \(key)")
            let put = try await bucket.put(body, at: key)
            let head = try #require(try await bucket.head(key))
            #expect(head.byteCount == Int64(body.readableBytes))
            #expect(head.entityTag == put.entityTag)
            #expect(head.entityTag == Digest.md5(of: body).hex)
            #expect(try await bucket.read(key) == body)
            let listed = try await bucket.listPage(prefix: key)
            #expect(listed.objects.map(\.key) == [key])
            #expect(listed.objects.first?.byteCount == Int64(body.readableBytes))
            try await bucket.delete(key)
            #expect(try await bucket.head(key) == nil)
        }
    }

    @Test("reads exactly the range that was asked for")
    func ranges() async throws {
        try await withMotoBucket { bucket in
            let body = ByteBuffer(bytes: (0..<1000).map { UInt8(truncatingIfNeeded: $0) })
            try await bucket.put(body, at: "k")
            for range: Range<Int64> in [0..<1, 0..<1000, 999..<1000, 10..<20] {
                let part = try await bucket.read("k", range: range)
                #expect(part == body.getSlice(at: Int(range.lowerBound), length: range.count))
            }
            #expect(try await s3Error { _ = try await bucket.read("k", range: 0..<1001) }?.code == .invalidRange)
            #expect(try await s3Error { _ = try await bucket.read("k", range: 1000..<1001) }?.code == .invalidRange)
            #expect(try await s3Error { _ = try await bucket.read("k", range: 5..<5) }?.code == .invalidArgument)
        }
    }

    @Test("refuses to replace an object when told to")
    func conditional() async throws {
        try await withMotoBucket { bucket in
            let options = S3PutOptions(refusesExisting: true)
            try await bucket.put(ByteBuffer(string: "first"), at: "k", options: options)
            let error = try await s3Error {
                try await bucket.put(ByteBuffer(string: "second"), at: "k", options: options)
            }
            #expect(error?.code == .preconditionFailed)
            #expect(error?.status == 412)
            #expect(try await bucket.read("k") == ByteBuffer(string: "first"))
        }
    }

    @Test("says of every missing thing what is missing")
    func missing() async throws {
        try await withMotoBucket { bucket in
            let read = try await s3Error { _ = try await bucket.read("none") }
            #expect(read?.code == .noSuchKey)
            #expect(read?.serverCode == "NoSuchKey")
            #expect(read?.message.contains("'none' in bucket '\(bucket.name)'") == true)
            let other = bucket.client.bucket("no-such-bucket-\(UUID().uuidString.lowercased())")
            #expect(try await s3Error { _ = try await other.listPage() }?.code == .noSuchBucket)
            #expect(try await other.exists() == false)
            #expect(try await bucket.exists())
            try await bucket.delete("none")
        }
    }

    @Test("lists more than a page, with a delimiter, and from a key on")
    func listing() async throws {
        try await withMotoBucket { bucket in
            let keys = (0..<25).map { "d\($0 % 3)/object \($0)" }.sorted()
            for key in keys { try await bucket.put(ByteBuffer(), at: key) }
            var pages: [[String]] = []
            for try await page in bucket.list(pageLength: 10) { pages.append(page.objects.map(\.key)) }
            #expect(pages.map(\.count) == [10, 10, 5])
            #expect(pages.flatMap { $0 } == keys)
            let top = try await bucket.listPage(delimiter: "/")
            #expect(top.commonPrefixes == ["d0/", "d1/", "d2/"])
            #expect(top.objects.isEmpty)
            let rest = try await bucket.listPage(startAfter: keys[20])
            #expect(rest.objects.map(\.key) == Array(keys[21...]))
            let none = try await bucket.listPage(prefix: "nothing")
            #expect(none == S3ObjectPage(objects: [], commonPrefixes: [], continuation: nil))
        }
    }

    @Test("deletes many objects, and reports those that stay")
    func batch() async throws {
        try await withMotoBucket(objectLock: true) { bucket in
            for number in 0..<5 { try await bucket.put(ByteBuffer(), at: "k \(number)&<") }
            let locked = try await bucket.put(
                ByteBuffer(),
                at: "locked",
                options: S3PutOptions(retention: S3Retention(mode: .compliance, until: Date() + 86400))
            )
            let version = try #require(locked.versionID)
            var objects = (0..<5).map { S3ObjectIdentifier("k \($0)&<") }
            objects.append(S3ObjectIdentifier("locked", versionID: version))
            let result = try await bucket.delete(objects)
            #expect(result.deleted == Array(objects.dropLast()))
            #expect(result.failures.map(\.object) == [objects[5]])
            #expect(result.failures.first?.error.code == .accessDenied)
            #expect(try await bucket.listPage().objects.map(\.key) == ["locked"])
        }
    }

    @Test(
        "stores a source in one request, signed in chunks",
        arguments: [[], [1], [65536], [70_000, 0, 70_000], [1, 65536, 1]]
    )
    func streamed(sizes: [Int]) async throws {
        try await withMotoBucket { bucket in
            let parts = Parts(sizes: sizes)
            let total = sizes.reduce(0, +)
            try await bucket.put(parts, byteCount: Int64(total), at: "k")
            #expect(try await bucket.read("k") == parts.bytes)
            for wrong in [total - 1, total + 1] where wrong >= 0 {
                let error = try await s3Error { try await bucket.put(parts, byteCount: Int64(wrong), at: "wrong") }
                #expect(error?.code == .sourceLengthMismatch)
            }
            await #expect(throws: Parts.Broken.self) {
                try await bucket.put(Parts(sizes: [70_000, 70_000], failsAfter: 1), byteCount: 140_000, at: "wrong")
            }
            #expect(try await bucket.head("wrong") == nil)
        }
    }

    @Test("copies an object on the server")
    func copies() async throws {
        try await withMotoBucket { bucket in
            try await bucket.put(ByteBuffer(string: "x"), at: "from here")
            try await bucket.copy("from here", to: "to there")
            #expect(try await bucket.read("to there") == ByteBuffer(string: "x"))
            #expect(try await s3Error { try await bucket.copy("none", to: "to there") }?.code == .noSuchKey)
        }
    }

    @Test("keeps the storage class and the encryption that were asked for")
    func attributes() async throws {
        try await withMotoBucket { bucket in
            let options = S3PutOptions(storageClass: "STANDARD_IA", encryption: .s3)
            try await bucket.put(ByteBuffer(string: "x"), at: "k", options: options)
            let head = try #require(try await bucket.head("k"))
            #expect(head.storageClass == "STANDARD_IA")
            #expect(head.serverSideEncryption == "AES256")
        }
    }

    @Test("sends every kind of checksum", arguments: S3Checksum.allCases)
    func checksums(checksum: S3Checksum) async throws {
        try await withMotoBucket(options: S3ClientOptions(checksum: checksum)) { bucket in
            let body = ByteBuffer(string: "body")
            let put = try await bucket.put(body, at: "k")
            #expect(put.checksumSHA256 == nil || put.checksumSHA256 == Digest.sha256(of: body).base64)
            #expect(try await bucket.read("k") == body)
        }
    }

    @Test("makes and removes buckets, and finds their region")
    func buckets() async throws {
        try await withMotoBucket { bucket in
            let other = bucket.client.bucket("b-\(UUID().uuidString.lowercased())")
            try await other.create()
            #expect(try await other.region() == "us-east-1")
            try await other.remove()
            #expect(try await other.exists() == false)
        }
    }

    @Test("presigns URLs that work without credentials")
    func presigned() async throws {
        try await withMotoBucket { bucket in
            try await bucket.put(ByteBuffer(string: "x"), at: "a key")
            let url = try await bucket.presignedURL("GET", "a key", lifetime: .seconds(60))
            #expect(url.contains("/a%20key?X-Amz-Algorithm=AWS4-HMAC-SHA256&"))
            let port = try #require(bucket.client.endpoint.port)
            let path = String(url.dropFirst(bucket.client.endpoint.url.count))
            let answer = try await LoopbackHTTP.send("GET", path, port: port)
            #expect(answer.status == 200)
            #expect(answer.text == "x")
            #expect(
                try await s3Error { _ = try await bucket.presignedURL("GET", "k", lifetime: .zero) }?.code
                    == .invalidArgument
            )
        }
    }
}
