internal import Recovery
internal import ResticFormat

/// A restore point as JSON: its manifest, and what the records say of it (docs/reference/json.md).
struct RestorePointOutput: Encodable {
    let manifest: RestorePointManifest
    let standing: PointStanding
    /// Only where they were read.
    var records: [RestorePointRecord]?

    private enum Key: String, CodingKey {
        case pinned, proven, failed, records
    }

    func encode(to encoder: any Encoder) throws {
        try manifest.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(standing.isPinned, forKey: .pinned)
        try container.encode(Self.times(standing.provenComponents) { standing.proven($0) }, forKey: .proven)
        try container.encode(Self.times(standing.failedComponents) { standing.failed($0) }, forKey: .failed)
        try container.encodeIfPresent(records, forKey: .records)
    }

    private static func times(_ components: [Component], _ time: (Component) -> GoTime?) -> [String: String] {
        Dictionary(
            components.compactMap { component in time(component).map { (component.rawValue, "\($0)") } },
            uniquingKeysWith: { first, _ in first }
        )
    }
}

extension PointStanding {
    /// For a column: `2026-06-15`, `2026-06-15 documents` when only that is proven of several, `failed`, `-`.
    func provenText(of manifest: RestorePointManifest) -> String {
        guard failedComponents.isEmpty else { return "failed: \(Self.list(failedComponents))" }
        guard let time = provenAt else { return "-" }
        let day = String("\(time)".prefix(10))
        let isAll = manifest.parts.allSatisfy { proven($0.component) != nil }
        return isAll ? day : "\(day) \(Self.list(provenComponents))"
    }

    private static func list(_ components: [Component]) -> String {
        components.map(\.rawValue).joined(separator: ", ")
    }
}

extension RestorePointRecord {
    /// For people, a line each.
    var lines: [String] {
        let who = host.isEmpty ? user : "\(user)@\(host)"
        let head = "\(String(madeAt.prefix(19)).replacing("T", with: " ")) \(kind.rawValue) by \(who)"
        var lines = [reason.map { "\(head): \($0)" } ?? head]
        guard let proof else { return lines }
        let components = proof.components.map(\.rawValue).joined(separator: ", ")
        lines[0] = "\(head): \(proof.kind.rawValue) of \(components): \(proof.outcome.rawValue)"
        for check in proof.checks where check.outcome != .verified {
            lines.append("  \(check.name): \(check.outcome.rawValue)\(check.detail.isEmpty ? "" : ": \(check.detail)")")
        }
        return lines
    }
}
