internal import HTTPTypes
public import Hummingbird
internal import NIOCore
internal import QdrantClient

extension Chatbot {
    /// Whether connections that say nothing are closed: after this time.
    static let idleTimeout = TimeAmount.seconds(120)

    /// The application, to be run by whoever starts it: the program, a test, the demo.
    ///
    /// - Parameter onListening: told the port once requests are answered.
    public func application(
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> Application<RouterResponder<BasicRequestContext>> {
        Application(
            router: router(),
            server: .http1(configuration: .init(idleTimeout: Self.idleTimeout)),
            configuration: ApplicationConfiguration(address: .hostname(settings.host, port: settings.port)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger
        )
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: AnswerMiddleware())
        let page = AskPage(hasModel: model != nil)
        router.get("/") { _, _ in page.response }
        router.get("/health") { _, _ in
            let report = await health()
            return Response.json(report.json, status: report.isHealthy ? 200 : 503)
        }
        router.get("/lineage") { _, _ in Response.json(try await lineageReport()) }
        router.get("/ingest/status") { _, _ in Response.json(await ingestStatus()) }
        router.post("/ingest") { request, _ in
            try AdminToken.check(request, settings.adminToken)
            let fields = try await RequestFields(request, known: ["files", "removed", "allow_mass_removal"])
            let allowsMassRemoval = try fields.flag("allow_mass_removal")
            // A single empty list is more likely a mistake than a wish for nothing.
            let least = fields.has("files") && fields.has("removed") ? 0 : 1
            let files = try fields.texts("files", least: least, limit: PagePath.listLimit)
            let removed = try fields.texts("removed", least: least, limit: PagePath.listLimit)
            let isWhole = files == nil && removed == nil
            return Response.json(
                try await ingest(
                    isWhole
                        ? .folder(allowsMassRemoval: allowsMassRemoval)
                        : .files(files ?? [], removed: removed ?? [])
                )
            )
        }
        router.post("/query") { request, _ in
            let fields = try await RequestFields(request, known: ["question", "limit"])
            let passages = try await passages(try fields.question(), limit: try fields.limit())
            return Response.json(["passages": .array(passages.map { .object($0.json) })])
        }
        router.post("/chat") { request, context in
            let fields = try await RequestFields(request, known: ["question", "limit"])
            let answer = try await chat(
                try fields.question(),
                limit: try fields.limit(),
                logger: context.logger
            )
            return Response.json(answer.json)
        }
        return router
    }
}
