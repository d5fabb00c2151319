/// Whether a restore point holds what one would expect after those before it.
///
/// A collection that was silently emptied is backed up without an error, restores without an error, and agrees with its own
/// manifest. Only what was there before tells that something is gone.
struct Plausibility {
    let point: RestorePoint
    /// The restore points of the same system, newest first.
    let all: [RestorePoint]

    /// The newest restore point before this one that holds more than nothing of what `count` counts.
    private func before(_ count: (RestorePointManifest) -> Int64?) -> (id: String, count: Int64)? {
        for other in all where other.time < point.time && other.manifest.id != point.manifest.id {
            if let number = count(other.manifest), number > 0 { return (other.manifest.id, number) }
        }
        return nil
    }

    /// What is wrong with a collection.
    ///
    /// - Parameter served: how many points of it a server has, for one whose points were not counted when it was captured.
    /// - Returns: `nil` when it holds something, or never did, or nobody counted.
    func problem(ofCollection name: String, served: UInt64? = nil) -> String? {
        func points(_ manifest: RestorePointManifest) -> Int64? {
            (manifest[.qdrant]?.knownPoints[name] ?? nil).map { Int64(clamping: $0) }
        }
        guard points(point.manifest) ?? served.map({ Int64(clamping: $0) }) == 0, let earlier = before(points) else {
            return nil
        }
        return "it holds no points, and had \(earlier.count) in restore point \(earlier.id)"
    }

    /// What is wrong with a folder of documents.
    func problem(ofFolder name: String) -> String? {
        func files(_ manifest: RestorePointManifest) -> Int64? {
            manifest[.documents]?.folders.first { $0.name == name }.map { Int64($0.files) }
        }
        guard files(point.manifest) == 0, let earlier = before(files) else { return nil }
        return "it holds no files, and had \(earlier.count) in restore point \(earlier.id)"
    }
}
