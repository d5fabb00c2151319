internal import Foundation

/// Where the parts of a repository of `git` lie, found without asking `git` (gitrepository-layout(5)): asking it would read the
/// repository's configuration, and refuse one that belongs to somebody else.
struct GitLayout: Sendable, Hashable {
    /// The folder that was named.
    let path: String
    /// The folder with this checkout's `HEAD` and index: `.git`, or where the file `.git` of a linked worktree or submodule points.
    let gitDirectory: String
    /// The folder with what all worktrees share: objects, refs, configuration.
    let commonDirectory: String
    /// Whether there are no checked-out files.
    let isBare: Bool

    /// Looks at a folder.
    ///
    /// - Throws: ``RecoveryError/Code/codeUnreadable`` when it is not there, or is not the top of a checkout or a bare repository.
    init(at path: String) throws {
        self.path = path
        guard let type = Self.type(path) else {
            throw RecoveryError(
                .codeUnreadable,
                "the folder '\(path)' of the code is not there",
                hint: "Is its disk mounted, and is 'path' right?"
            )
        }
        guard type == .typeDirectory || type == .typeSymbolicLink else {
            throw RecoveryError(
                .codeUnreadable,
                "'\(path)' is not a folder",
                hint: "Name the folder that holds '.git'."
            )
        }
        let dot = "\(path)/.git"
        switch Self.type(dot) {
        case .typeDirectory?:
            gitDirectory = dot
            isBare = false
        case .typeSymbolicLink?:
            gitDirectory = URL(filePath: dot).resolvingSymlinksInPath().path
            isBare = false
        case .typeRegular?:
            gitDirectory = try Self.target(ofFile: dot, key: "gitdir:", relativeTo: path)
            isBare = false
        default:
            gitDirectory = path
            isBare = true
        }
        let shared = "\(gitDirectory)/commondir"
        commonDirectory =
            Self.type(shared) == nil
            ? gitDirectory : try Self.target(ofFile: shared, key: "", relativeTo: gitDirectory)
        guard Self.type("\(gitDirectory)/HEAD") != nil, Self.type("\(commonDirectory)/objects") != nil,
            Self.type("\(commonDirectory)/refs") != nil
        else { throw Self.notARepository(path) }
    }

    private static func notARepository(_ path: String) -> RecoveryError {
        var parent = URL(filePath: path).standardizedFileURL
        var top: String?
        while top == nil, parent.path != "/" {
            parent.deleteLastPathComponent()
            if type(parent.appending(path: ".git").path) != nil { top = parent.path }
        }
        return RecoveryError(
            .codeUnreadable,
            "the folder '\(path)' is no repository of git",
            hint: top.map { "It lies inside the checkout '\($0)': name that as the 'path'." }
                ?? "Name the folder that holds '.git'; a folder without one can be protected under 'documents'."
        )
    }

    /// What a file says after a key, as a path.
    private static func target(ofFile file: String, key: String, relativeTo folder: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: file), data.count < 65_536 else {
            throw RecoveryError(.codeUnreadable, "the file '\(file)' cannot be read", hint: "May this user read it?")
        }
        let text = String(decoding: data, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
        guard text.hasPrefix(key) else { throw notARepository(folder) }
        let path = text.dropFirst(key.count).drop { $0 == " " }
        guard !path.isEmpty else { throw notARepository(folder) }
        return path.hasPrefix("/")
            ? String(path) : URL(filePath: "\(folder)/\(path)").standardizedFileURL.path
    }

    static func type(_ path: String) -> FileAttributeType? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType
    }
}
