/// The `git` program, run so that nothing of the repository it looks at is executed, and nobody is asked anything.
///
/// A repository decides what `git` runs: hooks, `core.fsmonitor`, filters, `diff.external`, textconv, aliases, pagers, credential helpers
/// (git-config(1), githooks(5), gitattributes(5)). Captures therefore never work in the repository itself but in a ``GitView`` of
/// it, whose configuration is ours. The configurations of the user and the system are left out for the same reason, and because what a
/// backup holds must not depend on them. No network is used in either direction.
struct Git: Sendable {
    /// The program: a name to look for in `PATH`, or a path.
    var program = "git"
    /// The folder with `HEAD`, `refs` and `objects`: always named, so that none is looked for and no owner is asked about.
    let gitDirectory: String
    /// The folder of the checked-out files; `nil` for a bare repository.
    var workTree: String?
    /// Settings for every command, `name=value`.
    var settings: [String] = []
    /// Whether it runs in the folder of the checked-out files; only in one that we made.
    var runsInWorkTree = false

    /// What holds for every command. `core.hooksPath` and the rest are for work in a repository that has a configuration of its own.
    private static let safeSettings = [
        "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.attributesFile=/dev/null",
        "core.alternateRefsCommand=",
        "core.pager=cat", "core.quotePath=false", "protocol.allow=never", "gc.auto=0", "maintenance.auto=false",
        "submodule.recurse=false", "diff.external=", "advice.detachedHead=false",
    ]

    func arguments(_ command: [String]) -> [String] {
        var arguments = ["--git-dir=\(gitDirectory)"]
        if let workTree, runsInWorkTree { arguments += ["-C", workTree] }
        if let workTree { arguments.append("--work-tree=\(workTree)") }
        arguments.append("--no-pager")
        for setting in Self.safeSettings + settings { arguments += ["-c", setting] }
        return arguments + command
    }

    /// The whole environment: of ours only what finding programs and temporary files needs.
    func variables(_ inherited: [String: String]) -> [String: String] {
        var variables = [
            "LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "/bin/false",
            "SSH_ASKPASS": "/bin/false", "GIT_SSH_COMMAND": "/bin/false", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_ATTR_NOSYSTEM": "1",
            "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": "none", "GIT_EDITOR": ":", "HOME": "/nonexistent",
            // For the log of refs, where the user's own configuration would say.
            "GIT_COMMITTER_NAME": "Holdfast", "GIT_COMMITTER_EMAIL": "holdfast@localhost",
        ]
        for name in ["PATH", "TMPDIR", "LD_LIBRARY_PATH", "GIT_EXEC_PATH"] { variables[name] = inherited[name] }
        return variables
    }
}

/// How a `git` command ended that was allowed to fail.
struct GitOutcome: Sendable {
    let status: Int32
    let output: [UInt8]
    /// The beginning of what it said, in English.
    let errors: String

    var succeeded: Bool { status == 0 }
    var text: String { String(decoding: output, as: UTF8.self) }
    /// The output without line breaks at its end.
    var line: String { text.trimmingSuffix("\n") }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
    /// The output of a command with `-z`, piece by piece.
    var items: [String] { output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) } }
}

extension String {
    fileprivate func trimmingSuffix(_ character: Character) -> String {
        var text = self[...]
        while text.last == character { text.removeLast() }
        return String(text)
    }
}
