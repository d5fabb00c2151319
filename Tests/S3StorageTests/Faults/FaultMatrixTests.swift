import Foundation
import NIOCore
import ObjectStorage
import S3Client
import TestSupport
import Testing

@testable import S3Storage

/// Every kind of fault, at every operation of the store, at two servers: once, and for ever.
@Suite(
    "An S3 store, each fault alone",
    .enabled(if: ObjectServers.reasonForAbsence == nil, "\(ObjectServers.reasonForAbsence ?? "")"),
    .timeLimit(.minutes(5))
)
struct FaultMatrixTests {
    /// What a store is asked to do.
    enum Operation: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case put, putNew, get, getRange, list, byteCount, delete

        var testDescription: String { rawValue }

        /// The request in which the operation's work is done.
        var method: String {
            switch self {
            case .put, .putNew: "PUT"
            case .get, .getRange, .list: "GET"
            case .byteCount: "HEAD"
            case .delete: "DELETE"
            }
        }

        /// Whether nothing in S3 tells a client that a bit of the answer is another: there TLS has to, or whoever knows the
        /// content, as a repository does.
        func hides(_ fault: ProxyFault) -> Bool { fault == .corruptBody && (self == .getRange || self == .list) }
    }

    /// A server whose clock is 20 minutes ahead of ours, and that says so.
    private static let skewed: ProxyFault = {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        let date = formatter.string(from: Date().addingTimeInterval(24 * 3600))
        return .answer(.init(403, "RequestTimeTooSkewed", headers: ["Date": date]))
    }()

    private static let faults =
        ProxyFault.transient + [.wrongETag, .delay(.milliseconds(20)), .expiredCredentials, skewed]

    /// The code of a fault that does not pass.
    private func code(_ fault: ProxyFault, _ operation: Operation) -> ObjectStoreError.Code {
        switch fault {
        case .slowDown, .answer(.init(429, "TooManyRequests", headers: ["Retry-After": "0"])): .overloaded
        case Self.skewed: .inputOutput
        // The answer to HEAD has no document: it is a bad request like any other, after new credentials have not helped.
        case .expiredCredentials: operation == .byteCount ? .inputOutput : .permissionDenied
        default: .unavailable
        }
    }

    /// 30 000 bytes that are not the same anywhere.
    private static let body: ByteBuffer = {
        var generator = SeededGenerator(seed: 11)
        return ByteBuffer(bytes: generator.bytes(30_000))
    }()

    @Test("once: the operation succeeds, and what it says is so", arguments: faults, Operation.allCases)
    func once(fault: ProxyFault, operation: Operation) async throws {
        for server in ObjectServer.allCases where !operation.hides(fault) {
            try await FaultyPath.with(server) { path in
                let error = try await run(operation, fault, on: path, occurrences: 1...1)
                #expect(path.proxy.faultCount == 1, "\(server)")
                guard fault != Self.skewed else { return try expectNamed(error) }
                #expect(error == nil, "\(server): \(error.map { "\($0)" } ?? "")")
                if fault == .expiredCredentials { #expect(path.credentials.retrievals >= 2) }
            }
        }
    }

    @Test(
        "for ever: the operation fails with the right code, unless what it says is so",
        arguments: faults,
        Operation.allCases
    )
    func forEver(fault: ProxyFault, operation: Operation) async throws {
        for server in ObjectServer.allCases where !operation.hides(fault) {
            try await FaultyPath.with(server) { path in
                guard let error = try await run(operation, fault, on: path, occurrences: 1...1_000_000) else { return }
                #expect(error.code == code(fault, operation), "\(server): \(error)")
                if fault == Self.skewed { try expectNamed(error) }
            }
        }
    }

    /// The message says what is wrong, and by how much.
    private func expectNamed(_ error: ObjectStoreError?) throws {
        let error = try #require(error)
        let cause = try #require(error.cause as? S3Error)
        #expect(cause.code == .requestTimeTooSkewed)
        #expect(cause.clockSkew.map { $0 > .seconds(12 * 3600) } == true, "\(error)")
        #expect(error.message.contains("ahead of ours"), "\(error)")
        #expect(error.hint?.contains("clock") == true)
    }

    /// Runs the operation through the proxy and judges its answer by what is really in the bucket.
    ///
    /// - Returns: what it threw.
    private func run(
        _ operation: Operation,
        _ fault: ProxyFault,
        on path: FaultyPath,
        occurrences: ClosedRange<Int>
    ) async throws -> ObjectStoreError? {
        let old = try #require(ObjectKey("data/00/old"))
        let key = try #require(ObjectKey("data/11/new"))
        let before = ByteBuffer(string: "before")
        try await path.direct.put(Self.body, at: old, policy: .refuseExisting)
        if operation == .put { try await path.direct.put(before, at: key, policy: .refuseExisting) }
        path.proxy.order(fault, on: [operation.method], occurrences: occurrences)
        do {
            switch operation {
            case .put, .putNew:
                try await path.store.put(
                    Self.body,
                    at: key,
                    policy: operation == .put ? .replaceExisting : .refuseExisting
                )
                #expect(try await path.direct.get(key, range: nil) == Self.body)
            case .get:
                #expect(try await path.store.get(old, range: nil) == Self.body)
            case .getRange:
                #expect(
                    try await path.store.get(old, range: 100..<20_100) == Self.body.getSlice(at: 100, length: 20_000)
                )
            case .list:
                let listed = try await path.store.list(under: nil)
                #expect(listed.map(\.key) == [old] && listed.map(\.byteCount) == [30_000])
            case .byteCount:
                #expect(try await path.store.byteCount(of: old) == 30_000)
            case .delete:
                try await path.store.delete(old)
                #expect(try await path.direct.byteCount(of: old) == nil)
            }
            return nil
        } catch let error as ObjectStoreError {
            // What failed has left all or nothing.
            if operation == .put || operation == .putNew {
                let found = try await path.direct.list(under: key.parent)
                #expect(found.isEmpty || [6, 30_000].contains(found[0].byteCount), "\(found)")
            }
            return error
        }
    }
}

extension ObjectKey {
    fileprivate var parent: ObjectKey? {
        ObjectKey(path.split(separator: "/").dropLast().joined(separator: "/"))
    }
}
