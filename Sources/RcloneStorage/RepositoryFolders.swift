internal import ObjectStorage

/// The places of a repository that rclone's server can list.
///
/// A listing of restic's REST protocol has names and no folders in between (restic, "REST Backend", section `GET {path}/{type}/`): what
/// lies deeper than where one looks comes back by its last component. The keys are known again because the layout of a
/// repository is: every folder is flat but those of packs, which are spread by the first two characters of their names.
enum RepositoryFolders {
    /// Restic's folders, ours beside them, and those of the files that repairs have set aside.
    static let all: [String] = {
        let restic = ["data", "index", "keys", "locks", "snapshots"]
        return restic + ["holdfast/marks", "holdfast/doctor"] + (restic + ["holdfast/marks"]).map { "holdfast/replaced/\($0)" }
    }()

    /// The objects that lie in no folder.
    static let single = ["config", "holdfast/rotation", "holdfast/replaced/config"]

    /// The key of what a listing of `folder` calls `name`.
    ///
    /// - Returns: `nil` for what cannot be a file of a repository.
    static func key(of name: String, in folder: String) -> ObjectKey? {
        guard spreads(folder) else { return ObjectKey("\(folder)/\(name)") }
        return name.utf8.count < 2 ? nil : ObjectKey("\(folder)/\(name.prefix(2))/\(name)")
    }

    /// Whether a listing can show this key.
    static func holds(_ key: ObjectKey) -> Bool {
        if single.contains(key.path) { return true }
        guard let folder = folder(of: key.path) else { return false }
        return self.key(of: String(key.name), in: folder) == key
    }

    /// The folders in which keys under `prefix` can lie; all for `nil`.
    static func folders(under prefix: ObjectKey?) -> [String] {
        guard let prefix = prefix?.path else { return all }
        return all.filter { isWithin($0, prefix) || isWithin(prefix, $0) }
    }

    /// Whether `path` lies below `folder`, or is it.
    static func isWithin(_ path: String, _ folder: String) -> Bool {
        path == folder || path.hasPrefix(folder + "/")
    }

    private static func folder(of path: String) -> String? {
        all.first { path.hasPrefix($0 + "/") }
    }

    private static func spreads(_ folder: String) -> Bool {
        folder == "data" || folder.hasSuffix("/data")
    }
}
