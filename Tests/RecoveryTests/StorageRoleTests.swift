import Foundation
import Testing

@testable import Recovery

@Suite("The policies of a bucket")
struct StorageRoleTests {
    /// What a policy allows, as `action resource [condition keys]`.
    private func allowed(_ role: StorageRole, prefix: String = "a/b", lockDays: Int? = nil) throws -> Set<String> {
        let text = role.policy(bucket: "bucket", prefix: prefix, lockDays: lockDays)
        let document = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(document["Version"] as? String == "2012-10-17")
        var all: Set<String> = []
        for statement in try #require(document["Statement"] as? [[String: Any]]) {
            #expect(statement["Effect"] as? String == "Allow")
            let conditions = (statement["Condition"] as? [String: [String: Any]] ?? [:]).values.flatMap(\.keys).sorted()
            for action in try #require(statement["Action"] as? [String]) {
                let resource = try #require(statement["Resource"] as? String)
                all.insert(
                    "\(action) \(resource.replacing("arn:aws:s3:::", with: "")) \(conditions.joined(separator: ","))"
                )
            }
        }
        return all
    }

    @Test("let a writer add, and replace or remove nothing but its locks")
    func writer() throws {
        let rights = try allowed(.writer)
        #expect(rights.filter { $0.hasPrefix("s3:DeleteObject ") } == Set(["s3:DeleteObject bucket/a/b/locks/* "]))
        #expect(
            rights.filter { $0.hasPrefix("s3:PutObject ") }
                == Set([
                    "s3:PutObject bucket/a/b/* s3:if-none-match",
                    "s3:PutObject bucket/a/b/* s3:ObjectCreationOperation", "s3:PutObject bucket/a/b/locks/* ",
                ])
        )
    }

    @Test("let a writer extend retentions where there is object lock, not for ever, and bypass none")
    func locks() throws {
        #expect(try !allowed(.writer).contains { $0.contains("Retention") })
        let rights = try allowed(.writer, lockDays: 30)
        #expect(
            rights.filter { $0.contains("Retention") }
                == Set([
                    "s3:PutObjectRetention bucket/a/b/* s3:object-lock-remaining-retention-days",
                    "s3:GetObjectRetention bucket/a/b/* ",
                ])
        )
        #expect(StorageRole.writer.policy(bucket: "b", prefix: "p", lockDays: 30).contains("\"31\""))
        for role in StorageRole.allCases {
            #expect(try !allowed(role, lockDays: 30).contains { $0.contains("Bypass") }, "\(role)")
        }
    }

    @Test("let nobody but the pruner see and remove older versions")
    func versions() throws {
        for role in StorageRole.allCases {
            let rights = try allowed(role, lockDays: 30)
            #expect(rights.contains("s3:DeleteObjectVersion bucket/a/b/* ") == (role == .pruner))
            #expect(rights.contains("s3:ListBucketVersions bucket ") == (role == .pruner))
        }
    }

    @Test("let a restorer read and list, and nothing else")
    func restorer() throws {
        #expect(try allowed(.restorer) == Set(["s3:ListBucket bucket s3:prefix", "s3:GetObject bucket/a/b/* "]))
        #expect(try allowed(.restorer, prefix: "") == Set(["s3:ListBucket bucket ", "s3:GetObject bucket/* "]))
    }

    @Test("let nobody out of the prefix", arguments: StorageRole.allCases)
    func prefix(role: StorageRole) throws {
        for right in try allowed(role) {
            let resource = right.split(separator: " ")[1]
            #expect(resource == "bucket" || resource.hasPrefix("bucket/a/b/"), "\(right)")
        }
    }
}
