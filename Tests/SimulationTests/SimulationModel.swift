import ResticFormat

/// What must be restorable: the truth that the repository is compared with.
struct SimulationModel {
    /// How sure it is that a snapshot is there.
    enum Presence: Equatable {
        /// It must be listed, and restore identical.
        case certain
        /// A crash struck while it was being forgotten: it may be there or not, but when it is listed it restores identical.
        case uncertain
    }

    struct Snapshot {
        let files: SimulatedFiles
        var presence: Presence = .certain
    }

    /// The snapshots by what the simulation calls them, which is also their host name in the repository.
    private(set) var snapshots: [String: Snapshot] = [:]
    private var nextNumber = 0

    var names: [String] { snapshots.keys.sorted() }
    var certainNames: [String] { names.filter { snapshots[$0]?.presence == .certain } }

    mutating func makeName() -> String {
        nextNumber += 1
        return "s\(nextNumber)"
    }

    /// A backup succeeded.
    mutating func add(_ name: String, _ files: SimulatedFiles) {
        snapshots[name] = Snapshot(files: files)
    }

    /// A backup died: its snapshot, which is written last, may have made it.
    mutating func addUncertain(_ name: String, _ files: SimulatedFiles) {
        snapshots[name] = Snapshot(files: files, presence: .uncertain)
    }

    mutating func forget(_ name: String) {
        snapshots[name] = nil
    }

    /// These are there for certain now.
    mutating func affirm(_ names: [String]) {
        for name in names where snapshots[name] != nil { snapshots[name]?.presence = .certain }
    }

    mutating func makeUncertain(_ name: String) {
        snapshots[name]?.presence = .uncertain
    }

    /// Takes what the repository lists as the truth about the uncertain ones.
    mutating func settle(listed: Set<String>) {
        for name in names where snapshots[name]?.presence == .uncertain {
            if listed.contains(name) { snapshots[name]?.presence = .certain } else { snapshots[name] = nil }
        }
    }
}
