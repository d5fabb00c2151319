/// A file of the folder `snapshots`: which tree was backed up, when, where and by whom.
///
/// Source: restic doc/design.rst, section Trees and Data; restic internal/data/snapshot.go. Keys that this type does
/// not know are skipped, so a snapshot written by a later restic loses them if it is written again.
public struct SnapshotRecord: Hashable, Sendable {
    /// When the backup was taken.
    public var time: GoTime
    /// The name of the snapshot this one was compared with while it was taken.
    public var parent: ResticID?
    /// The tree that is the root.
    public var tree: ResticID
    /// What was backed up, absolute paths.
    public var paths: [String]
    /// The host it was taken on; empty means not recorded, here and below.
    public var hostname: String
    /// The user who took it.
    public var username: String
    /// The user's id.
    public var uid: UInt32
    /// The user's group id.
    public var gid: UInt32
    /// The patterns that were left out.
    public var excludes: [String]
    /// Words attached to the snapshot.
    public var tags: [String]
    /// The name of the snapshot of which this one is a changed copy.
    public var original: ResticID?
    /// The program that took it, with its version.
    public var programVersion: String
    /// What the backup did; absent in old snapshots.
    public var summary: SnapshotSummary?

    /// Makes a record; see the properties.
    public init(
        time: GoTime,
        parent: ResticID? = nil,
        tree: ResticID,
        paths: [String],
        hostname: String = "",
        username: String = "",
        uid: UInt32 = 0,
        gid: UInt32 = 0,
        excludes: [String] = [],
        tags: [String] = [],
        original: ResticID? = nil,
        programVersion: String = "",
        summary: SnapshotSummary? = nil
    ) {
        self.time = time
        self.parent = parent
        self.tree = tree
        self.paths = paths
        self.hostname = hostname
        self.username = username
        self.uid = uid
        self.gid = gid
        self.excludes = excludes
        self.tags = tags
        self.original = original
        self.programVersion = programVersion
        self.summary = summary
    }

    /// The JSON of the file before it is compressed and sealed, without a line end.
    public func encode() -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 1024)
        writer.beginObject()
        writer.key("time")
        writer.value(time)
        writer.member("parent", unlessNil: parent)
        writer.key("tree")
        writer.value(tree)
        writer.key("paths")
        writer.value(paths)
        writer.member("hostname", unlessEmpty: hostname)
        writer.member("username", unlessEmpty: username)
        writer.member("uid", unlessZero: uid)
        writer.member("gid", unlessZero: gid)
        writer.member("excludes", unlessEmpty: excludes)
        writer.member("tags", unlessEmpty: tags)
        writer.member("original", unlessNil: original)
        writer.member("program_version", unlessEmpty: programVersion)
        if let summary {
            writer.key("summary")
            summary.write(to: &writer)
        }
        writer.endObject()
        return writer.bytes
    }
}

extension SnapshotRecord: ResticDocument {
    /// Reads the opened file.
    ///
    /// - Throws: `malformed` when it names no tree; and as ``ResticDocument``.
    public static func decode(_ json: UnsafeRawBufferPointer) throws(ResticFormatError) -> Self {
        var tree: ResticID?
        // Stands in for the tree until that has been read.
        let placeholder = withUnsafeBytes(of: (0, 0, 0, 0) as (UInt64, UInt64, UInt64, UInt64)) { ResticID(bytes: $0) }
        var snapshot = Self(time: .zero, tree: placeholder, paths: [])
        try scanObject(json) { scanner, key throws(ResticFormatError) in
            switch key {
            case "time": snapshot.time = try scanner.time()
            case "parent": snapshot.parent = try scanner.optionalID()
            case "tree": tree = try scanner.optionalID()
            case "paths": snapshot.paths = try scanner.texts()
            case "hostname": snapshot.hostname = try scanner.text()
            case "username": snapshot.username = try scanner.text()
            case "uid": snapshot.uid = try scanner.unsigned()
            case "gid": snapshot.gid = try scanner.unsigned()
            case "excludes": snapshot.excludes = try scanner.texts()
            case "tags": snapshot.tags = try scanner.texts()
            case "original": snapshot.original = try scanner.optionalID()
            case "program_version": snapshot.programVersion = try scanner.text()
            case "summary": snapshot.summary = try scanner.null() ? nil : SnapshotSummary(&scanner)
            default: try scanner.skip()
            }
        }
        guard let tree else { throw ResticFormatError(.malformed, "a snapshot names no tree") }
        snapshot.tree = tree
        return snapshot
    }
}
