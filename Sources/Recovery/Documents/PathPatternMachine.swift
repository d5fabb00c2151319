/// The positions a program can be at after the part of the path read so far.
struct PathPatternMachine {
    private let instructions: [PathPatternProgram.Instruction]
    private let classes: [PathPatternClass]
    /// Positions that consume or accept, each at most once.
    private(set) var positions: [Int] = []
    private var next: [Int] = []
    /// The step in which each position was last added, so that clearing a set costs nothing.
    private var seen: [Int]
    private var step = 0
    private var pending: [Int] = []

    init(_ program: PathPatternProgram) {
        instructions = program.instructions
        classes = program.classes
        seen = Array(repeating: -1, count: instructions.count)
        add(0)
        swap(&positions, &next)
    }

    /// Whether no continuation of the path can match.
    var isStuck: Bool { positions.isEmpty }

    /// Whether the path matches if it ends here.
    var accepts: Bool {
        positions.contains { position in
            if case .accept = instructions[position] { true } else { false }
        }
    }

    /// Reads one more unit of the path.
    mutating func consume(_ unit: UInt32) {
        step += 1
        next.removeAll(keepingCapacity: true)
        for position in positions where isConsumed(unit, at: position) { add(position + 1) }
        swap(&positions, &next)
    }

    private func isConsumed(_ unit: UInt32, at position: Int) -> Bool {
        switch instructions[position] {
        case .unit(let expected): unit == expected
        case .anyInComponent: unit != PathUnits.slash
        case .any: true
        case .set(let index): classes[index].contains(unit)
        case .split, .jump, .accept: false
        }
    }

    /// Adds a position and everything reachable from it without consuming.
    private mutating func add(_ position: Int) {
        pending.append(position)
        while let position = pending.popLast() {
            guard seen[position] != step else { continue }
            seen[position] = step
            switch instructions[position] {
            case .jump(let target): pending.append(target)
            case .split(let first, let second):
                pending.append(second)
                pending.append(first)
            case .unit, .anyInComponent, .any, .set, .accept: next.append(position)
            }
        }
    }

    /// Whether every continuation of at least one unit matches: a `**` at the end of the pattern has been reached.
    var acceptsEveryContinuation: Bool {
        positions.contains { position in
            guard case .any = instructions[position] else { return false }
            var machine = self
            machine.restart(at: position + 1)
            // The loop of `**` is there and accepting after one unit, so it is after every further one.
            return machine.accepts && machine.positions.contains(position)
        }
    }

    private mutating func restart(at position: Int) {
        step += 1
        next.removeAll(keepingCapacity: true)
        add(position)
        swap(&positions, &next)
    }
}
