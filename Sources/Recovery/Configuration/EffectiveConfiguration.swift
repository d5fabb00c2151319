internal import Foundation
internal import QdrantCapture
internal import ResticRepository

/// The configuration as it was understood, for whoever has to recover without the file: defaults filled in, paths absolute, secrets as
/// the places where they are kept and never resolved.
///
/// Stored beside the manifest of each restore point. Each section renders itself; one that is added later adds its part here.
public struct EffectiveConfiguration: Sendable, Hashable {
    /// Where it lies in the manifest's snapshot.
    public static let path = "holdfast/configuration.json"

    /// A value of it.
    public indirect enum Value: Sendable, Hashable {
        case text(String)
        case integer(Int)
        case flag(Bool)
        case number(Double)
        case list([Value])
        case mapping([String: Value])
    }

    /// The sections.
    public var sections: [String: Value]

    /// JSON, keys sorted, one line.
    public func encode() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(sections)) + [UInt8(ascii: "\n")]
    }
}

extension EffectiveConfiguration.Value: Encodable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .integer(let number): try container.encode(number)
        case .flag(let flag): try container.encode(flag)
        case .number(let number): try container.encode(number)
        case .list(let values): try container.encode(values)
        case .mapping(let values): try container.encode(values)
        }
    }

    /// A mapping without what is not set.
    static func section(_ values: [String: EffectiveConfiguration.Value?]) -> Self {
        .mapping(values.compactMapValues(\.self))
    }
    static func optional(_ text: String?) -> Self? { text.map { .text($0) } }
    static func patterns(_ patterns: [PathPattern]) -> Self? {
        patterns.isEmpty ? nil : .list(patterns.map { .text($0.text) })
    }
}

extension HoldfastConfiguration {
    /// What this configuration says, without secrets.
    public var effective: EffectiveConfiguration {
        var sections: [String: EffectiveConfiguration.Value] = [
            "version": .integer(version), "system": .text(system), "repository": repository.effective,
            "restore": restore.effective, "retention": retention.effective,
        ]
        sections["qdrant"] = qdrant?.effective
        if !otherRepositories.isEmpty {
            sections["otherRepositories"] = .list(otherRepositories.map(\.effective))
        }
        if !documents.isEmpty { sections["documents"] = .list(documents.map(\.effective)) }
        if !sealed.isEmpty { sections["configuration"] = .list(sealed.map(\.effective)) }
        if !code.isEmpty { sections["code"] = .list(code.map(\.effective)) }
        if !probes.isEmpty { sections["probes"] = .list(probes.map(\.effective)) }
        sections["recovery"] = recovery.effective
        sections["drill"] = drill.effective
        return EffectiveConfiguration(sections: sections)
    }
}

extension HoldfastConfiguration.Repository {
    private var isS3: Bool { if case .s3 = location { true } else { false } }

    var effective: EffectiveConfiguration.Value {
        .section([
            "location": .text("\(location)"), "password": .text("\(password)"),
            "compression": .text(compression.rawValue), "s3": isS3 ? s3.effective : nil,
            "name": .optional(name == "repository" ? nil : name),
        ])
    }
}

extension HoldfastConfiguration.Qdrant {
    var effective: EffectiveConfiguration.Value {
        .section([
            "url": .text(url.absoluteString), "api_key": .optional(apiKey.map { "\($0)" }),
            "ca_certificate": .optional(caCertificate),
            "collections": collections.isEmpty ? nil : .list(collections.map(\.effective)),
            "exclude": .patterns(exclude), "timeout": .text(ConfigurationDuration.render(timeout)),
            "cold": cold?.effective,
        ])
    }
}

extension HoldfastConfiguration.Collection {
    var effective: EffectiveConfiguration.Value {
        .section([
            "name": .text(name), "method": .text(method.rawValue), "golden_queries": .integer(goldenQueries),
            "embedding": embedding?.effective, "documents": .optional(lineage?.documents),
            "source_field": .optional(lineage?.field), "source_prefix": .optional(lineage?.sourcePrefix.nonEmpty),
            "path_prefix": .optional(lineage?.pathPrefix.nonEmpty),
        ])
    }
}

extension EmbeddingContract {
    var effective: EffectiveConfiguration.Value {
        .section([
            "model": .text(model), "revision": .optional(revision), "dimension": dimension.map { .integer($0) },
            "distance": .optional(distance?.rawValue), "chunking": .optional(chunking), "vector": .optional(vector),
        ])
    }
}

extension HoldfastConfiguration.Documents {
    var effective: EffectiveConfiguration.Value {
        .section([
            "name": .text(name), "path": .text(path), "include": .patterns(selection.include),
            "exclude": .patterns(selection.exclude),
        ])
    }
}

extension HoldfastConfiguration.Code {
    var effective: EffectiveConfiguration.Value {
        .section([
            "name": .text(name), "path": .text(path), "bundle": .flag(bundle), "untracked": .flag(untracked),
        ])
    }
}

extension HoldfastConfiguration.Restore {
    var effective: EffectiveConfiguration.Value {
        .section([
            "green_within": .text(ConfigurationDuration.render(greenWithin)),
            "score_tolerance": .number(scoreTolerance),
        ])
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
