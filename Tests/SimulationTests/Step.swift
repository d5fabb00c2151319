import TestSupport

/// How an operation ends.
enum Ending: Hashable, CustomStringConvertible {
    case undisturbed
    /// The process dies at its n-th write, which is not done.
    case crash(write: Int)

    static func draw(using generator: inout SeededGenerator) -> Ending {
        Bool.random(using: &generator) ? .undisturbed : .crash(write: Int.random(in: 1...14, using: &generator))
    }

    var faults: [Fault] {
        switch self {
        case .undisturbed: []
        case .crash(let write): [.crash(atWrite: write)]
        }
    }

    var description: String {
        switch self {
        case .undisturbed: ""
        case .crash(let write): " dying at write \(write)"
        }
    }
}

/// One step of a simulation.
enum Step: CustomStringConvertible {
    case backup(Ending)
    case forget(Ending)
    case prune(grace: Int64, Ending)
    /// A prune runs while a backup has read the index and not yet written anything.
    case pruneDuringBackup(grace: Int64)
    case copy(Ending)
    /// One byte of one stored file turns; undone afterwards.
    case damage
    /// An index file is gone; built again by a repair.
    case loseIndex
    /// The clock jumps by so many seconds.
    case jump(Int64)

    static func draw(using generator: inout SeededGenerator) -> Step {
        let grace: Int64 = [0, 600, 86_400][Int.random(in: 0..<3, using: &generator)]
        return switch Int.random(in: 0..<20, using: &generator) {
        case 0..<7: .backup(.draw(using: &generator))
        case 7..<10: .forget(.draw(using: &generator))
        case 10..<13: .prune(grace: grace, .draw(using: &generator))
        case 13: .pruneDuringBackup(grace: min(grace, 600))
        case 14..<16: .copy(.draw(using: &generator))
        case 16: .damage
        case 17: .loseIndex
        default: .jump(Int64.random(in: -7_200...200_000, using: &generator))
        }
    }

    var description: String {
        switch self {
        case .backup(let ending): "backup\(ending)"
        case .forget(let ending): "forget\(ending)"
        case .prune(let grace, let ending): "prune with \(grace) s of grace\(ending)"
        case .pruneDuringBackup(let grace): "prune with \(grace) s of grace during a backup"
        case .copy(let ending): "copy\(ending)"
        case .damage: "damage"
        case .loseIndex: "lose an index file"
        case .jump(let seconds): "the clock jumps by \(seconds) s"
        }
    }
}
