internal import Foundation

/// What a restore point says about one checkout; `code.json` beside its bundles.
///
/// It holds no time, so that an unchanged repository gives the same bytes again. The JSON is a documented contract
/// (`docs/reference/restore-point.md`).
public struct CodeManifest: Sendable, Hashable, Codable {
    /// The version that this program writes, and the newest that it reads.
    public static let formatVersion = 1
    /// The longest file that is read, in bytes.
    static let maximumByteCount = 64 << 20

    /// A remote, without credentials.
    public struct Remote: Sendable, Hashable, Codable {
        /// Its name.
        public var name: String
        /// Where it is fetched from; several are pushed to in turn.
        public var urls: [String]
        /// Where it is pushed to, when that is another place.
        public var pushURLs: [String]
        /// What is fetched from it.
        public var fetch: [String]
    }

    /// What a branch follows.
    public struct Upstream: Sendable, Hashable, Codable {
        /// The branch's short name.
        public var branch: String
        /// The remote; `.` for the repository itself.
        public var remote: String
        /// The ref there.
        public var merge: String
    }

    /// A submodule. Its content is not in the bundles.
    public struct Submodule: Sendable, Hashable, Codable {
        /// Where it lies in the checkout.
        public var path: String
        /// Where it is to be had, without credentials; `nil` when `.gitmodules` does not say.
        public var url: String?
        /// The commit that belongs to the checked-out commit and what is staged.
        public var commit: String
        /// The commit that is checked out in it; `nil` when it is not initialised.
        public var checkedOut: String?
    }

    /// A file that was left out, and why.
    public struct LeftOut: Sendable, Hashable, Codable {
        /// Its path in the checkout.
        public var path: String
        /// The end of a sentence that begins with the path.
        public var reason: String
    }

    /// What was not committed.
    public struct Dirty: Sendable, Hashable, Codable {
        /// Files that differ from the commit, staged or not.
        public var changedFiles: Int
        /// Of these, files that the commit lacks.
        public var addedFiles: Int
        /// Files that git does not know and does not ignore.
        public var untrackedFiles: Int
        /// The length of `dirty.patch` in bytes; 0 when there is none.
        public var patchBytes: Int64
        /// What the patch changes, as a hash of the ids of the files before and after (see ``PatchFingerprint``), 64 hex digits.
        public var fingerprint: String
        /// Files that look as if they hold secrets, and folders that are repositories of their own.
        public var leftOut: [LeftOut]
        /// What is under way: `merge`, `rebase`, `cherry-pick`, `revert`, `bisect`; `nil` otherwise.
        public var operation: String?

        /// Whether the checked-out files are those of the commit.
        public var isClean: Bool { changedFiles == 0 && untrackedFiles == 0 && leftOut.isEmpty }
    }

    /// A bundle of the set that the repository is rebuilt from.
    public struct Bundle: Sendable, Hashable, Codable {
        /// Its number, from 1: `bundles/1.bundle`.
        public var number: Int
        /// Its length in bytes.
        public var bytes: Int64
        /// The tips that it added: commits or whatever a tag is for.
        public var tips: [String]
    }

    /// The version of this file.
    public var format: Int
    /// The checkout's name in restore points.
    public var name: String
    /// Where it was.
    public var path: String
    /// Whether it has no checked-out files.
    public var isBare: Bool
    /// `sha1` or `sha256`.
    public var objectFormat: String
    /// The checked-out commit; `nil` before the first one.
    public var commit: String?
    /// The whole name of the checked-out branch; `nil` when `HEAD` is detached.
    public var branch: String?
    /// The commit as `git describe --tags --always` puts it.
    public var describe: String?
    /// How many commits lead to the checked-out one, itself included.
    public var commits: Int
    /// Branches and tags by their whole names.
    public var refs: [String: String]
    /// For a shallow clone, the commits whose parents are not there.
    public var shallow: [String]
    /// The remotes by name.
    public var remotes: [Remote]
    /// What the branches follow.
    public var upstreams: [Upstream]
    /// The submodules by path.
    public var submodules: [Submodule]
    /// How many stashes there were; they are not in the bundles.
    public var stashes: Int
    /// What was not committed; `nil` for a bare repository.
    public var dirty: Dirty?
    /// The bundles, in the order in which they are needed; empty when none were wanted or there is no commit.
    public var bundles: [Bundle]
    /// Why there is no bundle although one was wanted.
    public var bundleMissing: String?
    /// Settings that a rebuilt repository needs to see the same files, `name=value`.
    public var settings: [String]
    /// The version of git that wrote all this.
    public var gitVersion: String

    /// The branch as people say it.
    public var shortBranch: String? { branch.map { $0.hasPrefix("refs/heads/") ? String($0.dropFirst(11)) : $0 } }

    /// Where a checkout lies in its snapshot.
    static func folder(_ name: String) -> String { "code/\(name)" }
    static func path(_ name: String) -> String { "code/\(name)/code.json" }
    static func patchPath(_ name: String) -> String { "code/\(name)/dirty.patch" }
    static func untrackedPath(_ name: String) -> String { "code/\(name)/untracked" }
    static func bundlePath(_ name: String, _ number: Int) -> String { "code/\(name)/bundles/\(number).bundle" }

    /// The file's bytes: JSON, keys sorted, one line.
    func encode() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }
}

extension CodeManifest {
    /// Reads the file's bytes.
    ///
    /// - Throws: ``RecoveryError/Code/damagedRestorePoint``, also for what would make `git` do something else than restore: ids that
    ///   are none, names that are options or lead out of `refs`.
    init(reading bytes: [UInt8], of name: String) throws {
        func damaged(_ reason: String, _ cause: (any Error)? = nil) -> RecoveryError {
            RecoveryError(
                .damagedRestorePoint,
                "\(Self.path(name)) cannot be used: \(reason)",
                hint: "Run 'holdfast repo check', and try an older restore point.",
                cause: cause
            )
        }
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch {
            throw damaged("it cannot be read", error)
        }
        guard format <= Self.formatVersion else { throw damaged("it has format \(format), newer than this program") }
        let ids = Array(refs.values) + bundles.flatMap(\.tips) + shallow + [commit].compactMap(\.self)
        guard ids.allSatisfy(Self.isID), ["sha1", "sha256"].contains(objectFormat) else {
            throw damaged("it names something that is no object of git")
        }
        guard (Array(refs.keys) + [branch].compactMap(\.self)).allSatisfy(Self.isRef) else {
            throw damaged("it names a branch or tag that git cannot have")
        }
        guard bundles.map(\.number) == Array(1..<(bundles.count + 1)), bundles.allSatisfy({ $0.bytes >= 0 }) else {
            throw damaged("its bundles are not numbered from 1")
        }
        var total: Int64 = 0
        for number in bundles.map(\.bytes) + numbers {
            let (sum, overflow) = total.addingReportingOverflow(number)
            guard number >= 0, !overflow else { throw damaged("it holds impossible numbers") }
            total = sum
        }
        guard remotes.allSatisfy({ Self.isPlain($0.name) }), upstreams.allSatisfy({ Self.isPlain($0.branch) }),
            settings.allSatisfy(Self.isSetting)
        else { throw damaged("it holds a name that git cannot have") }
    }

    private var numbers: [Int64] {
        let counts = [commits, stashes, dirty?.changedFiles, dirty?.addedFiles, dirty?.untrackedFiles]
        return counts.compactMap { $0.map { Int64($0) } } + [dirty?.patchBytes ?? 0]
    }

    private static func isID(_ text: String) -> Bool {
        [40, 64].contains(text.utf8.count) && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }

    /// git-check-ref-format(1), as far as it keeps a name from being read as something else.
    private static func isRef(_ name: String) -> Bool {
        (name.hasPrefix("refs/heads/") || name.hasPrefix("refs/tags/")) && isPlain(name)
            && !name.split(separator: "/", omittingEmptySubsequences: false).contains {
                $0.isEmpty || $0.hasPrefix(".") || $0.hasPrefix("-") || $0.hasSuffix(".lock")
            }
    }

    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix("-") && !name.contains("..")
            && name.unicodeScalars.allSatisfy {
                $0.value > 0x20 && $0.value != 0x7F && !"~^:?*[\\".unicodeScalars.contains($0)
            }
    }

    private static func isSetting(_ text: String) -> Bool {
        var settings = GitSettings()
        settings.add([text.replacing("=", with: "\n", maxReplacements: 1)])
        return settings.harmless == [text]
    }
}
