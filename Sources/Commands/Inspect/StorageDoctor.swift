internal import Foundation
internal import ObjectStorage
internal import Recovery
internal import S3Storage

/// `doctor --storage`: what the configured identity may do in the repository's store, and what each role needs.
struct StorageDoctor {
    private struct Output: Encodable {
        struct Row: Encodable {
            let right: String
            let result: String
            let problem: String?
        }
        let repository: String
        let location: String
        let rights: [Row]
        let leftover: String?
        let like: [String]
        let policies: [String: String]
    }

    let session: Session

    /// - Returns: whether what was tried worked or was refused, and nothing failed otherwise.
    func run(_ common: CommonOptions) async throws -> Bool {
        let repository = session.configuration.repository
        let trial = try await StoreTrial(
            of: session.store,
            name: UUID().uuidString.lowercased().replacing("-", with: "")
        )
        let place = bucket(repository.location)
        let policies = Dictionary(
            uniqueKeysWithValues: StorageRole.allCases.map {
                (
                    $0.rawValue,
                    $0.policy(
                        bucket: place?.bucket ?? "BUCKET",
                        prefix: place?.prefix ?? "PREFIX",
                        lockDays: repository.s3.objectLock.map { Int($0.length / .seconds(86_400)) }
                    )
                )
            }
        )
        let tried = Set(trial.rights.map(\.rawValue))
        let allowed = Set(trial.rights.filter { trial[$0] == .allowed }.map(\.rawValue))
        let like = StorageRole.allCases.filter { $0.rights.intersection(tried) == allowed }.map(\.rawValue)
        let rows = trial.rights.map { right -> Output.Row in
            switch trial[right] {
            case .allowed where right == .shorten:
                .init(
                    right: right.rawValue,
                    result: "failed",
                    problem: "the store lets a retention be shortened: it protects nothing"
                )
            case .allowed: .init(right: right.rawValue, result: "allowed", problem: nil)
            case .refused: .init(right: right.rawValue, result: "refused", problem: nil)
            case .untried: .init(right: right.rawValue, result: "untried", problem: nil)
            case .failed(let sentence): .init(right: right.rawValue, result: "failed", problem: sentence)
            }
        }
        let output = Output(
            repository: repository.name,
            location: session.store.location,
            rights: rows,
            leftover: trial.leftover?.path,
            like: like,
            policies: place == nil ? [:] : policies
        )
        if common.json { try Console.json(output) } else { print(output) }
        return rows.allSatisfy { $0.result != "failed" }
    }

    private func print(_ output: Output) {
        Console.result("\(output.location)")
        var table = Table([("right", .left), ("result", .left), ("problem", .left)])
        for row in output.rights { table.add(row.right, row.result, row.problem ?? "") }
        Console.result(table.render())
        Console.result(
            output.like.isEmpty
                ? "these are the rights of none of the roles writer, pruner and restorer"
                : "these are the rights of the \(output.like.joined(separator: ", "))"
        )
        if let leftover = output.leftover {
            Console.note(
                "note: '\(leftover)' could not be taken away again; it is harmless, and whoever may delete can remove it"
            )
        }
        guard !output.policies.isEmpty else {
            return Console.result(
                "Policies are for repositories in a bucket: here the rights of the user or of rclone's remote count."
            )
        }
        for role in StorageRole.allCases {
            Console.result(
                "\npolicy of the \(role.rawValue), who \(role.purpose):\n\(output.policies[role.rawValue] ?? "")"
            )
        }
    }

    /// The bucket and prefix of a place that has them, by how it is written: `s3:https://host/bucket/prefix`.
    private func bucket(_ location: HoldfastConfiguration.RepositoryLocation) -> (bucket: String, prefix: String)? {
        let text = "\(location)"
        guard text.hasPrefix("s3:"), let host = text.firstRange(of: "://")?.upperBound else { return nil }
        let parts = text[host...].split(separator: "/")
        guard parts.count > 1 else { return nil }
        return (String(parts[1]), parts.dropFirst(2).joined(separator: "/"))
    }
}
