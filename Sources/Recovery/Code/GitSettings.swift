/// A repository's own configuration as a list, read and never obeyed but for what is taken out of it by name.
struct GitSettings: Sendable, Hashable {
    /// Name (section and key in lower case) and value, in the order of the files; a later one counts.
    private var entries: [(name: String, value: String)] = []

    static func == (left: Self, right: Self) -> Bool { left.entries.elementsEqual(right.entries, by: ==) }
    func hash(into hasher: inout Hasher) { for entry in entries { hasher.combine(entry.name) } }

    init() {}

    /// Takes the output of `git config --list -z`: a name, a line feed, the value.
    init(listing items: [String]) { add(items) }

    mutating func add(_ items: [String]) {
        for item in items {
            guard let feed = item.firstIndex(of: "\n") else {
                entries.append((item, "true"))
                continue
            }
            entries.append((String(item[..<feed]), String(item[item.index(after: feed)...])))
        }
    }

    subscript(name: String) -> String? { entries.last { $0.name == name }?.value }

    func all(_ name: String) -> [String] { entries.filter { $0.name == name }.map(\.value) }

    func isTrue(_ name: String) -> Bool {
        guard let value = self[name]?.lowercased() else { return false }
        return ["true", "yes", "on", "1"].contains(value)
    }

    /// The middle parts of names `section.MIDDLE.key`, in their order, each once.
    func subsections(of section: String) -> [String] {
        var seen: Set<String> = []
        return entries.compactMap { entry in
            guard entry.name.hasPrefix("\(section)."), let last = entry.name.lastIndex(of: "."),
                let start = entry.name.index(
                    entry.name.startIndex,
                    offsetBy: section.count + 1,
                    limitedBy: entry.name.endIndex
                ), start < last
            else { return nil }
            let middle = String(entry.name[start..<last])
            return seen.insert(middle).inserted ? middle : nil
        }
    }

    /// The settings that decide how files and the index relate, and none that names a program.
    var harmless: [String] {
        let names = ["core.filemode", "core.symlinks", "core.ignorecase", "core.autocrlf", "core.eol"]
        let values: Set<String> = ["true", "false", "input", "lf", "crlf", "native"]
        return names.compactMap { name in
            self[name].flatMap { values.contains($0.lowercased()) ? "\(name)=\($0.lowercased())" : nil }
        }
    }

    /// Settings that take the programs of all filters away, for work in a repository that has this configuration.
    var filterRemovals: [String] {
        subsections(of: "filter").flatMap { name in
            name.contains("=")
                ? []
                : [
                    "filter.\(name).clean=", "filter.\(name).smudge=", "filter.\(name).process=",
                    "filter.\(name).required=false",
                ]
        }
    }
}
