/// Which paths in a folder belong to a component: `include` and `exclude` together.
///
/// A file is selected when one of the `include` patterns matches it, or there are none, and no `exclude` pattern matches
/// it or a folder that it is in.
public struct PathSelection: Sendable, Hashable {
    /// What to do with a folder that is met on the way.
    public enum FolderDecision: Sendable, Hashable {
        /// Read it: something in it may be selected.
        case enter
        /// Leave it: an `exclude` pattern matches it or everything in it.
        case excluded
        /// Leave it: no `include` pattern matches anything in it.
        case notIncluded
    }

    /// Patterns of which one must match; empty for everything.
    public let include: [PathPattern]
    /// Patterns of which none may match.
    public let exclude: [PathPattern]

    /// Everything in the folder.
    public static let everything = PathSelection()

    /// Makes a selection; see the properties.
    public init(include: [PathPattern] = [], exclude: [PathPattern] = []) {
        self.include = include
        self.exclude = exclude
    }

    /// Whether a file (or anything that is not a folder) is selected.
    ///
    /// The folders above it are looked at too, so the answer is the same with and without walking down to it.
    ///
    /// - Parameter path: The path relative to the folder, as bytes, without a leading `/`.
    public func selects(_ path: some Sequence<UInt8>) -> Bool {
        let units = PathUnits.decode(path)
        guard include.isEmpty || include.contains(where: { $0.matches(units: units) }) else { return false }
        guard !exclude.isEmpty else { return true }
        if exclude.contains(where: { $0.matches(units: units) }) { return false }
        for index in units.indices where units[index] == PathUnits.slash {
            let folder = Array(units[..<index])
            if exclude.contains(where: { $0.matches(units: folder) }) { return false }
        }
        return true
    }

    /// What to do with a folder whose own parents have been entered.
    ///
    /// - Parameter folder: The path relative to the folder of the component, as bytes, without a leading `/`.
    public func decision(forFolder folder: some Sequence<UInt8>) -> FolderDecision {
        let path = Array(folder)
        if exclude.contains(where: { $0.matches(path) || $0.matchesEverything(inside: path) }) { return .excluded }
        if !include.isEmpty, !include.contains(where: { $0.mayMatch(inside: path) }) { return .notIncluded }
        return .enter
    }
}
