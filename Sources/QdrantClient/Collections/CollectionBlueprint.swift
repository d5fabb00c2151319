/// What makes a collection like one whose configuration was saved.
///
/// Collection info and the creation body have the same parts in different places (Qdrant 1.19.0, OpenAPI schemas
/// `CollectionConfig`, `CreateCollection`, `CollectionParamsDiff`): `params` is flattened, `optimizer_config` becomes
/// `optimizers_config`, and the read fan-out can only be set by an update afterwards.
public struct CollectionBlueprint: Sendable, Hashable {
    /// The creation body.
    public var creation: JSONObject
    /// What is left to set by an update of the new collection; `nil` when nothing is.
    public var update: JSONObject?
    /// Fields that this version does not know and that are in neither body, as paths: a newer server's settings. A restore
    /// should report them.
    public var unknownFields: [String]

    /// Makes the bodies from the `config` of collection info. Pure; nulls are left out.
    public init(config: JSONObject) {
        creation = JSONObject()
        unknownFields = []
        var fanOut = JSONObject()
        for member in config.withoutNulls.members {
            switch member.key {
            case "params":
                for parameter in member.value.objectValue?.members ?? [] {
                    if Self.creationParameters.contains(parameter.key) {
                        creation[parameter.key] = parameter.value
                    } else if Self.updateParameters.contains(parameter.key) {
                        fanOut[parameter.key] = parameter.value
                    } else {
                        unknownFields.append("params.\(parameter.key)")
                    }
                }
            case "optimizer_config":
                creation["optimizers_config"] = member.value
            case "hnsw_config", "wal_config", "quantization_config", "strict_mode_config", "metadata":
                creation[member.key] = member.value
            default:
                unknownFields.append(member.key)
            }
        }
        update = fanOut.isEmpty ? nil : ["params": .object(fanOut)]
    }

    private static let creationParameters: Set<String> = [
        "vectors", "sparse_vectors", "shard_number", "sharding_method", "replication_factor",
        "write_consistency_factor",
        "on_disk_payload", "payload",
    ]
    private static let updateParameters: Set<String> = ["read_fan_out_factor", "read_fan_out_delay_ms"]
}

extension JSONObject {
    /// The same without members that are null, at any depth of objects except inside `metadata`, where a null is data.
    var withoutNulls: JSONObject {
        JSONObject(
            distinct: members.compactMap { member in
                guard !member.value.isNull else { return nil }
                guard let object = member.value.objectValue, member.key != "metadata" else { return member }
                return Member(key: member.key, value: .object(object.withoutNulls))
            }
        )
    }
}
