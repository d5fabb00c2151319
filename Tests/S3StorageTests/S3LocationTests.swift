import ObjectStorage
import Testing

@testable import S3Storage

@Suite("Location of an S3 repository")
struct S3LocationTests {
    @Test(
        "reads what restic reads",
        arguments: [
            ("s3:https://s3.example.com/bucket/a/b", "https://s3.example.com", "bucket", "a/b"),
            ("s3:http://127.0.0.1:9000/bucket", "http://127.0.0.1:9000", "bucket", ""),
            ("s3:http://127.0.0.1:9000/bucket/", "http://127.0.0.1:9000", "bucket", ""),
            ("s3:s3.amazonaws.com/bucket/prefix/", "https://s3.amazonaws.com", "bucket", "prefix"),
            ("s3://s3.amazonaws.com/bucket/prefix", "https://s3.amazonaws.com", "bucket", "prefix"),
            ("s3:https://h/bucket/a//./b/", "https://h", "bucket", "a/b"),
            ("s3:https://[::1]:9000/bucket", "https://[::1]:9000", "bucket", ""),
        ]
    )
    func reads(text: String, endpoint: String, bucket: String, prefix: String) throws {
        let location = try S3Location(text)
        #expect(location.endpoint == endpoint)
        #expect(location.bucket == bucket)
        #expect(location.prefix == prefix)
        #expect(try S3Location(location.description) == location)
    }

    @Test(
        "refuses what names no bucket of a service",
        arguments: [
            "s3:", "s3:/", "s3://", "s3:https://", "s3:https://host", "s3:https://host/", "s3://bucket", "s3:host/ab",
            "s3:host/bucket with blank/x", "s3:https://user:secret@host/bucket", "s3:host/bucket/../other",
            "s3:ho st/bucket",
            "/local/path",
        ]
    )
    func refuses(text: String) {
        #expect { try S3Location(text) } throws: { error in
            guard let error = error as? ObjectStoreError else { return false }
            return error.code == .locationInvalid && !error.message.contains("secret")
        }
    }
}
