#if HOLDFAST_GUIDED_FUZZING
    import Foundation
    import Locks
    import TestSupport

    /// Runs one target under libFuzzer, which keeps the inputs that reach new code and goes on from them.
    ///
    /// Only in a build with `-sanitize=fuzzer` (`scripts/fuzz --guided`), which links the driver and has every Swift module count
    /// where it was. See https://llvm.org/docs/LibFuzzer.html, "Using libFuzzer as a library".
    enum GuidedRun {
        private typealias Callback = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
        private typealias Driver =
            @convention(c) (
                UnsafeMutablePointer<CInt>, UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
                Callback
            ) -> CInt

        private struct State {
            let run: FuzzRun
            let mutator: Mutator
        }

        /// What the driver calls is a function of C, without a place for a value.
        private static let state = Mutex<State?>(nil)

        /// Ends the process: with 0 when the time is over, with another status at the first finding, whose input the driver keeps.
        ///
        /// - Parameters:
        ///   - corpus: the folder in which inputs that reach new code are kept from one run to the next.
        ///   - seconds: how long.
        static func start(_ run: FuzzRun, corpus: String, seconds: Int) throws {
            guard let symbol = dlsym(UnsafeMutableRawPointer(bitPattern: 0), "LLVMFuzzerRunDriver") else {
                throw Violation("this build lacks libFuzzer's driver")
            }
            let seeds = try run.target.seeds() + Corpus.inputs(of: run.target.name)
            try FileManager.default.createDirectory(atPath: corpus, withIntermediateDirectories: true)
            for (index, seed) in seeds.enumerated() {
                try Data(seed).write(to: URL(filePath: "\(corpus)/seed-\(index)"))
            }
            state.withLock { $0 = State(run: run, mutator: Mutator(target: run.target, seeds: seeds)) }
            let arguments = [
                "holdfast", "-max_total_time=\(seconds)", "-max_len=\(Mutator.maximumLength)", "-rss_limit_mb=2048",
                "-timeout=20",
                "-print_final_stats=1", "-seed=\(UInt32(truncatingIfNeeded: run.seed) | 1)",
                "-artifact_prefix=\(corpus)-found-", corpus,
            ]
            var count = CInt(arguments.count)
            let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: arguments.count + 1)
            for (index, argument) in arguments.enumerated() { list[index] = strdup(argument) }
            list[arguments.count] = nil
            var pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = list
            let driver = unsafeBitCast(symbol, to: Driver.self)
            exit(
                driver(&count, &pointer) { bytes, size in
                    GuidedRun.attempt(UnsafeBufferPointer(start: bytes, count: size))
                }
            )
        }

        private static func attempt(_ bytes: UnsafeBufferPointer<UInt8>) -> CInt {
            guard let run = state.withLock({ $0?.run }) else { return -1 }
            do {
                // What is refused is worth keeping, too: the next change may be accepted.
                _ = try run.attempt(Array(bytes), round: -1)
                return 0
            } catch {
                // The driver keeps the input of a process that ends.
                fatalError("\(error)")
            }
        }

        /// The changes of the seeded suite, which know the formats and make checksums good again.
        fileprivate static func change(_ bytes: inout [UInt8], seed: UInt32) {
            guard let mutator = state.withLock({ $0?.mutator }) else { return }
            var chance = SeededBytes(seed: UInt64(seed), round: 0)
            mutator.change(&bytes, chance.int(1..<5), &chance)
        }
    }

    /// libFuzzer's hook for changes of one's own, found by its name.
    @_cdecl("LLVMFuzzerCustomMutator")
    public func holdfastCustomMutator(
        _ data: UnsafeMutablePointer<UInt8>,
        _ size: Int,
        _ limit: Int,
        _ seed: UInt32
    ) -> Int {
        var bytes = Array(UnsafeBufferPointer(start: data, count: size))
        GuidedRun.change(&bytes, seed: seed)
        let count = min(bytes.count, limit)
        for index in 0..<count { data[index] = bytes[index] }
        return count
    }
#endif
