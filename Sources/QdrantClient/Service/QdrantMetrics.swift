/// A server's metrics, in Prometheus' text format.
public struct QdrantMetrics: Sendable, Hashable {
    /// One measured value.
    public struct Sample: Sendable, Hashable {
        /// The metric's name, with the server's prefix when it has one.
        public var name: String
        /// Its labels.
        public var labels: [String: String]
        /// Its value.
        public var value: Double

        /// Makes a sample.
        public init(name: String, labels: [String: String], value: Double) {
            self.name = name
            self.labels = labels
            self.value = value
        }
    }

    /// All values that could be read, in the order of the text.
    public let samples: [Sample]

    /// Reads the text format; lines that are not samples are skipped.
    public init(_ text: String) {
        samples = text.split(whereSeparator: \.isNewline).compactMap(Sample.init(line:))
    }

    /// How many snapshots of each collection are being made just now, by collection name; only those above 0.
    public var runningSnapshotCreations: [String: Int] { running("snapshot_creation_running") }

    /// How many snapshots of each collection are being restored just now, by collection name; only those above 0.
    public var runningSnapshotRecoveries: [String: Int] { running("snapshot_recovery_running") }

    /// The samples of a metric, whatever prefix the server's configuration (`service.metrics_prefix`) puts before it.
    public func samples(named name: String) -> [Sample] {
        samples.filter { $0.name.hasSuffix(name) }
    }

    private func running(_ name: String) -> [String: Int] {
        var counts: [String: Int] = [:]
        for sample in samples(named: name) where sample.value > 0 && sample.value < 1e9 {
            counts[sample.labels["id"] ?? "", default: 0] += Int(sample.value)
        }
        return counts
    }
}

extension QdrantMetrics.Sample {
    /// Reads `name{label="value",…} 1.5 [timestamp]`.
    init?(line: Substring) {
        guard line.first != "#" else { return nil }
        var rest = line
        let name = rest.prefix { $0 != "{" && !$0.isWhitespace }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            guard let found = Self.takeLabels(&rest) else { return nil }
            labels = found
        }
        guard !name.isEmpty, let word = rest.split(whereSeparator: \.isWhitespace).first, let value = Double(word)
        else {
            return nil
        }
        self.init(name: String(name), labels: labels, value: value)
    }

    /// Takes `a="b",c="d"}`; in values `\\`, `\"` and `\n` are escapes.
    private static func takeLabels(_ rest: inout Substring) -> [String: String]? {
        var labels: [String: String] = [:]
        while true {
            rest = rest.drop { $0 == "," || $0 == " " }
            guard let first = rest.first else { return nil }
            if first == "}" {
                rest = rest.dropFirst()
                return labels
            }
            let name = rest.prefix { $0 != "=" }
            rest = rest.dropFirst(name.count + 1)
            guard rest.first == "\"" else { return nil }
            rest = rest.dropFirst()
            var value = ""
            while let character = rest.popFirst(), character != "\"" {
                guard character == "\\" else {
                    value.append(character)
                    continue
                }
                guard let escaped = rest.popFirst() else { return nil }
                value.append(escaped == "n" ? "\n" : escaped)
            }
            labels[String(name)] = value
        }
    }
}
