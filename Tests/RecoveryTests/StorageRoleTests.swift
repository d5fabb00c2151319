import Foundation
import Testing

@testable import Recovery

@Suite("The policies of a bucket")
struct StorageRoleTests {
    /// What a policy allows, as `action resource [condition keys]`.
    private func allowed(_ role: StorageRole, prefix: String = "a/b") throws -> Set<String> {
        let text = role.policy(bucket: "bucket", prefix: prefix)
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
