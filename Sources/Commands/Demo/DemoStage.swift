internal import Foundation
internal import Recovery

/// Everything that the demo needs, in one folder: a machine that can be lost, and what is elsewhere.
struct DemoStage: Sendable {
    let places: DemoPlaces
    let folder: String
    let safe: DemoSafe
    let repository: DemoRepository
    /// The server of the repository, where it is not a folder.
    let objects: DemoObjectStore?
    let server: DemoServer
    let project: DemoProject
    let chatbot: DemoChatbot

    /// Fills the folder, which has to be there, and starts nothing.
    ///
    /// - Parameter usesS3: whether the repository is on an S3 server instead of in a folder.
    init(in folder: String, _ places: DemoPlaces, usesS3: Bool) throws {
        self.places = places
        self.folder = folder
        let (program, git) = (try places.chatbot(), try places.tool("git"))
        for name in ["safe", "run", "scratch", "home"] {
            try FileManager.default.createDirectory(
                atPath: folder + "/" + name,
                withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700]
            )
        }
        safe = try DemoSafe(folder: folder + "/safe")
        objects = usesS3 ? try DemoObjectStore(places, folder: folder + "/s3", run: folder + "/run") : nil
        let passwordFile = safe.passwordFile
        repository =
            objects.map { .objects($0, passwordFile: passwordFile) }
            ?? .local(in: folder, passwordFile: passwordFile)
        server = try DemoServer(places, in: folder, apiKey: safe.apiKey)
        project = DemoProject(folder: folder + "/project", git: git)
        chatbot = DemoChatbot(
            program: program,
            run: folder + "/run",
            port: try FreePort.find(),
            token: DemoSafe.secret()
        )
    }

    /// What the commands of the demo see beside our own variables: nothing of it is left in the user's folders.
    func environment(stagingPort: Int) -> [String: String] {
        var environment = repository.environment
        environment["XDG_CACHE_HOME"] = folder + "/home"
        environment["XDG_STATE_HOME"] = folder + "/home"
        environment[DemoPlaces.variable] = places.root
        environment["STAGING_PORT"] = "\(stagingPort)"
        return environment.merging(chatbot.environment) { own, _ in own }
    }

    /// Ends what runs.
    func takeDown() async {
        chatbot.kill()
        await server.stop()
        await objects?.stop()
    }
}
