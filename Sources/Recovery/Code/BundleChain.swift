internal import ResticFormat
internal import ResticRepository

/// The bundles that an earlier restore point holds of a repository.
struct BundleChain: Sendable {
    /// A bundle whose content is in the repository already.
    struct Stored: Sendable {
        var bundle: CodeManifest.Bundle
        var blobs: [ResticID]
    }

    /// How many bundles a restore point may need; then a new full one is made. A restore unpacks one after the other.
    static let maximumLength = 30

    var stored: [Stored] = []
    var shallow: [String] = []
    var objectFormat = "sha1"

    /// Everything that the bundles were made to hold.
    var tips: [String] { Set(stored.flatMap(\.bundle.tips)).sorted() }

    /// The newest chain of a checkout that is still whole in the repository.
    static func newest(of name: String, in context: CaptureContext, _ writer: BlobWriter) async throws -> BundleChain? {
        for point in context.previous
        where point.manifest[.code]?.checkouts?.contains(where: { $0.name == name }) ?? false {
            do {
                if let chain = try await load(name, of: point, context.repository, writer) { return chain }
            } catch let error as RepositoryError where error.code == .damaged || error.code == .missing {
                continue  // A damaged one only costs time and space: another is looked for, or a full bundle made.
            } catch let error as RecoveryError where error.code == .damagedRestorePoint {
                continue
            }
        }
        return nil
    }

    private static func load(
        _ name: String,
        of point: RestorePoint,
        _ repository: IndexedRepository,
        _ writer: BlobWriter
    ) async throws -> BundleChain? {
        let tree = try point.tree(of: .code)
        let manifest = try await StoredCheckout(name, in: tree, of: repository).manifest
        guard !manifest.bundles.isEmpty else { return nil }
        var chain = BundleChain(shallow: manifest.shallow, objectFormat: manifest.objectFormat)
        for bundle in manifest.bundles {
            let node = try await repository.node(at: CodeManifest.bundlePath(name, bundle.number), in: tree)
            guard let blobs = node?.content, node?.size == UInt64(bundle.bytes), writer.holds(blobs) else { return nil }
            chain.stored.append(Stored(bundle: bundle, blobs: blobs))
        }
        return chain
    }
}

/// A checkout in a snapshot.
struct StoredCheckout: Sendable {
    let manifest: CodeManifest
    let tree: ResticID
    let repository: IndexedRepository

    init(_ name: String, in tree: ResticID, of repository: IndexedRepository) async throws {
        self.tree = tree
        self.repository = repository
        guard
            let bytes = try await repository.readFile(
                at: CodeManifest.path(name),
                in: tree,
                limit: CodeManifest.maximumByteCount
            )
        else {
            throw RecoveryError(
                .damagedRestorePoint,
                "the snapshot lacks \(CodeManifest.path(name))",
                hint: "Run 'holdfast repo check', and try an older restore point."
            )
        }
        manifest = try CodeManifest(reading: bytes, of: name)
    }

    /// A bundle's or patch's content as a stream.
    func content(at path: String) async throws -> BlobSequence {
        guard let node = try await repository.node(at: path, in: tree), let blobs = node.content else {
            throw RecoveryError(
                .damagedRestorePoint,
                "the snapshot lacks \(path)",
                hint: "Run 'holdfast repo check', and try an older restore point."
            )
        }
        return repository.content(of: blobs)
    }

    func untracked() async throws -> ResticID? {
        try await repository.node(at: CodeManifest.untrackedPath(manifest.name), in: tree)?.subtree
    }
}
