import NIOCore
import TestSupport
import Testing

@testable import Recovery

/// A child that ends before it has read its input, or before the first byte of it was written, must never end us: neither by
/// SIGPIPE nor by a precondition of the launcher.
@Suite("A program that ends at once", .timeLimit(.minutes(5)))
struct EarlyExitTests {
    private static let sizes = [0, 1, 65_536, 1_000_000]

    private func git(_ program: String) -> Git {
        var git = Git(gitDirectory: "/nonexistent")
        git.program = program
        return git
    }

    @Test("in place of git is told by its exit status, however much it was to read", arguments: ["true", "false"])
    func git(program: String) async throws {
        let git = git(program)
        for round in 0..<25 {
            for size in Self.sizes {
                let input = [UInt8](repeating: 7, count: size)
                let outcome = try await git.attempt(["update-ref", "--stdin"], input: input)
                #expect(outcome.status == (program == "true" ? 0 : 1), "round \(round), \(size) bytes")
            }
        }
    }

    @Test("in place of git gets a stream no further than it reads, and its failure is told")
    func stream() async throws {
        for _ in 0..<25 {
            let pieces = AsyncStream<ByteBuffer> { continuation in
                for _ in 0..<64 { continuation.yield(ByteBuffer(repeating: 7, count: 65_536)) }
                continuation.finish()
            }
            try await git("true").feed(["index-pack", "--stdin"], pieces)
            let failed = AsyncStream<ByteBuffer> { continuation in
                for _ in 0..<64 { continuation.yield(ByteBuffer(repeating: 7, count: 65_536)) }
                continuation.finish()
            }
            let error = await #expect(throws: RecoveryError.self) {
                try await git("false").feed(["index-pack", "--stdin"], failed)
            }
            #expect(error?.code == .codeUnreadable)
        }
    }

    @Test("as a hook or a re-ingestion is told by its exit status", arguments: ["true", "false"])
    func command(program: String) async throws {
        let command = ConfiguredCommand(program: program, folder: "/")
        for _ in 0..<25 {
            for size in Self.sizes {
                let ending = try await command.run(
                    environment: ["PATH": "/usr/bin:/bin"],
                    input: [UInt8](repeating: 7, count: size),
                    timeout: .seconds(60)
                )
                #expect(ending == .exited(program == "true" ? 0 : 1, output: []), "\(size) bytes")
            }
        }
    }
}
