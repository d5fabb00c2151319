public import FoundationEssentials

extension SecretReference {
    /// The largest secret that is taken, in bytes.
    public static let maximumSize = 64 * 1024

    /// Gets the secret.
    ///
    /// One line break at the end of a file or of a command's output is not part of the secret.
    ///
    /// - Parameters:
    ///   - environment: The variables that `env:` looks in, and that a command gets.
    ///   - timeout: How long a command may run.
    /// - Returns: The secret, with a warning when every user of the machine may read its file.
    /// - Throws: ``SecretError``, or `CancellationError` when the task is cancelled while a command runs.
    public func resolve(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        timeout: Duration = .seconds(30)
    ) async throws -> Secret {
        switch self {
        case .environment(let name): try Self.variable(name, in: environment)
        case .file(let path): try Self.content(of: path)
        case .command(let command):
            Secret(
                try Self.stripped(
                    try await command.run(environment: environment, timeout: timeout),
                    of: "the output of '\(command.program)'"
                )
            )
        }
    }

    private static func variable(_ name: String, in environment: [String: String]) throws(SecretError) -> Secret {
        guard let value = environment[name] else {
            throw .init(
                .notSet,
                "the environment variable \(name) is not set",
                hint: "Set it for this program, for example with `read -rs \(name) && export \(name)`."
            )
        }
        guard !value.isEmpty else {
            throw .init(
                .empty,
                "the environment variable \(name) is empty",
                hint: "Was it set from a command that failed?"
            )
        }
        guard value.utf8.count <= maximumSize else { throw tooLarge("the environment variable \(name)") }
        return Secret(value)
    }

    private static func content(of path: String) throws(SecretError) -> Secret {
        let file: ConfigurationFile
        do {
            file = try ConfigurationFile.read(path, limit: maximumSize)
        } catch .notFound {
            throw .init(
                .fileNotFound,
                "there is no file '\(path)'",
                hint: "Write the secret into it, readable by this user only."
            )
        } catch .tooLarge {
            throw tooLarge("the file '\(path)'")
        } catch .isFolder {
            throw .init(.fileUnreadable, "'\(path)' is a folder, not a file", hint: "Name the file in it.")
        } catch {
            throw .init(
                .fileUnreadable,
                "the file '\(path)' cannot be read",
                hint: "May this user read it?",
                cause: error
            )
        }
        let warning = "every user of this machine may read '\(path)': run `chmod 600` on it"
        return Secret(
            try stripped(file.bytes, of: "the file '\(path)'"),
            warnings: file.isReadableByEveryone ? [warning] : []
        )
    }

    private static func stripped(_ bytes: [UInt8], of place: String) throws(SecretError) -> [UInt8] {
        var bytes = bytes
        if bytes.last == UInt8(ascii: "\n") {
            bytes.removeLast()
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        }
        guard !bytes.isEmpty else { throw .init(.empty, "\(place) is empty", hint: "Put the secret there.") }
        return bytes
    }

    static func tooLarge(_ place: String) -> SecretError {
        .init(.tooLarge, "\(place) holds more than \(maximumSize >> 10) KiB", hint: "Is it the right place?")
    }
}
