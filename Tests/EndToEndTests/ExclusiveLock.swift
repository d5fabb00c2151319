import Foundation
import LocalStorage
import ResticRepository

/// Holds an exclusive lock in the name of this process.
struct ExclusiveLock {
    private let path: String
    private let password: [UInt8]

    init(repository path: String, password: String) throws {
        self.path = path
        self.password = Array(password.utf8)
    }

    func hold(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let repository = try await Repository.open(in: LocalStore(path: path), password: password)
        try await repository.withLock(.exclusive) { try await body() }
    }
}
