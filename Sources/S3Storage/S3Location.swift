internal import Foundation
public import ObjectStorage
internal import S3Client

/// Where a repository is in an S3 service, written as restic writes it.
///
/// - `s3:https://host[:port]/bucket/prefix`, `s3:http://…`
/// - `s3:host[:port]/bucket/prefix` and `s3://host[:port]/bucket/prefix`, by https: the first component is the *service's host*,
///   `s3.amazonaws.com` for example, and not the bucket as in the URLs of other tools.
///
/// Source: restic 0.19, `internal/backend/s3/config.go`.
public struct S3Location: Sendable, Hashable, CustomStringConvertible {
    /// Scheme, host and port.
    public let endpoint: String
    /// The bucket.
    public let bucket: String
    /// What keys begin with, without slashes at its ends; may be empty.
    public let prefix: String

    /// Whether `text` is meant as such a location.
    public static func isMeant(by text: String) -> Bool { text.hasPrefix("s3:") }

    /// Reads a location.
    ///
    /// - Throws: `locationInvalid`; a password in the text is not repeated.
    public init(_ text: String) throws(ObjectStoreError) {
        guard Self.isMeant(by: text) else { throw Self.invalid("it does not begin with 's3:'") }
        var rest = text.dropFirst("s3:".count)
        var scheme = "https"
        if rest.hasPrefix("http://") || rest.hasPrefix("https://") {
            scheme = rest.hasPrefix("https") ? "https" : "http"
            rest = rest.dropFirst(scheme.count + "://".count)
        } else if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
        }
        let parts = rest.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard let host = parts.first, !host.isEmpty else { throw Self.invalid("it names no host") }
        guard !host.contains("@") else {
            throw Self.invalid("it holds a user or a password; keys are given separately")
        }
        guard parts.count > 1, !parts[1].isEmpty else {
            throw Self.invalid(
                "it names no bucket behind the host '\(host)'",
                hint: text.hasPrefix("s3://")
                    ? "The first part is the service's host, as in restic: s3:s3.amazonaws.com/BUCKET/PREFIX." : nil
            )
        }
        endpoint = "\(scheme)://\(host)"
        bucket = parts[1]
        prefix = try Self.cleaned(parts.count > 2 ? parts[2] : "")
        guard (try? S3Endpoint(url: endpoint)) != nil else { throw Self.invalid("'\(host)' is no host") }
        guard (3...63).contains(bucket.utf8.count), bucket.utf8.allSatisfy(Self.isAllowed) else {
            throw Self.invalid("'\(bucket)' is no bucket's name: 3 to 63 letters, digits, '-', '.' and '_'")
        }
    }

    /// `s3:https://host/bucket/prefix`.
    public var description: String { "s3:\(endpoint)/\(bucket)\(prefix.isEmpty ? "" : "/\(prefix)")" }

    /// Without empty components and those that mean nothing, as Go's `path.Clean` does it; one that leads out is refused.
    private static func cleaned(_ path: String) throws(ObjectStoreError) -> String {
        var components: [Substring] = []
        for component in path.split(separator: "/") where component != "." {
            guard component != ".." else { throw invalid("its prefix holds '..'") }
            components.append(component)
        }
        return components.joined(separator: "/")
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func invalid(_ why: String, hint: String? = nil) -> ObjectStoreError {
        ObjectStoreError(
            .locationInvalid,
            "the location of the S3 repository cannot be used: \(why)",
            hint: hint ?? "Write s3:https://HOST/BUCKET/PREFIX."
        )
    }
}
