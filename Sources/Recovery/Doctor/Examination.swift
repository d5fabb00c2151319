internal import Foundation
public import QdrantClient
internal import ResticFormat
public import ResticRepository

/// One thing that was looked at, and how it is.
public struct Finding: Sendable, Hashable, Codable {
    /// How it is.
    public enum Grade: String, Sendable, Hashable, Codable, Comparable {
        /// As it should be.
        case ok
        /// Works, but somebody should look at it.
        case warning
        /// Backups or restores will fail.
        case failed

        /// From good to bad.
        public static func < (left: Grade, right: Grade) -> Bool {
            let order: [Grade] = [.ok, .warning, .failed]
            return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
        }
    }
    /// How it is.
    public let grade: Grade
    /// What was looked at: `repository`, `collection textbook_knowledge`.
    public let subject: String
    /// What was found.
    public let message: String
    /// What to do about it.
    public let hint: String?

    /// The same about the part that is called `name`.
    public func of(_ name: String) -> Finding {
        Finding(grade, "\(subject) '\(name)'", message, hint: hint)
    }

    /// Makes a finding.
    public init(_ grade: Grade, _ subject: String, _ message: String, hint: String? = nil) {
        self.grade = grade
        self.subject = subject
        self.message = message
        self.hint = hint
    }
}

/// Looks at everything that a backup or a restore will need, and changes nothing.
public enum Examination {
    /// Below this a backup is in danger of filling the disk, in bytes.
    static let scarceSpace: Int64 = 1_000_000_000

    /// The server and the collections that a backup would take now.
    public static func server(_ client: QdrantClient, collections selection: CollectionSelection) async -> [Finding] {
        var findings: [Finding] = []
        do {
            let info = try await client.serverInfo()
            findings.append(Finding(.ok, "qdrant", "\(info.title), version \(info.version)"))
            let (names, aliases) = (try await client.collections(), try await client.aliases())
            findings += missing(selection, names, aliases)
            // What is missing has been named: the others are looked at all the same.
            var present = selection
            present.entries.removeAll { isMissing($0, names, aliases) }
            guard selection.entries.isEmpty || !present.entries.isEmpty else { return findings }
            let resolved = try present.resolve(names: names, aliases: aliases)
            for item in resolved.items { findings.append(try await examine(item, client)) }
            for warning in resolved.warnings { findings.append(Finding(.warning, "collections", warning)) }
            for other in resolved.leftOut {
                findings.append(Finding(.ok, "collection \(other.name)", "left out: \(other.reason)"))
            }
            if resolved.items.isEmpty {
                findings.append(
                    Finding(.warning, "collections", "there are none to back up", hint: "Is it the right server?")
                )
            }
        } catch let error as QdrantError {
            findings.append(Finding(.failed, "qdrant", error.message, hint: error.hint))
        } catch {
            findings.append(Finding(.failed, "qdrant", "\(error)"))
        }
        return findings
    }

    private static func isMissing(
        _ entry: HoldfastConfiguration.Collection,
        _ names: [String],
        _ aliases: [AliasDescription]
    ) -> Bool {
        entry.pattern == nil && !names.contains(entry.name) && !aliases.contains { $0.alias == entry.name }
    }

    private static func missing(
        _ selection: CollectionSelection,
        _ names: [String],
        _ aliases: [AliasDescription]
    ) -> [Finding] {
        selection.entries.filter { isMissing($0, names, aliases) }.map { entry in
            Finding(
                .failed,
                "collection \(entry.name)",
                "the server has no such collection",
                hint: names.isEmpty
                    ? "The server has no collections." : "It has: \(names.sorted().joined(separator: ", "))."
            )
        }
    }

    private static func examine(_ item: ResolvedCollections.Item, _ client: QdrantClient) async throws -> Finding {
        let name = item.name
        let info = try await client.collection(name)
        let cluster = try await client.collectionCluster(name)
        let points = try await client.count(in: name)
        let subject = "collection \(item.alias ?? name)"
        let text = "\(points) points in \(cluster.shardCount) shards, \(info.status.rawValue)"
        let local = Set(cluster.localShards.filter(\.state.isComplete).map(\.id))
        if let remote = cluster.remoteShards.first(where: { !local.contains($0.id) }) {
            return Finding(
                .failed,
                subject,
                "\(text); shard \(remote.id) is on another node",
                hint: "This version backs up collections whose shards are all on one node."
            )
        }
        if info.status == .red {
            return Finding(
                .warning,
                subject,
                "\(text): \(info.optimizerError ?? "an optimiser failed")",
                hint: "Is the server's disk full?"
            )
        }
        if let violation = item.entry.embedding?.violations(by: info.vectors).first {
            return Finding(
                .warning,
                subject,
                "\(text); \(violation)",
                hint: "Correct 'embedding' in the configuration if the model was changed on purpose."
            )
        }
        return points == 0 ? Finding(.warning, subject, "\(text); it is empty") : Finding(.ok, subject, text)
    }

    /// The configured folders.
    public static func folders(_ folders: [HoldfastConfiguration.Documents]) -> [Finding] {
        folders.map { folder in
            let subject = "documents \(folder.name)"
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder), isFolder.boolValue else {
                return Finding(.failed, subject, "there is no folder '\(folder.path)'", hint: "Is its disk mounted?")
            }
            guard FileManager.default.isReadableFile(atPath: folder.path) else {
                return Finding(.failed, subject, "the folder '\(folder.path)' cannot be read by this user")
            }
            let files = FileManager.default.enumerator(atPath: folder.path)?.lazy.compactMap { $0 as? String }
            guard files?.contains(where: { folder.selection.selects($0.utf8) }) == true else {
                return Finding(
                    .warning,
                    subject,
                    "nothing in '\(folder.path)' matches its patterns",
                    hint: "Check 'include' and 'exclude'."
                )
            }
            return Finding(.ok, subject, folder.path)
        }
    }

    /// The opened repository: locks, restore points, space.
    public static func repository(_ repository: Repository, location: HoldfastConfiguration.RepositoryLocation) async
        -> [Finding]
    {
        var findings = [Finding(.ok, "repository", "opens with the password; format \(repository.config.version)")]
        do {
            let locks = try await repository.locks()
            for lock in locks {
                let owner = "process \(lock.record.pid) on \(lock.record.hostname) since \(lock.record.time)"
                findings.append(
                    lock.isStale
                        ? Finding(.warning, "lock", "left behind by \(owner)", hint: "The next backup removes it.")
                        : Finding(lock.record.exclusive ? .warning : .ok, "lock", "held by \(owner)")
                )
            }
            let indexed = try await repository.loadIndex()
            let points = try await RestorePointCatalog(indexed).list(system: nil)
            findings.append(
                points.isEmpty
                    ? Finding(.warning, "restore points", "none yet", hint: "Run 'holdfast backup'.")
                    : Finding(.ok, "restore points", "\(points.count), the newest from \(points[0].manifest.startedAt)")
            )
        } catch let error as RepositoryError {
            findings.append(Finding(.failed, "repository", error.message, hint: error.hint))
        } catch let error as RecoveryError {
            findings.append(Finding(.failed, "restore points", error.message, hint: error.hint))
        } catch {
            findings.append(Finding(.failed, "repository", "\(error)"))
        }
        findings.append(space(location))
        return findings
    }

    private static func space(_ location: HoldfastConfiguration.RepositoryLocation) -> Finding {
        switch location {
        case .folder(let path):
            guard let free = FreeSpace.available(at: path) else {
                return Finding(.warning, "space", "cannot be told for '\(path)'")
            }
            let text = "\(ByteText.text(free)) free"
            return free < scarceSpace
                ? Finding(.warning, "space", text, hint: "Make room before the next backup.")
                : Finding(.ok, "space", text)
        default: return Finding(.ok, "space", "is not known of \(location)")
        }
    }
}
