internal import ResticFormat
internal import ResticRepository

/// What a restore point holds by name: collections, folders, sets, checkouts.
struct PointContents: Sendable, Hashable {
    /// One of them.
    struct Part: Sendable, Hashable {
        let component: Component
        let name: String
        /// Other names that a newer one may have taken over: a collection that is replaced keeps its alias.
        var aliases: [String] = []
        /// Whether a repair found nothing of it lost.
        var isWhole = true

        /// As it is named in a sentence.
        var description: String {
            let text =
                switch component {
                case .qdrant: "collection '\(name)'"
                case .documents: "documents '\(name)'"
                case .configuration: "configuration '\(name)'"
                case .code: "code '\(name)'"
                }
            return isWhole ? text : "what is left of \(text)"
        }
    }

    let parts: [Part]

    init(parts: [Part]) { self.parts = parts }

    /// Copies that restores made (`NAME__rp_ID`) are left out: what they are copies of counts.
    init(_ manifest: RestorePointManifest) {
        parts = manifest.parts.flatMap { part -> [Part] in
            func make(_ name: String, aliases: [String] = [], at path: String) -> Part {
                Part(
                    component: part.component,
                    name: name,
                    aliases: aliases,
                    isWhole: !manifest.hasLost(anythingAt: path)
                )
            }
            let collections = part.collections.filter { !RestoredCopy.isName($0.name) }
                .map { make($0.name, aliases: $0.aliases, at: "qdrant/\($0.name)") }
            let files = part.storage.map { storage in
                storage.collections.map { collection in
                    let aliases = storage.aliases.filter { $0.value == collection.name }.keys.sorted()
                    let path = "\(RestorePointManifest.storagePath)/collections/\(collection.name)"
                    return make(collection.name, aliases: aliases, at: path)
                }
            }
            let names =
                part.folders.map(\.name) + (part.sets ?? []).map(\.name) + (part.checkouts ?? []).map(\.name)
            return collections + (files ?? []) + names.map { make($0, at: "\(part.component.rawValue)/\($0)") }
        }
    }
}

extension RestorePointManifest {
    /// Whether a repair found anything lost that lies at a path of the components' snapshots, in it or around it.
    func hasLost(anythingAt path: String) -> Bool {
        (missing ?? []).contains { item in
            let (lost, path) = (item.path + "/", "/\(path)/")
            return lost.hasPrefix(path) || path.hasPrefix(lost)
        }
    }
}

/// The names under which parts are held by restore points that stay.
struct HeldParts {
    private struct Name: Hashable {
        let system: String
        let component: Component
        let name: String
    }
    private var whole: Set<Name> = []
    private var damaged: Set<Name> = []

    mutating func add(_ contents: PointContents, of system: String) {
        for part in contents.parts {
            for name in [part.name] + part.aliases {
                let name = Name(system: system, component: part.component, name: name)
                if part.isWhole { whole.insert(name) } else { damaged.insert(name) }
            }
        }
    }

    /// What of a restore point is in no other that stays. What a repair found damaged stands for another of its kind, never for a whole one.
    func lacking(_ contents: PointContents, of system: String) -> [PointContents.Part] {
        contents.parts.filter { part in
            ([part.name] + part.aliases).allSatisfy {
                let name = Name(system: system, component: part.component, name: $0)
                return !whole.contains(name) && (part.isWhole || !damaged.contains(name))
            }
        }
    }
}

extension ForgetPlanner {
    /// Keeps the last restore point that holds a collection (a folder, a set, a checkout) which newer ones do not have any more; what is to be
    /// let go by order is named.
    func keepLastOfEachPart(_ newestFirst: [Int], _ entries: inout [ForgetPlan.Entry]) {
        guard let contents else { return }
        var held = HeldParts()
        for index in newestFirst where entries[index].isKept {
            if let known = contents[entries[index].id] { held.add(known, of: entries[index].system) }
        }
        for index in newestFirst where !entries[index].isKept {
            guard let known = contents[entries[index].id] else {
                entries[index].reasons.append("what it holds is not known: its manifest cannot be read")
                continue
            }
            let last = held.lacking(known, of: entries[index].system)
            guard !last.isEmpty else { continue }
            held.add(known, of: entries[index].system)
            let names = last.map(\.description).joined(separator: ", ")
            if options.dropsVanished {
                entries[index].reasons.append("with it goes the last of \(names)")
            } else {
                entries[index].isKept = true
                entries[index].reasons = ["the last one that holds \(names), which newer ones lack"]
            }
        }
    }

    /// Refuses to drop by name what holds the last of something.
    func checkNotLastOfAnyPart(_ entries: [ForgetPlan.Entry]) throws {
        guard let contents, !options.dropsVanished else { return }
        var held = HeldParts()
        for entry in entries where entry.isKept && entry.kind == .restorePoint {
            if let known = contents[entry.id] { held.add(known, of: entry.system) }
        }
        for entry in entries where !entry.isKept && entry.kind == .restorePoint {
            guard let known = contents[entry.id] else { continue }
            let last = held.lacking(known, of: entry.system)
            guard !last.isEmpty else { continue }
            throw RecoveryError(
                .refused,
                "restore point \(entry.id) is the last one of '\(entry.system)' that holds "
                    + last.map(\.description).joined(separator: ", "),
                hint: "When that is not needed any more, add '--drop-vanished'."
            )
        }
    }
}
