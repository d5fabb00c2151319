internal import Foundation

/// What a storage folder of Qdrant says of itself, from the names of its files alone (reference, section 2.3: `collections/NAME/` with
/// `config.json` and a folder for each shard, `aliases/data.json`, `raft_state.json`).
struct StorageLayout: Sendable, Hashable {
    /// A collection in it.
    struct Collection: Sendable, Hashable {
        /// Its name.
        var name: String
        /// Its shard folders.
        var shards: Int
    }

    /// The collections, in the order of their names.
    var collections: [Collection]
    /// Collections by their aliases.
    var aliases: [String: String]
    /// Remarkable things.
    var warnings: [String]

    /// Reads it.
    ///
    /// - Throws: ``RecoveryError/Code/notConfigured`` when the folder is no storage of Qdrant; ``RecoveryError/Code/emptySource`` when
    ///   it is not there.
    static func read(_ path: String) throws -> StorageLayout {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw RecoveryError(
                .emptySource,
                "there is no storage folder '\(path)'",
                hint: "Is its disk mounted, and may this user look there?"
            )
        }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw RecoveryError(
                .emptySource,
                "the storage folder '\(path)' cannot be read",
                hint: "May this user read it? The files of a container usually belong to root.",
                cause: error
            )
        }
        guard names.contains("collections") else {
            let inner = names.contains("storage") ? " It holds a folder 'storage': is that the one?" : ""
            throw RecoveryError(
                names.isEmpty ? .emptySource : .notConfigured,
                names.isEmpty
                    ? "the storage folder '\(path)' is empty"
                    : "'\(path)' is no storage folder of Qdrant: it has no 'collections'",
                hint:
                    "Name the folder that the server has as 'storage.storage_path', in its container '/qdrant/storage'.\(inner)"
            )
        }
        return read(existing: path)
    }

    private static func read(existing path: String) -> StorageLayout {
        var warnings: [String] = []
        let folder = path + "/collections"
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        let collections = names.compactMap { name -> Collection? in
            guard FileManager.default.fileExists(atPath: "\(folder)/\(name)/config.json") else {
                if !name.hasPrefix(".") {
                    warnings.append(
                        "'collections/\(name)' holds no collection: it was never finished, or is being deleted"
                    )
                }
                return nil
            }
            let inside = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)")) ?? []
            if let flag = inside.first(where: { $0.hasSuffix(".initializing") }) {
                warnings.append("collection '\(name)' has the mark '\(flag)' of a restore that was interrupted")
            }
            return Collection(name: name, shards: inside.count { UInt32($0) != nil })
        }
        return StorageLayout(collections: collections, aliases: aliases(in: path, &warnings), warnings: warnings)
    }

    private static func aliases(in path: String, _ warnings: inout [String]) -> [String: String] {
        guard let data = FileManager.default.contents(atPath: path + "/aliases/data.json"), !data.isEmpty else {
            return [:]
        }
        guard let aliases = try? JSONDecoder().decode([String: String].self, from: data) else {
            warnings.append("'aliases/data.json' cannot be read; it is taken as it is")
            return [:]
        }
        return aliases
    }
}
