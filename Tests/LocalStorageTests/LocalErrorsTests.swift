import Glibc
import LocalStorage
import NIOCore
import ObjectStorage
import TestSupport
import Testing

/// One row of the table of error numbers.
struct ErrorRow: Sendable, CustomTestStringConvertible {
    var name: String
    var number: Int32
    var code: ObjectStoreError.Code
    var testDescription: String { name }

    static let all: [ErrorRow] = [
        ErrorRow(name: "ENOSPC", number: ENOSPC, code: .insufficientSpace),
        ErrorRow(name: "EDQUOT", number: EDQUOT, code: .insufficientSpace),
        ErrorRow(name: "EFBIG", number: EFBIG, code: .insufficientSpace),
        ErrorRow(name: "EACCES", number: EACCES, code: .permissionDenied),
        ErrorRow(name: "EPERM", number: EPERM, code: .permissionDenied),
        ErrorRow(name: "EROFS", number: EROFS, code: .readOnly),
        ErrorRow(name: "ENAMETOOLONG", number: ENAMETOOLONG, code: .locationInvalid),
        ErrorRow(name: "ELOOP", number: ELOOP, code: .locationInvalid),
        ErrorRow(name: "ENOTCONN", number: ENOTCONN, code: .locationMissing),
        ErrorRow(name: "ENODEV", number: ENODEV, code: .locationMissing),
        ErrorRow(name: "ENXIO", number: ENXIO, code: .locationMissing),
        ErrorRow(name: "EMFILE", number: EMFILE, code: .unavailable),
        ErrorRow(name: "ENFILE", number: ENFILE, code: .unavailable),
        ErrorRow(name: "ENOMEM", number: ENOMEM, code: .unavailable),
        ErrorRow(name: "EAGAIN", number: EAGAIN, code: .unavailable),
        ErrorRow(name: "EBUSY", number: EBUSY, code: .unavailable),
        ErrorRow(name: "ESTALE", number: ESTALE, code: .unavailable),
        ErrorRow(name: "ETIMEDOUT", number: ETIMEDOUT, code: .unavailable),
        ErrorRow(name: "EIO", number: EIO, code: .inputOutput),
        ErrorRow(name: "EUCLEAN", number: EUCLEAN, code: .corrupted),
        ErrorRow(name: "EBADMSG", number: EBADMSG, code: .corrupted),
        ErrorRow(name: "a number nobody knows", number: 4095, code: .inputOutput),
    ]
}

@Suite("System errors of a local store")
struct LocalErrorsTests {
    /// Every call of an operation, by the name of its manual page.
    static let calls: [(operation: StoreOperation, calls: [String])] = [
        (.prepare, ["mkdir"]),
        (.put, ["open", "write", "fsync", "close", "link"]),
        (.get, ["open", "fstat", "pread"]),
        (.byteCount, ["fstatat"]),
        (.list, ["opendir", "readdir", "fstatat"]),
        (.delete, ["unlink", "fsync"]),
    ]

    @Test("have the code of the table", arguments: ErrorRow.all)
    func table(row: ErrorRow) {
        #expect(LocalErrors.code(for: row.number) == row.code)
    }

    @Test("reach the caller with that code and the cause, from whichever call", arguments: ErrorRow.all)
    func reachTheCaller(row: ErrorRow) async throws {
        try await TemporaryDirectory.with { folder in
            let key = try makeKey("data/object")
            try folder.write("content", to: key.path)
            for (operation, calls) in Self.calls {
                for call in calls where !Self.hasFallback(call, row.number) {
                    let faulty = FaultyCalls(.fail(call, row.number))
                    let store = LocalStore(
                        path: operation == .prepare ? folder.path("new") : folder.path,
                        calls: faulty
                    )
                    let error = await expectError(row.code) { try await perform(operation, on: store, key) }
                    #expect(error?.cause as? SystemCallError == SystemCallError(call, row.number))
                    #expect(try await faulty.settledOpenCount() == 0, "\(call) left a file open")
                    if operation == .delete && call == "fsync" { try folder.write("content", to: key.path) }
                }
            }
            #expect(folder.everything == ["data", "data/object"])
        }
    }

    /// Numbers that say "this file system cannot", after which the store goes another way.
    private static func hasFallback(_ call: String, _ number: Int32) -> Bool {
        call == "link" && number == EPERM
    }

    private func perform(_ operation: StoreOperation, on store: LocalStore, _ key: ObjectKey) async throws {
        switch operation {
        case .prepare: try await store.prepare()
        case .put: try await store.put(ByteBuffer(string: "new"), at: makeKey("data/new"), policy: .refuseExisting)
        case .get: _ = try await store.get(key, range: nil)
        case .byteCount: _ = try await store.byteCount(of: key)
        case .list: _ = try await store.list(under: nil)
        case .delete: try await store.delete(key)
        }
    }

    @Test("say what failed, where and what to do", arguments: [ENOSPC, EDQUOT, EACCES, EROFS, EIO, EMFILE])
    func words(number: Int32) async throws {
        try await TemporaryDirectory.with { folder in
            let store = LocalStore(path: folder.path, calls: FaultyCalls(.fail("write", number)))
            do {
                try await store.put(ByteBuffer(string: "new"), at: makeKey("object"), policy: .refuseExisting)
            } catch let error as ObjectStoreError {
                #expect(error.message.hasPrefix("cannot write 'object' in \(folder.path): write: "))
                #expect(!error.message.hasSuffix("."))
                let hint = try #require(error.hint)
                #expect(hint.hasSuffix(".") || hint.hasSuffix("?"))
            }
        }
    }
}
