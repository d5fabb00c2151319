internal import Foundation
internal import Subprocess

#if canImport(System)
    internal import System
#else
    internal import SystemPackage
#endif

/// Runs another program for the demo.
///
/// Not by Foundation's `Process`, which takes a program for running as long as any of its descendants runs: the script that starts
/// the chatbot would never end.
struct DemoProgram: Sendable {
    /// How it ended, and what it printed.
    struct Outcome: Sendable {
        /// The exit status, or the negated number of the signal that ended it.
        let status: Int32
        let output: [UInt8]

        var text: String { String(decoding: output, as: UTF8.self) }
    }

    let path: String
    /// Added to our own variables.
    var environment: [String: String] = [:]
    /// Where it runs; `nil` for our own folder.
    var folder: String?

    /// Looks for a program in the folders of `PATH`.
    static func find(_ name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Runs it to its end; a cancelled task asks it to stop.
    ///
    /// - Parameters:
    ///   - takesErrors: whether what it says on standard error is taken together with its output; otherwise it is left out.
    ///   - onLine: hears each line as it comes.
    func run(
        _ arguments: [String],
        takesErrors: Bool = true,
        onLine: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> Outcome {
        let outcome =
            takesErrors
            ? try await run(arguments, errors: .combinedWithOutput, onLine)
            : try await run(arguments, errors: .discarded, onLine)
        try Task.checkCancellation()
        return outcome
    }

    private func run(
        _ arguments: [String],
        errors: some ErrorOutputProtocol,
        _ onLine: @escaping @Sendable (String) -> Void
    ) async throws -> Outcome {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(10))]
        let result = try await Subprocess.run(
            .path(FilePath(path)),
            arguments: Arguments(arguments),
            environment: .inherit.updating(
                Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), $1) })
            ),
            workingDirectory: folder.map { FilePath($0) },
            platformOptions: options,
            input: .none,
            output: .sequence,
            error: errors
        ) { execution in
            try await Self.readAll(execution.standardOutput, onLine)
        }
        switch result.terminationStatus {
        case .exited(let status): return Outcome(status: Int32(status), output: result.closureResult)
        case .signaled(let signal): return Outcome(status: -Int32(signal), output: result.closureResult)
        }
    }

    private static func readAll(
        _ sequence: SubprocessOutputSequence,
        _ onLine: @Sendable (String) -> Void
    ) async throws -> [UInt8] {
        var all: [UInt8] = []
        var begin = 0
        for try await buffer in sequence {
            buffer.withUnsafeBytes { all += $0 }
            while let end = all[begin...].firstIndex(of: UInt8(ascii: "\n")) {
                onLine(String(decoding: all[begin..<end], as: UTF8.self))
                begin = end + 1
            }
        }
        if begin < all.count { onLine(String(decoding: all[begin...], as: UTF8.self)) }
        return all
    }
}
