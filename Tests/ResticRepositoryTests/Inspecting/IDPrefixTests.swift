import Foundation
import LocalStorage
import NIOCore
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("The beginning of an id")
struct IDPrefixTests {
    private func id(_ digits: String) throws -> ResticID {
        try #require(ResticID(hex: digits + String(repeating: "0", count: 64 - digits.count)))
    }

    @Test("matches ids that begin so, in either case, with any number of digits", arguments: 1...64)
    func matching(length: Int) throws {
        var generator = SeededGenerator(seed: UInt64(length))
        for _ in 0..<50 {
            let id = ResticID.random(using: &generator)
            let text = String(id.hex.prefix(length))
            let prefix = try #require(IDPrefix(Bool.random(using: &generator) ? text.uppercased() : text))
            #expect(prefix.matches(id) && prefix.isWhole == (length == 64))
            let other = ResticID.random(using: &generator)
            #expect(prefix.matches(other) == other.hex.hasPrefix(text))
        }
    }

    @Test(
        "is nothing but hexadecimal digits",
        arguments: ["", "g", "0x1", "12 ", "-1", "é", String(repeating: "0", count: 65)]
    )
    func invalid(text: String) async throws {
        #expect(IDPrefix(text) == nil)
        let repository = try await makeRepositoryInMemory()
        let error = await #expect(throws: RepositoryError.self) {
            try await repository.repository.find(.snapshot, text)
        }
        #expect(error?.code == .missing)
    }

    @Test("that several have is an error that tells them apart")
    func ambiguous() async throws {
        let store = MemoryStore()
        let repository = try await Repository.create(
            in: store,
            password: password,
            createdAt: .epoch,
            scrypt: cheapScrypt
        )
        let ids = try ["ab11223344", "ab11223355", "ab99", "cd"].map(id)
        for id in ids { store.replace(ByteBuffer(), at: FileKind.pack.key(id)) }
        #expect(try await repository.find(.pack, "c") == ids[3])
        #expect(try await repository.find(.pack, "ab9") == ids[2])
        let error = await #expect(throws: RepositoryError.self) { try await repository.find(.pack, "ab") }
        #expect(error?.code == .ambiguous)
        let message = try #require(error?.message)
        #expect(
            message.contains("3 packs") && message.contains("ab1122334,")
                && message.contains("ab1122335,") && message.contains("ab9900000"),
            "\(message)"
        )
        let missing = await #expect(throws: RepositoryError.self) { try await repository.find(.pack, "ef") }
        #expect(missing?.code == .missing && missing?.hint?.contains("repo list packs") == true)
    }
}

@Suite("A new file")
struct NewFileTests {
    private struct Failure: Error {}

    @Test("appears whole, and a failure half-way leaves nothing")
    func wholeOrNothing() async throws {
        try await TemporaryDirectory.with { folder in
            let path = RawPath(folder.path("file"))
            await #expect(throws: Failure.self) {
                try await NewFile.write(at: path) { file in
                    try await file.append(ByteBuffer(string: "half"))
                    throw Failure()
                }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
            try await NewFile.write(at: path) { file in
                try await file.append(ByteBuffer(string: "one "))
                try await file.append(ByteBuffer(string: "two"))
                // Not there yet under its name.
                #expect(!FileManager.default.fileExists(atPath: folder.path("file")))
            }
            #expect(try String(contentsOfFile: folder.path("file"), encoding: .utf8) == "one two")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
        }
    }

    @Test("never takes the place of another, neither at its begin nor at its end")
    func neverReplaces() async throws {
        try await TemporaryDirectory.with { folder in
            let (path, text) = (RawPath(folder.path("file")), folder.path("file"))
            let late = await #expect(throws: RepositoryError.self) {
                try await NewFile.write(at: path) { file in
                    try await file.append(ByteBuffer(string: "ours"))
                    try Data("theirs".utf8).write(to: URL(filePath: text))
                }
            }
            #expect(late?.code == .targetNotEmpty)
            let early = await #expect(throws: RepositoryError.self) { try await NewFile.write(at: path) { _ in } }
            #expect(early?.code == .targetNotEmpty)
            let content = try String(contentsOfFile: text, encoding: .utf8)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(content == "theirs" && names == ["file"])
            let nowhere = await #expect(throws: RepositoryError.self) {
                try await NewFile.write(at: RawPath(folder.path("no/such/folder"))) { _ in }
            }
            #expect(nowhere?.code == .target)
        }
    }
}
