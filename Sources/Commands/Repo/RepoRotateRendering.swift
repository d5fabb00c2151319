internal import LocalStorage
internal import ResticRepository

/// A result of `repo rotate`, for people and for programs (docs/reference/json.md).
protocol RotateRendering: Encodable {
    var lines: [String] { get }
}

/// What `repo rotate --dry-run` prints.
struct RepoRotatePlanOutput: RotateRendering {
    let repository: String
    let newRepository: String
    let state: String
    let missingSnapshots: Int?
    let missingBlobs: Int?
    let missingBytes: Int64?
    let problems: [String]

    init(_ folders: FolderSwitch, _ state: RotationState, _ plan: CopyPlan?) {
        repository = folders.current
        newRepository = folders.next
        self.state = "\(state)"
        missingSnapshots = plan?.snapshotCount
        missingBlobs = plan?.blobs
        missingBytes = plan?.storedBytes
        problems = plan?.problems ?? []
    }

    var lines: [String] {
        guard let missingSnapshots, let missingBlobs, let missingBytes else {
            return ["the new repository is complete; the switch of \(repository) would be finished (\(state))"]
        }
        let begun = state == "idle" ? "would make" : "would go on filling"
        return [
            "\(begun) \(newRepository): \(Formatting.count(missingSnapshots, "snapshot")), "
                + "\(Formatting.count(missingBlobs, "blob")), \(Formatting.bytes(missingBytes)) to copy",
            "would read all of it back, then put it in the place of \(repository)",
        ] + problems.map { "damaged: \($0)" }
    }
}

/// What `repo rotate` prints.
struct RepoRotateOutput: RotateRendering {
    let repository: String
    let oldRepositoryID: String?
    let repositoryID: String
    let retired: String?
    let resumedFrom: String
    let copiedSnapshots: Int
    let removedSnapshots: Int
    let provenBlobs: Int
    let storedBytes: Int64
    let seconds: Double

    init(_ folders: FolderSwitch, _ report: RepositoryRotation.Report, _ duration: Duration) {
        repository = folders.current
        oldRepositoryID = report.oldID
        repositoryID = report.newID
        retired = report.retired
        resumedFrom = "\(report.found)"
        copiedSnapshots = report.copiedSnapshots
        removedSnapshots = report.removedSnapshots
        provenBlobs = report.provenBlobs
        storedBytes = report.written.newStoredBytes
        seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    var lines: [String] {
        var lines: [String] = []
        if oldRepositoryID != nil {
            lines.append(
                "copied \(Formatting.count(copiedSnapshots, "snapshot")), \(Formatting.bytes(storedBytes)); "
                    + "read and hashed all \(Formatting.count(provenBlobs, "blob")) of the new repository"
            )
        } else {
            lines.append("finished the rotation that an earlier run had begun (\(resumedFrom))")
        }
        lines.append("repository \(repositoryID.prefix(8)) is at \(repository)")
        if let retired { lines.append("the old one is at \(retired); 'repo rotate --remove-retired' removes it") }
        return lines
    }
}
