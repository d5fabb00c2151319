import Foundation
import TestSupport
import Testing

/// What a child process is told: one target each, so that a decoder that traps ends a child and not the tests.
private enum Order {
    static let target = "HOLDFAST_FUZZ_TARGET"
    static let seed = "HOLDFAST_FUZZ_SEED"
    static let rounds = "HOLDFAST_FUZZ_ROUNDS"
    static let seconds = "HOLDFAST_FUZZ_SECONDS"
    static let note = "HOLDFAST_FUZZ_NOTE"
    static let input = "HOLDFAST_FUZZ_INPUT"
    static let corpus = "HOLDFAST_FUZZ_CORPUS"

    static subscript(_ name: String) -> String? {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else { return nil }
        return value
    }
}

@Suite("Bad input", .timeLimit(.minutes(10)))
struct BadInputTests {
    /// Inputs for each decoder in the test suite; `scripts/fuzz` tries as many as there is time for.
    static let rounds = 2_000
    /// What a child may map, in KiB: the tests' own half, and what the largest input may ask for.
    static let memoryLimit = 1 << 20

    @Test(
        "ends no decoder, makes none allocate without bounds, and what is accepted encodes to the same again",
        .enabled(if: Order[Order.target] == nil, "this is a child"),
        arguments: FuzzTarget.all.map(\.name)
    )
    func decoders(target: String) async throws {
        // Not the same inputs each day; the one that fails is printed and can be given again.
        let seed = Order[Order.seed] ?? "\(UInt64.random(in: .min ... .max))"
        try await TemporaryDirectory.with { folder in
            let note = folder.path("input")
            let outcome = try await Child.run(
                "child",
                [
                    Order.target: target, Order.seed: seed, Order.rounds: Order[Order.rounds] ?? "\(Self.rounds)",
                    Order.note: note,
                ]
            )
            let report = outcome.text + outcome.errorText
            guard outcome.status == 0, report.contains("fuzzed \(target): ") else {
                let input = (try? Data(contentsOf: URL(filePath: note))) ?? Data()
                let excerpt = report.split(separator: "\n").filter { $0.contains("seed") || $0.contains("rror") }
                Issue.record(
                    """
                    \(target) with \(Order.seed)=\(seed): status \(outcome.status)
                    \(excerpt.prefix(12).joined(separator: "\n"))
                    input of \(input.count) bytes in base 64: \(input.base64EncodedString())
                    """
                )
                return
            }
        }
    }

    @Test("child: one target", .enabled(if: Order[Order.target] != nil, "only in a child"))
    func child() throws {
        guard Order[Order.target] != "?" else {
            for target in FuzzTarget.all { print("target: \(target.name)") }
            return
        }
        let target = try #require(FuzzTarget.named(Order[Order.target] ?? ""))
        let seed = try #require(UInt64(Order[Order.seed] ?? "1"))
        var note: FileHandle?
        if let path = Order[Order.note] {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            note = try FileHandle(forWritingTo: URL(filePath: path))
        }
        let run = FuzzRun(target, seed: seed, note: note)
        if let folder = Order[Order.corpus] {
            #if HOLDFAST_GUIDED_FUZZING
                try GuidedRun.start(run, corpus: folder, seconds: Int(Order[Order.seconds] ?? "") ?? 60)
            #else
                Issue.record("this build is not guided: see scripts/fuzz --guided (\(folder))")
            #endif
        }
        if let path = Order[Order.input] {
            let isAccepted = try run.attempt(Array(try Data(contentsOf: URL(filePath: path))), round: 0)
            print("fuzzed \(target.name): the input is \(isAccepted ? "accepted" : "refused")")
            return
        }
        let end = Order[Order.seconds].flatMap(Double.init).map { ContinuousClock.now + .seconds($0) }
        let rounds = Order[Order.rounds].flatMap { Int($0) } ?? Self.rounds
        let result = try run.run { round in end.map { ContinuousClock.now >= $0 } ?? (round >= rounds) }
        print("fuzzed \(target.name): \(result.tried) inputs with seed \(seed), \(result.accepted) accepted")
    }

    /// What a decoder may do wrong.
    enum Fault: String, CaseIterable {
        case none, trap, allocation, violation

        static let variable = "HOLDFAST_FUZZ_FAULT"
    }

    @Test(
        "is noticed to end a decoder, to make it allocate without bounds, or to be taken for something else",
        .enabled(if: Order[Order.target] == nil, "this is a child"),
        arguments: Fault.allCases
    )
    func probe(fault: Fault) async throws {
        let outcome = try await Child.run("faultyChild", [Order.target: "none", Fault.variable: fault.rawValue])
        #expect((outcome.status == 0) == (fault == .none), "\(outcome)")
    }

    @Test("child: a faulty decoder", .enabled(if: Order[Fault.variable] != nil, "only in a child"))
    func faultyChild() throws {
        let fault = try #require(Fault(rawValue: Order[Fault.variable] ?? ""))
        let target = FuzzTarget("faulty", .binary, seeds: { [[1]] }) { input in
            switch fault {
            case .none: break
            case .trap: _ = input[input.count]
            case .allocation: _ = [UInt8](repeating: 1, count: 4 << 30)
            case .violation: try hold(input.isEmpty, "to order")
            }
        }
        _ = try FuzzRun(target, seed: 1).run { $0 >= 1 }
    }
}

/// This very test bundle as a process of its own, with one suite and a limit to its memory.
private enum Child {
    static func run(_ test: String, _ environment: [String: String]) async throws -> Program.Outcome {
        let shell = try #require(Program.find("sh"))
        var environment = environment.mapValues { $0 as String? }
        environment["SWIFT_BACKTRACE"] = "enable=no"
        // A heap for each thread maps 64 MiB: with many threads nothing is left of the limit, and a thread that cannot be made is
        // waited for without end.
        environment["MALLOC_ARENA_MAX"] = "2"
        environment["ASAN_OPTIONS"] = "max_allocation_size_mb=1024:detect_leaks=0:abort_on_error=0"
        // The shadow memory of a sanitizer is virtual and larger than any limit.
        let limit = Self.isSanitized ? "" : "ulimit -v \(baseline + BadInputTests.memoryLimit);"
        return try await shell.run(
            [
                "-c", "\(limit) exec \"$@\"", "sh", bundle, "--testing-library", "swift-testing", "--filter",
                "FuzzTests.BadInputTests/\(test)\\(",
            ],
            environment: environment,
            timeout: .seconds(500)
        )
    }

    static var bundle: String {
        ProcessInfo.processInfo.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
    }

    /// What a process of this bundle maps before it does anything, in KiB.
    private static let baseline = 1 << 20

    private static let isSanitized = dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
}
