internal import FoundationEssentials
internal import Locks
public import NIOCore
public import ObjectStorage
internal import S3Client

extension S3Store {
    /// Stores an object.
    ///
    /// With ``/ObjectStorage/PutPolicy/refuseExisting`` the server decides, where it knows the condition. Where it does not, the
    /// object is looked up first; two writers in one process still exclude each other, two in different processes do not.
    /// Repositories need no more: their objects are named by their content, but for locks, whose names are drawn.
    ///
    /// A put whose answer was lost is looked up. A put that is cancelled while it runs gets a moment to end; what is cut off then is
    /// looked up too, so that it either returns or has left nothing.
    public func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        try Task.checkCancellation()
        do {
            switch policy {
            case .replaceExisting: try await send(body, at: key, isConditional: false)
            case .refuseExisting: try await putNew(body, at: key)
            case .contentNamed: try await putNamed(body, at: key)
            }
        } catch {
            throw translated(error, "store '\(key)'")
        }
    }

    public func compare(_ body: ByteBuffer, at key: ObjectKey) async throws -> StoredContent {
        let head = try await translating("look up '\(key)'") { try await bucket.head(name(of: key)) }
        guard let head else { return .missing }
        guard head.byteCount == Int64(body.readableBytes) else { return .different }
        switch StatedDigest(head).judge(body) {
        case .same: return .same
        case .otherSHA256: return .different
        // What looks like an MD5 need not be one.
        case .otherTag, .unknown: return try await compareContent(body, at: key)
        }
    }

    /// With the condition, and without a look before: whether the server knows it does not matter.
    private func putNamed(_ body: ByteBuffer, at key: ObjectKey) async throws {
        do {
            try await send(body, at: key, isConditional: conditions.withLock(\.self) != .unsupported)
        } catch let error as S3Error where error.code == .preconditionFailed {
            guard try await compare(body, at: key) == .same else { throw error }
        } catch let error as S3Error where error.code == .notSupported {
            conditions.withLock { $0 = .unsupported }
            try await send(body, at: key, isConditional: false)
        }
    }

    private func putNew(_ body: ByteBuffer, at key: ObjectKey) async throws {
        switch conditions.withLock(\.self) {
        case .supported: return try await send(body, at: key, isConditional: true)
        case .automatic, .unsupported: break
        }
        try await writers.withLock(key) {
            try Task.checkCancellation()
            guard try await bucket.head(name(of: key)) == nil else {
                throw ObjectStoreError(.alreadyExists, "'\(key)' exists already in \(location)")
            }
            do {
                try await send(body, at: key, isConditional: conditions.withLock(\.self) != .unsupported)
            } catch let error as S3Error where error.code == .preconditionFailed {
                // Between the look and the write somebody was faster, and the server knows the condition.
                conditions.withLock { if $0 == .automatic { $0 = .supported } }
                throw error
            } catch let error as S3Error where error.code == .notSupported {
                conditions.withLock { $0 = .unsupported }
                try await send(body, at: key, isConditional: false)
            }
        }
    }

    /// Sends an object; when it is not known what has become of it, looks.
    private func send(_ body: ByteBuffer, at key: ObjectKey, isConditional: Bool) async throws {
        let options = putOptions(for: key, isConditional: isConditional)
        // A task of its own: a request that is cut off may still be carried out, so that a put which is cancelled would not know
        // what it has left.
        let request = Task { [bucket, name = name(of: key), tagsAreMD5] in
            let result = try await bucket.put(body, at: name, options: options)
            // A server that keeps no SHA-256 has not compared it either: its entity tag is all that tells what it has stored.
            guard tagsAreMD5.isSet, StatedDigest(result).judge(body) == .otherTag else { return }
            throw S3Error(
                .checksumMismatch,
                "cannot store '\(name)' in bucket '\(bucket.name)': the entity tag is that of something else"
            )
        }
        do {
            try await withTaskCancellationHandler {
                try await request.value
            } onCancel: { [grace = self.options.graceAfterCancellation] in
                Task {
                    try? await Task.sleep(for: grace)
                    request.cancel()
                }
            }
        } catch let error as S3Error where error.mayHaveTakenEffect {
            guard await isStored(body, at: key) else { throw error }
        } catch let error as CancellationError {
            if await isStored(body, at: key) { return }
            throw error
        }
    }

    /// - Returns: `false` also when it cannot be found out.
    private func isStored(_ body: ByteBuffer, at key: ObjectKey) async -> Bool {
        // A task of its own: this one may be cancelled, and then it matters most, since nobody looks again.
        await Task {
            for _ in 0..<Self.looks {
                if let content = try? await compare(body, at: key) { return content == .same }
            }
            return false
        }.value
    }

    /// How often to look before what is stored counts as unknown.
    private static let looks = 4

    private func putOptions(for key: ObjectKey, isConditional: Bool) -> S3PutOptions {
        var put = S3PutOptions(
            refusesExisting: isConditional,
            storageClass: options.storageClass,
            encryption: options.encryption
        )
        if let retention = options.retention, !key.isNeverRetained {
            let end = bucket.client.now.addingTimeInterval(retention.length / .seconds(1))
            put.retention = S3Retention(mode: retention.mode, until: end)
        }
        return put
    }
}

extension S3Store {
    private func compareContent(_ body: ByteBuffer, at key: ObjectKey) async throws -> StoredContent {
        do {
            return try await get(key, range: nil) == body ? .same : .different
        } catch let error as ObjectStoreError where error.code == .notFound {
            return .missing
        }
    }
}
