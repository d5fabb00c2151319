/// A path pattern as a program for a machine that follows all its possible readings at once.
///
/// Thompson's construction: the machine holds a set of program positions instead of trying one reading after the other,
/// so a match costs at most (length of the path) × (length of the program) steps whatever the pattern is.
struct PathPatternProgram: Sendable, Hashable {
    /// One step.
    enum Instruction: Sendable, Hashable {
        /// Consumes exactly this unit.
        case unit(UInt32)
        /// Consumes any unit except `/`.
        case anyInComponent
        /// Consumes any unit, `/` included.
        case any
        /// Consumes a unit that is in the class of that index (never `/`).
        case set(Int)
        /// Goes on at both positions.
        case split(Int, Int)
        /// Goes on at the position.
        case jump(Int)
        /// The path matches if it ends here.
        case accept
    }

    var instructions: [Instruction] = []
    var classes: [PathPatternClass] = []

    /// Appends an instruction and returns its position.
    @discardableResult
    mutating func append(_ instruction: Instruction) -> Int {
        instructions.append(instruction)
        return instructions.count - 1
    }
}

/// The characters between `[` and `]`.
struct PathPatternClass: Sendable, Hashable {
    var isNegated = false
    var ranges: [ClosedRange<UInt32>] = []

    func contains(_ unit: UInt32) -> Bool {
        unit != PathUnits.slash && ranges.contains { $0.contains(unit) } != isNegated
    }
}
