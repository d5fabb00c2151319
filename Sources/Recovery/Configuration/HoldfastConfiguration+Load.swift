internal import FoundationEssentials
internal import SystemPackage

extension HoldfastConfiguration {
    /// Reads and checks a configuration file.
    ///
    /// - Parameter path: The file, absolute or relative to the current folder. Relative paths in it are relative to the
    ///   folder it is in.
    /// - Throws: ``ConfigurationError`` with all findings at once.
    public static func load(from path: String = defaultFileName) throws(ConfigurationError) -> HoldfastConfiguration {
        let file = try read(path)
        let current = FileManager.default.currentDirectoryPath
        let absolute = ConfigurationPath.absolute(path, in: current)
        return try parse(file.bytes, file: path, folder: ConfigurationPath.parent(of: absolute))
    }

    /// Reads a configuration from memory.
    ///
    /// - Parameters:
    ///   - bytes: The content of the file, UTF-8, with or without a byte order mark.
    ///   - file: How findings name the file.
    ///   - folder: The absolute path that relative paths are relative to.
    /// - Throws: ``ConfigurationError`` with all findings at once.
    public static func parse(
        _ bytes: some Swift.Collection<UInt8>,
        file: String,
        folder: String
    ) throws(ConfigurationError) -> HoldfastConfiguration {
        let source = ConfigurationSource(file: file, text: try text(bytes, file: file))
        let preflight = ConfigurationPreflight.check(source)
        guard !preflight.hasErrors else { throw refusal(preflight) }
        var tree = ConfigurationTree(source)
        guard let root = tree.read(), !root.isNothing else {
            guard !tree.report.hasErrors else { throw refusal(tree.report) }
            throw empty(file)
        }
        var decoder = ConfigurationDecoder(folder: folder, report: tree.report)
        guard let configuration = decoder.decode(root), !decoder.report.hasErrors else { throw refusal(decoder.report) }
        return configuration
    }

    private static func read(_ path: String) throws(ConfigurationError) -> ConfigurationFile {
        do {
            return try ConfigurationFile.read(path, limit: maximumFileSize)
        } catch .notFound {
            throw ConfigurationError(
                .notFound,
                "there is no configuration file '\(path)'",
                hint: "Run `holdfast init` to write one, or name another with `--config FILE`."
            )
        } catch .isFolder {
            throw ConfigurationError(
                .unreadable,
                "'\(path)' is a folder, not a configuration file",
                hint: "Name the file in it."
            )
        } catch .tooLarge {
            throw tooLarge(path)
        } catch {
            throw ConfigurationError(
                .unreadable,
                "the configuration file '\(path)' cannot be read",
                hint: "May this user read it?",
                cause: error
            )
        }
    }

    private static func tooLarge(_ file: String) -> ConfigurationError {
        ConfigurationError(
            .tooLarge,
            "'\(file)' is larger than \(maximumFileSize >> 10) KiB",
            hint: "Is it a configuration file?"
        )
    }

    private static func empty(_ file: String) -> ConfigurationError {
        ConfigurationError(
            .empty,
            "'\(file)' says nothing",
            hint: "Run `holdfast init` to write a first configuration."
        )
    }

    private static func text(
        _ bytes: some Swift.Collection<UInt8>,
        file: String
    ) throws(ConfigurationError) -> String {
        guard bytes.count <= maximumFileSize else { throw tooLarge(file) }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let content = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : Array(bytes)
        guard let text = String(validating: content, as: UTF8.self) else {
            throw ConfigurationError(
                .notUTF8,
                "'\(file)' is not text in UTF-8: see line \(line(ofInvalid: content))",
                hint: "Save the file in UTF-8."
            )
        }
        guard text.contains(where: { !$0.isWhitespace }) else { throw empty(file) }
        return text
    }

    /// The line of the first byte that is not UTF-8, from 1.
    private static func line(ofInvalid bytes: [UInt8]) -> Int {
        var line = 1
        for unit in PathUnits.decode(bytes) {
            if unit >= PathUnits.invalidByteBase { break }
            if unit == UInt32(UInt8(ascii: "\n")) { line += 1 }
        }
        return line
    }

    private static func refusal(_ report: ConfigurationReport) -> ConfigurationError {
        let all = report.sorted
        let count = report.errorCount
        let shown = Array(all.prefix(ConfigurationReport.maximumCount))
        let rest = all.count + report.omittedErrors - shown.count
        return ConfigurationError(
            .invalid,
            "'\(report.source.file)' has \(count == 1 ? "an error" : "\(count) errors")"
                + (rest > 0 ? ", of which the first \(shown.count) findings are shown" : ""),
            hint: "Correct the file and run the command again; docs/reference/configuration.md explains every key.",
            diagnostics: shown
        )
    }
}
