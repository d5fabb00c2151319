import CycleCounter

/// What the fastest run of a stage took.
struct StageResult {
    /// How long it took.
    var seconds: Double
    /// Ticks of the processor's counter, 0 where it has none.
    var ticks: UInt64
    /// How many bytes went through it; 0 for what has nothing to do with bytes.
    var bytes: Int
    /// How many things went through it.
    var count: Int
    /// What such a thing is.
    var unit: String
}

/// Runs something again and again for some time and keeps the fastest run.
struct Stopwatch {
    /// For how long, after a first run that does not count.
    let seconds: Double

    /// Measures synchronous work.
    ///
    /// - Parameters:
    ///   - bytes: how many of them one run of `body` works through.
    ///   - count: how many things.
    ///   - body: the work; what it returns keeps the compiler from leaving it out.
    func measure(bytes: Int, count: Int, of unit: String, _ body: () throws -> Int) rethrows -> StageResult {
        Blackhole.take(try body())
        var watch = Laps(limit: seconds)
        while watch.goesOn {
            watch.start()
            let value = try body()
            watch.stop()
            Blackhole.take(value)
        }
        return watch.result(bytes: bytes, count: count, unit: unit)
    }

    /// Measures asynchronous work on something new each time, which is made outside of the measured time.
    func measure<Subject>(
        bytes: Int,
        count: Int,
        of unit: String,
        prepare: () async throws -> Subject,
        _ body: (Subject) async throws -> Int
    ) async throws -> StageResult {
        Blackhole.take(try await body(prepare()))
        var watch = Laps(limit: seconds)
        while watch.goesOn {
            let subject = try await prepare()
            watch.start()
            let value = try await body(subject)
            watch.stop()
            Blackhole.take(value)
        }
        return watch.result(bytes: bytes, count: count, unit: unit)
    }
}

/// Lap after lap, three at least.
private struct Laps {
    private let limit: Double
    private let clock = ContinuousClock()
    private var startedAt: ContinuousClock.Instant
    private var startTicks: UInt64 = 0
    private var spent = 0.0
    private var laps = 0
    private var best = Double.infinity
    private var bestTicks: UInt64 = 0

    init(limit: Double) {
        self.limit = limit
        startedAt = clock.now
    }

    var goesOn: Bool { laps < 3 || spent < limit }

    mutating func start() {
        startedAt = clock.now
        startTicks = holdfast_cycle_counter()
    }

    mutating func stop() {
        let ticks = holdfast_cycle_counter() &- startTicks
        let lap = (clock.now - startedAt) / .seconds(1)
        spent += lap
        laps += 1
        guard lap < best else { return }
        best = lap
        bestTicks = ticks
    }

    func result(bytes: Int, count: Int, unit: String) -> StageResult {
        StageResult(seconds: best, ticks: bestTicks, bytes: bytes, count: count, unit: unit)
    }
}

/// Where results go, so that nothing that makes them can be left out.
enum Blackhole {
    // Unsafe: written by the one task that measures, and never read.
    nonisolated(unsafe) private static var sum = 0

    @inline(never)
    static func take(_ value: Int) { sum &+= value }
}
