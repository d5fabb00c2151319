import Foundation
import NIOCore
import TestSupport
import Testing

@testable import S3Client

@Suite(
    "S3 client, versions and locks at moto",
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")"),
    .timeLimit(.minutes(3))
)
struct MotoLockTests {
    private let soon = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 + 3600).rounded(.down))

    @Test("lists versions and markers, and deletes one version for good")
    func versions() async throws {
        try await withMotoBucket(versioned: true) { bucket in
            #expect(try await bucket.versioningStatus() == .enabled)
            let first = try await bucket.put(ByteBuffer(string: "1"), at: "k x")
            let second = try await bucket.put(ByteBuffer(string: "22"), at: "k x")
            let deletion = try await bucket.delete("k x")
            #expect(deletion.isMarker)
            #expect(try await bucket.head("k x") == nil)
            #expect(try await bucket.read("k x", version: first.versionID) == ByteBuffer(string: "1"))
            for pageLength in [nil, 1] as [Int?] {
                var all: [S3ObjectVersion] = []
                try await bucket.listVersions(pageLength: pageLength) { all += $0 }
                #expect(all.filter { !$0.isMarker }.map(\.byteCount).sorted() == [1, 2])
                #expect(all.filter(\.isMarker).map(\.versionID) == [deletion.versionID])
                #expect(Set(all.map(\.key)) == ["k x"])
            }
            try await bucket.delete("k x", version: deletion.versionID)
            #expect(try await bucket.read("k x") == ByteBuffer(string: "22"))
            try await bucket.delete("k x", version: second.versionID)
            #expect(try await bucket.read("k x") == ByteBuffer(string: "1"))
        }
    }

    @Test("begins and stops to keep versions")
    func versioning() async throws {
        try await withMotoBucket { bucket in
            #expect(try await bucket.versioningStatus() == .never)
            try await bucket.setVersioning(isEnabled: true)
            #expect(try await bucket.versioningStatus() == .enabled)
            try await bucket.setVersioning(isEnabled: false)
            #expect(try await bucket.versioningStatus() == .suspended)
            #expect(try await bucket.hasObjectLock() == false)
        }
    }

    @Test("retains what is put with a retention, and extends it", arguments: S3Retention.Mode.allCases)
    func retention(mode: S3Retention.Mode) async throws {
        try await withMotoBucket(objectLock: true) { bucket in
            #expect(try await bucket.hasObjectLock())
            let retention = S3Retention(mode: mode, until: soon)
            let put = try await bucket.put(
                ByteBuffer(string: "x"),
                at: "k",
                options: S3PutOptions(retention: retention)
            )
            #expect(try await bucket.head("k")?.retention == retention)
            let longer = S3Retention(mode: mode, until: soon + 3600)
            try await bucket.setRetention(longer, of: "k")
            #expect(try await bucket.head("k")?.retention == longer)
            let error = try await s3Error { try await bucket.delete("k", version: put.versionID) }
            #expect(error?.code == .accessDenied)
            if mode == .governance {
                try await bucket.delete("k", version: put.versionID, bypassesGovernance: true)
                #expect(try await bucket.head("k") == nil)
            }
        }
    }

    @Test("knows what is under no retention and no hold, and sets a hold")
    func holds() async throws {
        try await withMotoBucket(objectLock: true) { bucket in
            let put = try await bucket.put(ByteBuffer(string: "x"), at: "k")
            #expect(try await bucket.head("k")?.retention == nil)
            #expect(try await bucket.hasLegalHold(on: "k") == false)
            try await bucket.setLegalHold(true, on: "k")
            #expect(try await bucket.hasLegalHold(on: "k"))
            #expect(try await s3Error { try await bucket.delete("k", version: put.versionID) }?.code == .accessDenied)
            try await bucket.setLegalHold(false, on: "k")
            try await bucket.delete("k", version: put.versionID)
        }
    }
}
