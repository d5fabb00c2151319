public import ResticFormat
internal import ResticRepository

/// What a system's backups are expected to be: there, complete, young, of the usual size, readable. One line for each expectation, as the
/// script `verify-backups.sh` of a handbook would print it.
///
/// Pure: it judges restore points that were read, and what verifying them found.
public struct BackupExpectations: Sendable {
    /// How an expectation is met.
    public enum Verdict: String, Sendable, Hashable, Codable {
        case ok
        case failed
        /// It could not be tested, and nobody should take it for met.
        case untested
    }

    /// One expectation.
    public struct Line: Sendable, Hashable, Codable {
        /// Which component it is about.
        public let component: Component
        /// What is expected.
        public let expectation: Expectation
        /// How it is met.
        public let verdict: Verdict
        /// One sentence without a full stop.
        public let detail: String
    }

    /// What is expected of each component.
    public enum Expectation: String, Sendable, Hashable, Codable, CaseIterable {
        /// A restore point holds it, with everything that the configuration names.
        case present
        /// The newest that does is not too old.
        case age
        /// It is about as large as those before.
        case size
        /// All of it could be read back, now or by and by.
        case readable
    }

    /// A backup a day, and two hours for it to run.
    public static let standardMaximumAge = Duration.seconds(26 * 3600)
    /// The newest may be so many times as large as the median of those before, or that part of it.
    public static let sizeFactor: Int64 = 2
    /// So many earlier ones make a median, at least and at most.
    static let compared = 3...7
    /// Smaller differences are not judged: ten things, ten megabytes.
    static let freeItems: Int64 = 10
    static let freeBytes: Int64 = 10_000_000
    /// How far a restore point may lie in the future before a clock is doubted.
    private static let clockTolerance = Duration.seconds(300)

    private let configuration: HoldfastConfiguration
    private let maximumAge: Duration
    private let now: GoTime

    /// - Parameters:
    ///   - maximumAge: how old the newest restore point with a component may be.
    ///   - now: the time of day.
    public init(_ configuration: HoldfastConfiguration, maximumAge: Duration = standardMaximumAge, now: GoTime) {
        self.configuration = configuration
        self.maximumAge = maximumAge
        self.now = now
    }

    /// Judges.
    ///
    /// - Parameters:
    ///   - points: the system's restore points, newest first.
    ///   - verifications: what verifying them found, by id.
    /// - Returns: for each configured component its lines, in the order of ``Expectation``.
    public func judge(
        _ points: [RestorePoint],
        _ verifications: [String: RestorePointVerification] = [:]
    ) -> [Line] {
        configuredComponents.flatMap { judge($0, points, verifications) }
    }

    private var configuredComponents: [Component] {
        Component.allCases.filter { component in
            switch component {
            case .qdrant: configuration.qdrant != nil
            case .documents: !configuration.documents.isEmpty
            case .configuration: !configuration.sealed.isEmpty
            case .code: !configuration.code.isEmpty
            }
        }
    }

    private func judge(
        _ component: Component,
        _ points: [RestorePoint],
        _ verifications: [String: RestorePointVerification]
    ) -> [Line] {
        func line(_ expectation: Expectation, _ verdict: Verdict, _ detail: String) -> Line {
            Line(component: component, expectation: expectation, verdict: verdict, detail: detail)
        }
        // A run about some collections alone says nothing about all.
        let holding = points.filter { $0.manifest[component].map { $0.chosen == nil } ?? false }
        guard let newest = holding.first, let part = newest.manifest[component] else {
            let partial = points.first { $0.manifest[component] != nil }
            let reason =
                partial.map { "only runs about chosen collections, the newest \($0.manifest.id)" }
                ?? "no restore point holds it"
            return [line(.present, .failed, reason)]
        }
        let id = newest.manifest.id
        let missing = missing(in: part)
        var lines = [
            missing.isEmpty
                ? line(.present, .ok, "restore point \(id) holds \(Self.summary(part))")
                : line(.present, .failed, "restore point \(id) lacks \(missing.joined(separator: ", "))")
        ]
        if newest.manifest.isIncomplete {
            lines[0] = line(.present, .failed, "restore point \(id) is a repaired copy that lacks something")
        }
        let (verdict, age) = judgeAge(part, of: newest)
        lines.append(line(.age, verdict, age))
        let sizes = judgeSizes(part, holding.dropFirst().compactMap { $0.manifest[component] })
        lines.append(line(.size, sizes.0, sizes.1))
        let found = verifications[id]?.parts.first { $0.component == component }
        let (readable, detail) = judgeReading(found, verifications[id]?.depth == .content, id)
        lines.append(line(.readable, readable, detail))
        return lines
    }
}

// One expectation each.
extension BackupExpectations {
    /// What the configuration names and a part lacks. Patterns need one that matches.
    private func missing(in part: RestorePointManifest.Part) -> [String] {
        switch part.component {
        case .qdrant where part.storage != nil:
            return part.collectionNames.isEmpty ? ["every collection"] : []
        case .qdrant:
            guard let qdrant = configuration.qdrant, !qdrant.collections.isEmpty else {
                return part.collections.isEmpty ? ["every collection"] : []
            }
            let names = part.collections.flatMap { [$0.name] + $0.aliases }
            return qdrant.collections.compactMap { entry in
                // A pattern may match nothing by design; the backup remarks on it.
                entry.pattern != nil || names.contains(entry.name) ? nil : "collection '\(entry.name)'"
            } + (part.collections.isEmpty ? ["every collection"] : [])
        case .documents:
            return configuration.documents.map(\.name).filter { name in
                !part.folders.contains { $0.name == name }
            }.map { "documents '\($0)'" }
        case .configuration:
            return configuration.sealed.map(\.name).filter { name in
                !(part.sets ?? []).contains { $0.name == name }
            }.map { "configuration '\($0)'" }
        case .code:
            return configuration.code.map(\.name).filter { name in
                !(part.checkouts ?? []).contains { $0.name == name }
            }.map { "code '\($0)'" }
        }
    }

    private static func summary(_ part: RestorePointManifest.Part) -> String {
        switch part.component {
        case .qdrant where part.storage != nil:
            "the storage with \(part.collectionNames.joined(separator: ", "))"
        case .qdrant:
            part.collections.map { "\($0.name) with \($0.points) points" }.joined(separator: ", ")
        case .documents: part.folders.map { "\($0.name) with \($0.files) files" }.joined(separator: ", ")
        case .configuration: (part.sets ?? []).map { "\($0.name) with \($0.files) files" }.joined(separator: ", ")
        case .code:
            (part.checkouts ?? []).map { "\($0.name) at \($0.commit.map { String($0.prefix(8)) } ?? "no commit")" }
                .joined(separator: ", ")
        }
    }

    /// The age is that of what was captured: it counts from the beginning of the part's capture.
    private func judgeAge(_ part: RestorePointManifest.Part, of point: RestorePoint) -> (Verdict, String) {
        let time = GoTime(rfc3339: part.startedAt) ?? point.time
        let age = time.duration(to: now)
        let limit = Self.text(maximumAge)
        guard age >= .zero - Self.clockTolerance else {
            return (
                .untested,
                "restore point \(point.manifest.id) is of \(Self.text(.zero - age)) from now: is the clock of this machine right?"
            )
        }
        return age <= maximumAge
            ? (.ok, "\(Self.text(age)) old; up to \(limit) is expected")
            : (.failed, "the newest, \(point.manifest.id), is \(Self.text(age)) old; up to \(limit) is expected")
    }

    private func judgeSizes(
        _ part: RestorePointManifest.Part,
        _ earlier: [RestorePointManifest.Part]
    ) -> (Verdict, String) {
        var unusual: [String] = []
        var compared = 0
        for (name, quantity) in Self.quantities(part) {
            let before = earlier.compactMap { Self.quantities($0)[name] }.prefix(Self.compared.upperBound)
            guard before.count >= Self.compared.lowerBound else { continue }
            compared += 1
            let median = before.map(\.number).sorted()[before.count / 2]
            let difference = abs(quantity.number - median)
            guard difference > (quantity.isBytes ? Self.freeBytes : Self.freeItems) else { continue }
            // Divided rather than multiplied: numbers of a foreign manifest may be as large as they like.
            let isSmall = quantity.number < median / Self.sizeFactor
            guard isSmall || quantity.number / Self.sizeFactor > median else { continue }
            unusual.append("\(name): \(quantity.number), where \(median) is usual")
        }
        guard unusual.isEmpty else { return (.failed, unusual.sorted().joined(separator: "; ")) }
        guard compared > 0 else {
            return (.ok, "fewer than \(Self.compared.lowerBound) earlier ones to compare with")
        }
        return (.ok, "within a factor of \(Self.sizeFactor) of the earlier ones")
    }

    private struct Quantity {
        let number: Int64
        let isBytes: Bool

        /// A manifest of somebody else's may hold anything.
        init(number: Int64, isBytes: Bool = false) {
            (self.number, self.isBytes) = (max(0, number), isBytes)
        }
    }

    private static func quantities(_ part: RestorePointManifest.Part) -> [String: Quantity] {
        var found: [String: Quantity] = [:]
        for collection in part.collections {
            found["points of \(collection.name)"] = Quantity(number: Int64(clamping: collection.points))
            found["bytes of \(collection.name)"] = Quantity(number: collection.dataBytes, isBytes: true)
        }
        if let storage = part.storage {
            found["bytes of the storage"] = Quantity(number: storage.dataBytes, isBytes: true)
            for collection in storage.collections {
                guard let points = collection.points else { continue }
                found["points of \(collection.name)"] = Quantity(number: Int64(clamping: points))
            }
        }
        for folder in part.folders {
            found["files of \(folder.name)"] = Quantity(number: Int64(folder.files))
            found["bytes of \(folder.name)"] = Quantity(number: folder.bytes, isBytes: true)
        }
        for set in part.sets ?? [] { found["files of \(set.name)"] = Quantity(number: Int64(set.files)) }
        for checkout in part.checkouts ?? [] {
            found["commits of \(checkout.name)"] = Quantity(number: Int64(checkout.commits))
        }
        return found
    }

    private func judgeReading(
        _ found: RestorePointVerification.Part?,
        _ wasRead: Bool,
        _ id: String
    ) -> (Verdict, String) {
        guard let found else { return (.untested, "restore point \(id) was not verified") }
        guard found.isIntact else {
            return (.failed, found.report.problems.first?.message ?? found.differences.first ?? "it is damaged")
        }
        if wasRead { return (.ok, "\(found.report.files) files read back whole") }
        guard let share = found.coverage, share.packs > 0 else {
            return (.untested, "the structure is whole; the content was not read")
        }
        let age = Self.text(.seconds(share.oldestReadingAge ?? 0))
        // Everything was read, in several runs: as good as read now, and as old as its oldest part.
        if share.packsCovered == share.packs {
            return (.ok, "all \(share.packs) packs were read and good, the one longest ago \(age) ago")
        }
        let now =
            "\(share.packsRead) of \(share.packs) packs (\(share.bytesRead) of \(share.bytes) bytes) were read now"
        let before = share.packsCovered > share.packsRead ? ", \(share.packsCovered) of them within \(age)" : ""
        return (.untested, "only a part of the content was read: \(now)\(before)")
    }

    /// `3 h 20 min`, `5 d 2 h`.
    private static func text(_ duration: Duration) -> String {
        let minutes = max(0, duration.components.seconds / 60)
        if minutes < 60 { return "\(minutes) min" }
        if minutes < 48 * 60 {
            return minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes / 60) h \(minutes % 60) min"
        }
        return minutes / 60 % 24 == 0 ? "\(minutes / 1440) d" : "\(minutes / 1440) d \(minutes / 60 % 24) h"
    }
}
