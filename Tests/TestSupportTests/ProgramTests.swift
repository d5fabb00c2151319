import Foundation
import TestSupport
import Testing

@Suite("An external program", .timeLimit(.minutes(1)))
struct ProgramTests {
    private let shell = Program(path: "/bin/sh")

    @Test("hands over arguments, environment, folder and input, and returns outputs and status")
    func everything() async throws {
        try await TemporaryDirectory.with { folder in
            let outcome = try await shell.run(
                ["-c", "cat; echo $1 $GREETING ${HOME-none}; pwd; echo oops >&2; exit 3", "sh", "two words"],
                environment: ["GREETING": "hello", "HOME": nil],
                folder: folder.path,
                input: Array("in\n".utf8)
            )
            #expect(outcome.text == "in\ntwo words hello none\n\(folder.path)\n")
            #expect(outcome.errorText == "oops\n")
            #expect(outcome.status == 3 && !outcome.succeeded)
        }
    }

    @Test("takes megabytes on all three pipes at once")
    func largeOutput() async throws {
        let input = [UInt8](repeating: UInt8(ascii: "x"), count: 3_000_000)
        let outcome = try await shell.run(
            ["-c", "head -c 2000000 /dev/zero >&2; head -c 2000000 /dev/zero; cat"],
            input: input
        )
        #expect(outcome.output.count == 5_000_000 && outcome.errors.count == 2_000_000)
        #expect(outcome.output.suffix(3_000_000).elementsEqual(input))
    }

    @Test("survives a program that does not read its input")
    func unreadInput() async throws {
        let outcome = try await shell.run(["-c", "exit 0"], input: [UInt8](repeating: 0, count: 1_000_000))
        #expect(outcome.succeeded)
    }

    @Test("runs many at once without mixing them up")
    func concurrent() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<12 {
                group.addTask {
                    let outcome = try await shell.run(
                        ["-c", "head -c 100000 /dev/zero >&2; cat"],
                        input: Array("\(number)".utf8)
                    )
                    #expect(outcome.text == "\(number)" && outcome.errors.count == 100_000)
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("kills what runs too long, and says what it had printed")
    func timesOut() async throws {
        do {
            _ = try await shell.run(["-c", "echo begun; exec sleep 100"], timeout: .milliseconds(300))
            Issue.record("nothing was thrown")
        } catch let failure as Program.Failure {
            #expect(failure.description.contains("did not end within"))
            #expect(failure.description.contains("begun"))
        }
    }

    @Test("kills the program when the task is cancelled")
    func cancelled() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) { try await shell.run(["-c", "exec sleep 100"]) }
            }
            try? await Task.sleep(for: .milliseconds(100))
            group.cancelAll()
        }
    }

    @Test("reports the signal that ended it")
    func signal() async throws {
        #expect(try await shell.run(["-c", "kill -9 $$"]).status == -9)
    }

    @Test("is found in the folders of PATH, or not at all")
    func find() throws {
        #expect(Program.find("sh")?.path.hasSuffix("/sh") == true)
        #expect(Program.find("no-such-program-as-this") == nil)
    }

    @Test("that cannot be started is a failure")
    func missing() async {
        await #expect(throws: Program.Failure.self) { try await Program(path: "/no/such/program").run([]) }
    }
}

@Suite("A temporary folder")
struct TemporaryDirectoryTests {
    @Test(
        "is empty, private, and gone afterwards with all that was in it, whatever its rights",
        arguments: [false, true]
    )
    func scoped(fails: Bool) async throws {
        struct Mine: Error {}
        var path = ""
        do {
            try await TemporaryDirectory.with { folder in
                path = folder.path
                #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
                try FileManager.default.createDirectory(
                    atPath: folder.path("a/b"),
                    withIntermediateDirectories: true
                )
                #expect(FileManager.default.createFile(atPath: folder.path("a/b/file"), contents: Data()))
                try FileManager.default.setAttributes([.posixPermissions: 0o000], ofItemAtPath: folder.path("a"))
                if fails { throw Mine() }
            }
        } catch is Mine {}
        #expect(!path.isEmpty && !FileManager.default.fileExists(atPath: path))
    }

    @Test("the package's root has a manifest")
    func root() {
        #expect(FileManager.default.fileExists(atPath: PackageRoot.path + "/Package.swift"))
    }
}

@Suite("A seeded generator")
struct SeededGeneratorTests {
    @Test("gives the published sequence of SplitMix64")
    func knownAnswers() {
        // The first values of the reference implementation for this seed.
        var generator = SeededGenerator(seed: 1_234_567)
        let values = (0..<5).map { _ in generator.next() }
        #expect(
            values == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ]
        )
        #expect("\(generator)" == "seed 1234567")
    }

    @Test("makes any number of bytes, and the same ones again", arguments: [0, 1, 7, 8, 9, 1000])
    func bytes(count: Int) {
        var first = SeededGenerator(seed: 5)
        var second = SeededGenerator(seed: 5)
        let bytes = first.bytes(count)
        #expect(bytes.count == count && bytes == second.bytes(count))
    }
}
