internal import ResticFormat

extension RestorePointManifest {
    /// Above this the parts of a restore point are too far apart to pass without a remark, in seconds: a quarter of an hour in which
    /// documents were changed whose points were captured before.
    public static let skewLimit: Double = 900

    /// How far apart the moments can be of which two things in this restore point are, in seconds: from the begin of the first capture
    /// of a collection, folder or other component to the end of the last.
    ///
    /// - Returns: `nil` when a time cannot be read.
    var measuredSkew: Double? {
        var first: GoTime?
        var last: GoTime?
        for (start, end) in moments {
            guard let start = GoTime(rfc3339: start), let end = GoTime(rfc3339: end) else { return nil }
            first = first.map { start < $0 ? start : $0 } ?? start
            last = last.map { $0 < end ? end : $0 } ?? end
        }
        guard let first, let last else { return nil }
        let nanoseconds = Double(last.nanoseconds) - Double(first.nanoseconds)
        return max(0, Double(last.seconds &- first.seconds) + nanoseconds / 1e9)
    }

    /// Begin and end of each capture: of each collection and folder where these are known, else of the component.
    private var moments: [(String, String)] {
        parts.flatMap { part -> [(String, String)] in
            let items =
                part.collections.map { ($0.startedAt, $0.finishedAt) }
                + part.folders.map { ($0.startedAt, $0.finishedAt) }
            let known = items.compactMap { start, end in start.flatMap { start in end.map { (start, $0) } } }
            return known.isEmpty ? [(part.startedAt, part.finishedAt)] : known
        }
    }

    /// For the operator, when the skew is above ``skewLimit``.
    public var skewWarning: String? {
        guard let skewSeconds, skewSeconds > Self.skewLimit else { return nil }
        return
            "up to \(Int(skewSeconds / 60)) minutes lie between the captures of this restore point: documents and points may not fit together"
    }
}
