import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("The keys of a repository")
struct StoredKeyTests {
    private let store = MemoryStore()
    private let second = Array("battery staple".utf8)

    private func create(in store: any ObjectStore) async throws -> Repository {
        try await Repository.create(in: store, password: password, createdAt: .epoch, scrypt: cheapScrypt)
    }

    private func opens(_ password: [UInt8]) async throws -> Bool {
        do {
            _ = try await Repository.open(in: store, password: password)
            return true
        } catch let error as RepositoryError where error.code == .wrongPassword {
            return false
        }
    }

    private func add(_ password: [UInt8], to repository: Repository) async throws -> ResticID {
        try await repository.addKey(
            password: password,
            createdAt: GoTime(seconds: 1000),
            userName: "anna",
            hostName: "vault",
            scrypt: cheapScrypt
        )
    }

    @Test("show who made them, when, what a guess costs, and which one is in use")
    func listing() async throws {
        let repository = try await create(in: store)
        let id = try await add(second, to: repository)
        let keys = try await repository.keys()
        #expect(keys.map(\.id) == [repository.keyID, id])
        #expect(keys.map(\.isCurrent) == [true, false])
        let label = try #require(keys[1].label)
        #expect(label.userName == "anna" && label.hostName == "vault" && label.created == GoTime(seconds: 1000))
        #expect(label.n == 1024 && label.r == 1 && label.p == 1)
        #expect(try await opens(password))
        #expect(try await opens(second))
        let reopened = try await Repository.open(in: store, password: second)
        #expect(try await reopened.keys().map(\.isCurrent) == [false, true])
    }

    @Test("that are damaged are listed as such, last, and can be removed")
    func damaged() async throws {
        let repository = try await create(in: store)
        let id = try await add(second, to: repository)
        store.replace(ByteBuffer(string: "{}"), at: FileKind.key.key(id))
        let keys = try await repository.keys()
        #expect(keys.map(\.id) == [repository.keyID, id])
        #expect(keys[1].label == nil && keys[1].content != keys[0].content)
        try await repository.removeKey(id, password: password)
        #expect(try await repository.keys().map(\.id) == [repository.keyID])
    }

    @Test("are removed, and their password opens nothing any more; a dry run removes nothing")
    func removal() async throws {
        let repository = try await create(in: store)
        let id = try await add(second, to: repository)
        try await repository.removeKey(id, password: password, dryRun: true)
        #expect(try await opens(second))
        try await repository.removeKey(id, password: password)
        #expect(try await !opens(second))
        #expect(try await opens(password))
        let again = await #expect(throws: RepositoryError.self) {
            try await repository.removeKey(id, password: password)
        }
        #expect(again?.code == .missing)
    }

    @Test("in use stay, the last one with a word about that", arguments: [true, false])
    func refusal(isLast: Bool) async throws {
        let repository = try await create(in: store)
        if !isLast { _ = try await add(second, to: repository) }
        let before = store.contents
        let error = await #expect(throws: RepositoryError.self) {
            try await repository.removeKey(repository.keyID, password: password)
        }
        #expect(error?.code == .keyInUse && error?.message.contains("last") == isLast, "\(error?.message ?? "")")
        #expect(store.contents == before)
    }

    @Test("stay when the one in use does not open any more")
    func currentKeyIsProvenFirst() async throws {
        let repository = try await create(in: store)
        let id = try await add(second, to: repository)
        let wrong = await #expect(throws: RepositoryError.self) { try await repository.removeKey(id, password: [1]) }
        #expect(wrong?.code == .damaged)
        store.replace(ByteBuffer(string: "x"), at: FileKind.key.key(repository.keyID))
        let damaged = await #expect(throws: RepositoryError.self) {
            try await repository.removeKey(id, password: password)
        }
        #expect(damaged?.code == .damaged)
        #expect(try await repository.list(.key).count == 2)
    }

    @Test("change with their password: the new one opens, the old one does not")
    func passwd() async throws {
        let repository = try await create(in: store)
        let id = try await repository.changePassword(from: password, to: second, createdAt: .epoch, scrypt: cheapScrypt)
        #expect(try await repository.list(.key) == [id])
        #expect(try await opens(second))
        #expect(try await !opens(password))
    }

    @Test("do not change to the same or to no password", arguments: [password, []])
    func senselessPassword(new: [UInt8]) async throws {
        let repository = try await create(in: store)
        let before = store.contents
        let error = await #expect(throws: RepositoryError.self) {
            try await repository.changePassword(from: password, to: new, createdAt: .epoch, scrypt: cheapScrypt)
        }
        #expect(error?.code == .wrongPassword)
        #expect(store.contents == before)
    }

    @Test("survive a change of password that dies at any write: a password always opens")
    func crashes() async throws {
        for number in 1...3 {
            let memory = MemoryStore()
            _ = try await create(in: memory)
            let faulty = FaultyStore(memory, faults: [.crash(atWrite: number)])
            let repository = try await Repository.open(in: faulty, password: password)
            let outcome = await Result {
                try await repository.changePassword(from: password, to: second, createdAt: .epoch, scrypt: cheapScrypt)
            }
            #expect((try? outcome.get()) == nil || number == 3, "write \(number) does not exist")
            // Before the removal of the old key both or the old one open, after it the new one.
            let old = try? await Repository.open(in: memory, password: password)
            let new = try? await Repository.open(in: memory, password: second)
            #expect(number == 3 ? new != nil : old != nil, "died at write \(number)")
            if number == 2 { #expect(new != nil, "the new key must be there before the old one goes") }
        }
    }

    @Test("that do not come back from the store as they were written are taken away again")
    func unprovenKey() async throws {
        let faulty = FaultyStore(store)
        let repository = try await create(in: faulty)
        faulty.order(Fault(.corruptRead(offset: 40, mask: 1), on: [.get], keyPrefix: "keys/"))
        let error = await #expect(throws: RepositoryError.self) { try await add(second, to: repository) }
        #expect(error?.code == .damaged)
        #expect(try await repository.list(.key) == [repository.keyID])
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
