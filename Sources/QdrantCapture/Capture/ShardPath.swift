internal import TarArchive

/// Where a member of an archive belongs in the tree of its shard.
///
/// Qdrant 1.19 writes two forms (reference, section 2.3): *streamable*, where `segments/<uuid>/files/…` are members, and
/// *regular*, where each segment is a nested archive `segments/<uuid>.tar` with `snapshot/files/…` inside. Both become
/// `segments/<uuid>/files/…`, `segments/<uuid>/segment.json` and `segments/<uuid>/version.info`.
enum ShardPath {
    /// What a member of a shard's archive is.
    enum Place: Equatable {
        /// A file of the shard's tree.
        case file(String)
        /// A folder of the shard's tree.
        case folder(String)
        /// A nested archive with the files of this segment.
        case nestedSegment(String)
    }

    /// Places a member of a shard's archive, or of the part of a collection's archive that belongs to one shard.
    ///
    /// - Returns: `nil` when no archive of a shard has such a member.
    static func place(_ path: String, isDirectory: Bool) -> Place? {
        let parts = path.split(separator: "/").map(String.init)
        guard let first = parts.first else { return nil }
        switch first {
        case "segments":
            if isDirectory { return .folder(parts.joined(separator: "/")) }
            if parts.count == 2, parts[1].hasSuffix(".tar") {
                let segment = String(parts[1].dropLast(4))
                return segment.isEmpty ? nil : .nestedSegment(segment)
            }
            return parts.count >= 3 ? .file(parts.joined(separator: "/")) : nil
        case "wal":
            return isDirectory
                ? .folder(parts.joined(separator: "/")) : parts.count == 2 ? .file(parts.joined(separator: "/")) : nil
        default:
            // newest_clocks.json, oldest_clocks.json, replica_state.json, shard_config.json, applied_seq.json,
            // segments_manifest.json: small files beside the folders.
            return !isDirectory && parts.count == 1 && first.hasSuffix(".json") ? .file(first) : nil
        }
    }

    /// Places a member of a nested segment archive.
    ///
    /// - Returns: `nil` for members that only versions before 1.13 wrote (RocksDB backups) or that are not of a segment.
    static func place(_ path: String, inSegment segment: String, isDirectory: Bool) -> Place? {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.first == "snapshot" else { return nil }
        let rest = parts.dropFirst()
        if isDirectory { return .folder((["segments", segment] + rest).joined(separator: "/")) }
        guard let name = rest.first, name == "files" ? rest.count >= 2 : rest.count == 1 else { return nil }
        return .file((["segments", segment] + rest).joined(separator: "/"))
    }
}
