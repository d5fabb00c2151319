internal import ArgumentParser
internal import Foundation
internal import Logging
internal import QdrantClient
internal import Recovery

/// `holdfast demo`
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Back up, destroy, restore and prove a small textbook, on this machine.",
        discussion: """
            Starts the embedded Qdrant on a free loopback port, ingests the textbook of Examples/textbook, and shows the main
            job from end to end. Everything it makes is in one temporary folder, which it names and removes.

              holdfast demo
              holdfast demo --keep
            """
    )

    @OptionGroup var common: CommonOptions

    @Flag(name: .long, help: "Leave the temporary folder behind.")
    var keep = false

    func run() async throws {
        let places = try DemoPlaces.find()
        let folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
            .appendingPathComponent("holdfast-demo-\(UUID().uuidString.prefix(8).lowercased())").path
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        defer { if !keep { try? FileManager.default.removeItem(atPath: folder) } }
        let say = DemoVoice(isSilent: common.json)
        say.line("Everything is in \(folder)\(keep ? ", which stays" : ", which is removed at the end").")
        let server = try await DemoServer.start(places, in: folder)
        let result: Result<DemoReport, any Error>
        do {
            result = .success(try await tell(places, folder, server, say))
        } catch {
            result = .failure(error)
        }
        await server.stop()
        let report = try result.get()
        if common.json { try Console.json(report) } else { report.print() }
        if !report.isProven { throw ExitStatus.failed }
    }
}

extension DemoCommand {
    private func tell(_ places: DemoPlaces, _ folder: String, _ server: DemoServer, _ say: DemoVoice) async throws
        -> DemoReport
    {
        let silent = Logger(label: "demo", factory: { _ in SwiftLogNoOpLogHandler() })
        return try await withQdrantClient(endpoint: QdrantEndpoint(url: server.url), logger: silent) { client in
            let story = try DemoStory(
                places: places,
                folder: folder,
                client: client,
                serverURL: server.url,
                say: say,
                logger: common.logger
            )
            return try await story.tell()
        }
    }
}

/// How the demo talks: headings and lines on standard output, or nothing.
struct DemoVoice: Sendable {
    let isSilent: Bool

    func heading(_ text: String) {
        if !isSilent { Console.result("\n== \(text)") }
    }

    func line(_ text: String) {
        if !isSilent { Console.result(text) }
    }
}
