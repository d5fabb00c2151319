internal import Foundation
internal import ServiceLifecycle

/// Ends when another process is gone, so that a chatbot started by a test or a demo never outlives it.
struct ParentWatch: Service {
    let processID: Int32
    /// How often it looks.
    var interval = Duration.milliseconds(250)

    func run() async throws {
        let processID = processID
        let interval = interval
        let beginning = Self.beginning(of: processID)
        // Returning ends the group that this is a service of; being shut down is no reason to throw.
        try? await cancelWhenGracefulShutdown {
            while Self.isAlive(processID), Self.beginning(of: processID) == beginning {
                try await Task.sleep(for: interval)
            }
        }
    }

    /// Whether the process exists and has not ended: a zombie has, though its number is still taken.
    static func isAlive(_ processID: Int32) -> Bool {
        if let fields = fields(of: processID) { return fields.first != "Z" && fields.first != "X" }
        return kill(processID, 0) == 0 || errno == EPERM
    }

    /// When it was started, in the kernel's ticks: a number may be given to another process later.
    private static func beginning(of processID: Int32) -> Substring? {
        // proc(5): the 22nd field, of which the first two are cut off here.
        fields(of: processID).flatMap { $0.count > 19 ? $0[19] : nil }
    }

    /// The fields of `/proc/<pid>/stat` behind the program's name, which may hold blanks and brackets.
    private static func fields(of processID: Int32) -> [Substring]? {
        guard let text = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        return text[text.index(after: end)...].split(separator: " ")
    }
}
