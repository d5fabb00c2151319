internal import NIOCore
internal import ResticFormat
internal import ResticRepository

/// Decides which bundles a restore point needs, and makes the one that is missing.
struct BundleMaker {
    let view: GitView
    let writer: BlobWriter
    let progress: @Sendable (Int64) -> Void

    /// The bundles of this restore point.
    ///
    /// Bundles that an earlier one holds are taken over by their blobs. A new full one is made when there is none, when the chain has
    /// become long, when a clone was deepened, and when history was rewritten: what is not reachable any more has gone from the
    /// repository, perhaps on purpose, and is not carried on.
    func bundles(after chain: BundleChain?) async throws -> [BundleChain.Stored] {
        let tips = view.tips
        guard !tips.isEmpty else { return [] }
        guard let chain, chain.shallow == view.shallow, chain.objectFormat == view.objectFormat,
            !(try await isRewritten(since: chain))
        else { return [try await make(1, adding: tips, without: [])] }
        let known = chain.tips
        let new = tips.filter { !known.contains($0) }
        guard try await hasObjects(in: new, beyond: known) else { return chain.stored }
        guard chain.stored.count < BundleChain.maximumLength else {
            return [try await make(1, adding: tips, without: [])]
        }
        return chain.stored + [try await make(chain.stored.count + 1, adding: new, without: known)]
    }

    /// Whether anything that the chain was made to hold is reachable no longer, or is gone already.
    private func isRewritten(since chain: BundleChain) async throws -> Bool {
        let lost = try await git.attempt(
            ["rev-list", "--max-count=1", "--stdin"],
            input: Self.lines(chain.tips, without: view.tips)
        )
        return !lost.succeeded || !lost.output.isEmpty
    }

    /// An empty bundle is refused by `git`, and there is nothing to store when a branch was set to a commit that is there already.
    private func hasObjects(in new: [String], beyond known: [String]) async throws -> Bool {
        guard !new.isEmpty else { return false }
        let found = try await git.run(
            ["rev-list", "--objects", "--max-count=1", "--stdin"],
            input: Self.lines(new, without: known)
        )
        return !found.output.isEmpty
    }

    private var git: Git { view.git }

    private static func lines(_ wanted: [String], without known: [String]) -> [UInt8] {
        Array((wanted + known.map { "^\($0)" }).map { $0 + "\n" }.joined().utf8)
    }

    /// The longest header, in bytes: a line for each branch and tag.
    private static let headerLimit = 64 << 20

    /// Streams a bundle into the repository, and has `git` verify it against the repository it is of. That reads the header alone: the
    /// pack's checksum and objects are proven when it is unpacked (`git index-pack`), that is in every restore.
    private func make(_ number: Int, adding tips: [String], without known: [String]) async throws -> BundleChain.Stored
    {
        var content = writer.makeContent()
        var header: [UInt8] = []
        var isHeaderWhole = false
        var count: Int64 = 0
        var command = ["bundle", "create", "--quiet", "-", "--all"]
        if !known.isEmpty { command.append("--stdin") }
        try await git.stream(command, input: Self.lines([], without: known)) { buffer in
            count += Int64(buffer.readableBytes)
            progress(Int64(buffer.readableBytes))
            if !isHeaderWhole {
                header.append(contentsOf: buffer.readableBytesView)
                if let end = header.firstRange(of: Array("\n\n".utf8)) {
                    header.removeSubrange(end.upperBound...)
                    isHeaderWhole = true
                }
                guard header.count <= Self.headerLimit else {
                    throw RecoveryError(
                        .codeUnreadable,
                        "the bundle of '\(view.layout.path)' has a header without an end"
                    )
                }
            }
            try await content.feed(buffer)
        }
        let stored = try await content.finish()
        guard isHeaderWhole, stored.byteCount == count else {
            throw RecoveryError(.codeUnreadable, "'git bundle create' made no bundle of '\(view.layout.path)'")
        }
        try await git.run(["bundle", "verify", "--quiet", "/dev/stdin"], input: header)
        return BundleChain.Stored(
            bundle: CodeManifest.Bundle(number: number, bytes: count, tips: tips),
            blobs: try await stored.blobs()
        )
    }
}
