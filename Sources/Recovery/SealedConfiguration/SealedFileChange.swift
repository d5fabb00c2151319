/// How a sealed file differs between two moments, told by what is known of it without opening it: names, never values.
public struct SealedFileChange: Sendable, Hashable, Codable {
    /// What happened to it.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// It is only in the newer one.
        case added
        /// Its content differs.
        case changed
        /// Only its permissions or owner differ.
        case metadata
        /// It is only in the older one.
        case removed
    }

    /// The set.
    public let set: String
    /// Its path in the set's folder.
    public let path: String
    /// What happened.
    public let kind: Kind
    /// Keys that are only in the newer one.
    public var addedKeys: [String] = []
    /// Keys that are only in the older one.
    public var removedKeys: [String] = []
    /// Keys whose value differs.
    public var changedKeys: [String] = []
    /// Whether the content differs though no key does: comments, order, notation; or keys are not known.
    public var hasOtherChanges = false
    /// Permissions before and after, octal, when they differ.
    public var mode: [String]?
    /// User and group before and after, `1000:1000`, when they differ.
    public var owner: [String]?

    /// One sentence without a full stop: "DATABASE_URL changed; SENTRY_DSN added".
    public var detail: String {
        var parts: [String] = []
        switch kind {
        case .added: parts.append("the file is new")
        case .removed: parts.append("the file is gone")
        case .changed, .metadata: break
        }
        for (keys, word) in [(changedKeys, "changed"), (addedKeys, "added"), (removedKeys, "removed")]
        where !keys.isEmpty {
            parts.append("\(Self.list(keys)) \(word)")
        }
        if hasOtherChanges {
            let hasKeys = !(changedKeys + addedKeys + removedKeys).isEmpty
            parts.append(hasKeys ? "something beside the keys changed" : "the content changed")
        }
        if let mode { parts.append("permissions \(mode[0]) → \(mode[1])") }
        if let owner { parts.append("owner \(owner[0]) → \(owner[1])") }
        return parts.joined(separator: "; ")
    }

    private static func list(_ keys: [String]) -> String {
        keys.prefix(10).joined(separator: ", ") + (keys.count > 10 ? " and \(keys.count - 10) more keys" : "")
    }
}

extension SealedFileChange {
    /// Compares what is known of the files of a set at two moments, by digests of the same key.
    static func between(_ old: [SealedIndex.File], _ new: [SealedIndex.File], set: String) -> [SealedFileChange] {
        let before = Dictionary(old.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        return Set(before.keys).union(after.keys).sorted().compactMap { path in
            switch (before[path], after[path]) {
            case let (old?, new?): between(old, new, set: set)
            case (nil, _?): SealedFileChange(set: set, path: path, kind: .added)
            default: SealedFileChange(set: set, path: path, kind: .removed)
            }
        }
    }

    /// - Returns: `nil` when nothing differs. Another time of modification alone is no difference.
    static func between(_ old: SealedIndex.File, _ new: SealedIndex.File, set: String) -> SealedFileChange? {
        let isChanged = old.digest != new.digest
        var change = SealedFileChange(set: set, path: old.path, kind: isChanged ? .changed : .metadata)
        if isChanged {
            change.compareKeys(old, new)
            change.hasOtherChanges = (change.addedKeys + change.removedKeys + change.changedKeys).isEmpty
        }
        if old.mode != new.mode { change.mode = [old.mode.octal, new.mode.octal] }
        if old.uid != new.uid || old.gid != new.gid {
            change.owner = ["\(old.uid):\(old.gid)", "\(new.uid):\(new.gid)"]
        }
        return isChanged || change.mode != nil || change.owner != nil ? change : nil
    }

    private mutating func compareKeys(_ old: SealedIndex.File, _ new: SealedIndex.File) {
        // A file whose keys are known on one side only was not understood on the other: that is no removal.
        guard old.syntax != nil, old.syntax == new.syntax else { return }
        let before = Dictionary(old.keys.map { ($0.name, $0.digest) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.keys.map { ($0.name, $0.digest) }, uniquingKeysWith: { first, _ in first })
        addedKeys = after.keys.filter { before[$0] == nil }.sorted()
        removedKeys = before.keys.filter { after[$0] == nil }.sorted()
        changedKeys = before.keys.filter { name in after[name].map { $0 != before[name] } ?? false }.sorted()
    }
}
