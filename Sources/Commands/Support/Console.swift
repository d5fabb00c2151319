internal import Foundation
internal import Locks

/// The two channels of a command: standard output is the result, standard error the conversation.
enum Console {
    private static let lock = Mutex(())

    /// Writes a line of the result.
    static func result(_ text: String) {
        write(text + "\n", to: .standardOutput)
    }

    /// Writes a line of the conversation.
    static func note(_ text: String) {
        write(text + "\n", to: .standardError)
    }

    /// Writes to standard error as it is; for progress.
    static func raw(_ text: String) {
        write(text, to: .standardError)
    }

    /// Writes a value as JSON, keys sorted.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        result(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Whether somebody looks at standard error.
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
    /// Whether somebody can be asked.
    static var canAsk: Bool { isatty(STDIN_FILENO) == 1 && isTerminal }

    /// Asks a question that is answered with yes or no.
    static func confirm(_ question: String) -> Bool {
        raw("\(question) [yes/no] ")
        return readLine()?.trimmingCharacters(in: .whitespaces).lowercased() == "yes"
    }

    /// Asks for a secret without showing it.
    static func askSecret(_ prompt: String) -> [UInt8]? {
        raw(prompt)
        var old = termios()
        guard tcgetattr(STDIN_FILENO, &old) == 0 else { return nil }
        var silent = old
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &old)
            raw("\n")
        }
        return readLine().map { Array($0.utf8) }
    }

    private static func write(_ text: String, to handle: FileHandle) {
        lock.withLock { _ in
            // A reader that has gone away (`holdfast points | head`) is no failure of ours.
            try? handle.write(contentsOf: Data(text.utf8))
        }
    }
}
