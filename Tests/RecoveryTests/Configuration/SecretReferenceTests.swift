import Foundation
import Recovery
import Testing

@Suite("A reference to a secret")
struct SecretReferenceTests {
    @Test("is read from its three forms")
    func forms() throws {
        #expect(try SecretReference("env:A_1", relativeTo: "/x") == .environment(name: "A_1"))
        #expect(try SecretReference("env: A", relativeTo: "/x") == .environment(name: "A"))
        #expect(try SecretReference("file:a/b", relativeTo: "/x") == .file(path: "/x/a/b"))
        #expect(try SecretReference("file:/a b", relativeTo: "/x") == .file(path: "/a b"))
        guard case .command(let command) = try SecretReference("command:./get \"a b\" 'c\\' d\\ e ''", relativeTo: "/x")
        else {
            throw SecretError(.malformed, "not a command")
        }
        #expect(command.program == "/x/get")
        #expect(command.arguments == ["a b", "c\\", "d e", ""])
        #expect(command.folder == "/x")
    }

    @Test(
        "is refused when it is incomplete, without being repeated",
        arguments: [
            ("hunter2", SecretError.Code.literal), ("", .literal), ("ENV:A", .literal), ("env:", .malformed),
            ("env:$A", .malformed),
            ("env:1A", .malformed), ("env:A B", .malformed), ("file:", .malformed), ("file:~/x", .malformed),
            ("command:", .malformed),
            ("command:echo hunter2 | tr a b", .malformed), ("command:echo $(hunter2)", .malformed),
            ("command:echo 'hunter2", .malformed),
            ("command:echo \\", .malformed), ("command:''", .malformed),
        ]
    )
    func refused(_ text: String, _ code: SecretError.Code) throws {
        let error = try #require(throws: SecretError.self) { try SecretReference(text, relativeTo: "/") }
        #expect(error.code == code)
        #expect(!error.message.contains("hunter2") && error.hint?.contains("hunter2") == false)
    }

    @Test("does not show the arguments of a command")
    func description() throws {
        let text = "command:vault read -token=hunter2"
        #expect(try SecretReference(text, relativeTo: "/").description == "command:vault …")
        #expect(try SecretReference("env:A", relativeTo: "/").description == "env:A")
    }
}

@Suite("Getting a secret")
struct SecretResolutionTests {
    private func resolve(
        _ text: String,
        in folder: String = "/",
        environment: [String: String] = [:],
        timeout: Duration = .seconds(30)
    ) async throws -> Secret {
        try await SecretReference(text, relativeTo: folder).resolve(environment: environment, timeout: timeout)
    }

    private func code(_ body: () async throws -> Secret) async -> SecretError.Code? {
        do {
            _ = try await body()
            return nil
        } catch {
            return (error as? SecretError)?.code
        }
    }

    private func withFile<Result>(
        _ bytes: [UInt8],
        mode: Int = 0o600,
        _ body: (_ folder: String) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "secret")
        try Data(bytes).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
        return try await body(folder.path)
    }

    @Test("takes an environment variable as it is")
    func environment() async throws {
        #expect(try await resolve("env:A", environment: ["A": " x\n"]).reveal() == Array(" x\n".utf8))
        #expect(await code { try await resolve("env:A") } == .notSet)
        #expect(await code { try await resolve("env:A", environment: ["A": ""]) } == .empty)
        #expect(
            await code { try await resolve("env:A", environment: ["A": String(repeating: "x", count: 65537)]) }
                == .tooLarge
        )
    }

    @Test(
        "takes one line break off the end of a file",
        arguments: [
            ("s3cret", "s3cret"), ("s3cret\n", "s3cret"), ("s3cret\r\n", "s3cret"), ("s3cret\n\n", "s3cret\n"),
            (" a b ", " a b "),
        ]
    )
    func file(_ content: String, _ secret: String) async throws {
        let resolved = try await withFile(Array(content.utf8)) { try await resolve("file:secret", in: $0) }
        #expect(resolved.reveal() == Array(secret.utf8))
        #expect(resolved.warnings.isEmpty)
    }

    @Test("warns about a file that every user may read, and uses it")
    func worldReadable() async throws {
        let resolved = try await withFile([0x78], mode: 0o644) { try await resolve("file:secret", in: $0) }
        #expect(resolved.reveal() == [0x78])
        #expect(resolved.warnings.count == 1)
        #expect(resolved.warnings.first?.contains("chmod 600") == true)
    }

    @Test("refuses files that hold no secret")
    func badFiles() async throws {
        #expect(await code { try await resolve("file:/nonexistent/secret") } == .fileNotFound)
        #expect(await code { try await resolve("file:/") } == .fileUnreadable)
        #expect(
            try await withFile([0x0A]) { folder in await code { try await resolve("file:secret", in: folder) } }
                == .empty
        )
        let large = [UInt8](repeating: 0x78, count: SecretReference.maximumSize + 1)
        #expect(
            try await withFile(large) { folder in await code { try await resolve("file:secret", in: folder) } }
                == .tooLarge
        )
    }

    @Test("takes the output of a program, run without a shell, in the configuration's folder, with its environment")
    func command() async throws {
        let environment = ["PATH": "/usr/bin:/bin", "WORD": "s3cret", "1BAD": "x"]
        let echoed = try await resolve("command:printf '%s|%s\\n' 'a b' '$WORD *'", environment: environment)
        #expect(try echoed.revealText() == "a b|$WORD *")
        let fromEnvironment = try await resolve("command:sh -c 'printf %s \"$WORD\"'", environment: environment)
        #expect(try fromEnvironment.revealText() == "s3cret")
        let fromFolder = try await withFile(Array("in folder\n".utf8)) {
            try await resolve("command:cat secret", in: $0, environment: environment)
        }
        #expect(try fromFolder.revealText() == "in folder")
    }

    @Test(
        "says why a program gave none, without what it wrote",
        arguments: [
            ("command:no-such-program-here", SecretError.Code.commandNotFound),
            ("command:/etc/passwd", .commandNotFound),
            ("command:sh -c 'echo hunter2 >&2; echo hunter2; exit 3'", .commandFailed),
            ("command:sh -c 'kill -9 $$'", .commandFailed),
            ("command:true", .empty), ("command:yes hunter2", .tooLarge),
        ]
    )
    func commandFailures(_ text: String, _ code: SecretError.Code) async throws {
        do {
            _ = try await resolve(text, environment: ["PATH": "/usr/bin:/bin", "KEY": "hunter2"])
            Issue.record("the command succeeded")
        } catch let error as SecretError {
            #expect(error.code == code)
            #expect(!String(reflecting: error).contains("hunter2"))
            if text.contains("exit 3") { #expect(error.message == "the command 'sh' ended with exit status 3") }
        }
    }

    @Test("stops a program that does not end, with the helpers it started")
    func timeout() async throws {
        let text = "command:sh -c 'sleep 60 & wait'"
        #expect(
            await code { try await resolve(text, environment: ["PATH": "/usr/bin:/bin"], timeout: .milliseconds(200)) }
                == .commandTimedOut
        )
    }

    @Test("ends with the task that asked for it")
    func cancellation() async throws {
        let task = Task { try await resolve("command:sleep 60", environment: ["PATH": "/usr/bin:/bin"]) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}

@Suite("A secret in memory")
struct SecretTests {
    @Test("does not show itself")
    func redacted() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped, "\([secret])", "\(Optional(secret) as Any)"] {
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("104"))
        }
    }

    @Test("is text only when it is one line of it", arguments: [[0xFF], Array("a\nb".utf8), [0x61, 0]] as [[UInt8]])
    func notText(_ bytes: [UInt8]) throws {
        let error = try #require(throws: SecretError.self) { try Secret(bytes).revealText() }
        #expect(error.code == .notText)
    }
}
