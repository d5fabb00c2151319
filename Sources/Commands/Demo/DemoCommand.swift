internal import ArgumentParser
internal import Foundation
internal import Logging
internal import QdrantClient
internal import Recovery

/// `holdfast demo`
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Back up, lose, recover and prove a chatbot over a small textbook, on this machine.",
        discussion: """
            Starts the embedded Qdrant and the chatbot of Examples/textbook on free loopback ports, and shows the main job from end to
            end with the commands that you would type. Each claim is compared, and the exit code is 1 when one does not hold.
            Everything it makes is in one temporary folder, which it names and removes.

              holdfast demo
              holdfast demo --keep
              holdfast demo --s3     with the repository in a bucket of an S3 server, which rclone serves
            """
    )

    @OptionGroup var common: CommonOptions

    @Flag(name: .long, help: "Leave the temporary folder behind.")
    var keep = false

    @Flag(
        name: .customLong("s3"),
        help: "Keep the repository on an S3 server of its own (rclone's) instead of in a folder."
    )
    var usesS3 = false

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
        let stage = try DemoStage(in: folder, places, usesS3: usesS3)
        let result: Result<DemoReport, any Error>
        do {
            try await stage.objects?.start()
            try await stage.server.start()
            result = .success(try await tell(stage, say))
        } catch {
            result = .failure(error)
        }
        await stage.takeDown()
        let report = try result.get()
        if common.json { try Console.json(report) } else { report.print() }
        if !report.isProven { throw ExitStatus.failed }
    }

    private func tell(_ stage: DemoStage, _ say: DemoVoice) async throws -> DemoReport {
        let silent = Logger(label: "demo", factory: { _ in SwiftLogNoOpLogHandler() })
        let endpoint = try QdrantEndpoint(url: stage.server.url, apiKey: QdrantAPIKey(stage.safe.apiKey))
        return try await withQdrantClient(endpoint: endpoint, logger: silent) { client in
            try await DemoStory(stage, client, say: say).tell()
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
