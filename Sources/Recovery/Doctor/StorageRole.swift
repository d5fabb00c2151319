internal import Foundation

/// Who uses a repository in a bucket, and the least that it has to be allowed.
///
/// Facts: "Actions, resources, and condition keys for Amazon S3" (Service Authorization Reference), and "Enforce conditional writes on
/// Amazon S3 buckets" (Amazon S3 User Guide) for `s3:if-none-match` and `s3:ObjectCreationOperation`.
public enum StorageRole: String, Sendable, Hashable, CaseIterable, Encodable {
    /// Makes backups: adds objects, replaces and removes none but its locks.
    case writer
    /// Forgets and prunes, repairs, changes keys: all that a repository needs.
    case pruner
    /// Reads: restores, verifies, lists. Restores go on without a lock where none can be taken.
    case restorer

    /// What it is for.
    public var purpose: String {
        switch self {
        case .writer: "makes backups; cannot replace or remove what is stored, but for its locks"
        case .pruner:
            "forgets, prunes, repairs and changes keys; belongs on another machine than the one that is backed up"
        case .restorer: "restores and verifies; changes nothing"
        }
    }

    /// The rights that it has by its policy; the others are refused to it. `retain`, `versions` and `erase` are those of a bucket with
    /// object lock.
    public var rights: Set<String> {
        switch self {
        case .writer: ["put", "get", "list", "retain"]
        case .pruner: ["put", "get", "list", "overwrite", "delete", "retain", "versions", "erase"]
        case .restorer: ["get", "list"]
        }
    }

    /// The policy document, for a user or role of IAM and for what imitates it.
    ///
    /// - Parameters:
    ///   - prefix: of the repository's objects in the bucket, without slashes around it; empty for the whole bucket.
    ///   - lockDays: for how many days what is written is retained; `nil` without object lock.
    public func policy(bucket: String, prefix: String, lockDays: Int? = nil) -> String {
        let place = prefix.isEmpty ? "" : "\(prefix)/"
        let objects = "arn:aws:s3:::\(bucket)/\(place)*"
        var statements: [[String: Any]] = [
            [
                "Sid": "ListTheRepository", "Effect": "Allow", "Action": ["s3:ListBucket"],
                "Resource": "arn:aws:s3:::\(bucket)",
            ].merging(
                prefix.isEmpty ? [:] : ["Condition": ["StringLike": ["s3:prefix": ["\(prefix)/*", prefix]]]]
            ) { $1 },
            ["Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": objects],
        ]
        switch self {
        case .restorer: break
        case .writer:
            statements += [
                [
                    "Sid": "AddAndNeverReplace", "Effect": "Allow", "Action": ["s3:PutObject"], "Resource": objects,
                    "Condition": ["Null": ["s3:if-none-match": "false"]],
                ],
                [
                    "Sid": "PartsOfLargeObjects", "Effect": "Allow", "Action": ["s3:PutObject"], "Resource": objects,
                    "Condition": ["Bool": ["s3:ObjectCreationOperation": "false"]],
                ],
                [
                    "Sid": "ItsLocks", "Effect": "Allow", "Action": ["s3:PutObject", "s3:DeleteObject"],
                    "Resource": "arn:aws:s3:::\(bucket)/\(place)locks/*",
                ],
                [
                    "Sid": "GiveUpUploads", "Effect": "Allow",
                    "Action": ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], "Resource": objects,
                ],
            ]
            if let lockDays {
                // A retention can only be extended without the right to bypass it. Not for ever, though: a day more than we ask for,
                // since clocks differ.
                statements += [
                    [
                        "Sid": "RetainAndExtend", "Effect": "Allow", "Action": ["s3:PutObjectRetention"],
                        "Resource": objects,
                        "Condition": [
                            "NumericLessThanEquals": ["s3:object-lock-remaining-retention-days": "\(lockDays + 1)"]
                        ],
                    ],
                    [
                        "Sid": "SeeRetention", "Effect": "Allow", "Action": ["s3:GetObjectRetention"],
                        "Resource": objects,
                    ],
                ]
            }
        case .pruner:
            statements += [
                [
                    "Sid": "WriteAndRemove", "Effect": "Allow",
                    "Action": [
                        "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
                        "s3:GetObjectRetention", "s3:PutObjectRetention", "s3:GetObjectVersion",
                        "s3:DeleteObjectVersion",
                    ],
                    "Resource": objects,
                ],
                [
                    "Sid": "FindOrphans", "Effect": "Allow",
                    "Action": [
                        "s3:ListBucketMultipartUploads", "s3:GetBucketObjectLockConfiguration", "s3:ListBucketVersions",
                        "s3:GetBucketVersioning",
                    ],
                    "Resource": "arn:aws:s3:::\(bucket)",
                ],
            ]
        }
        let document: [String: Any] = ["Version": "2012-10-17", "Statement": statements]
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let data = (try? JSONSerialization.data(withJSONObject: document, options: options)) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }
}
