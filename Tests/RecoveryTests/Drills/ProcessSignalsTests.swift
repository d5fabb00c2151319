import Foundation
import Recovery
import Testing

@Suite("A program that is started by a task")
struct ProcessSignalsTests {
    @Test("has no signal blocked, so that it can be asked to end")
    func mask() throws {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/bin/sed")
        process.arguments = ["-n", "s/^SigBlk:[[:space:]]*//p", "/proc/self/status"]
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.runWithAllSignals()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(text.trimmingCharacters(in: .whitespacesAndNewlines) == "0000000000000000")
    }
}
