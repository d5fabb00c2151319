internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// Around every request: makes failures JSON, adds the headers that every answer has, and logs one line.
///
/// The line has method, endpoint, status and time. Never a query, a body, a header or a path that nobody registered: those
/// may hold a question or a key.
struct AnswerMiddleware: RouterMiddleware {
    typealias Context = BasicRequestContext

    // Hummingbird is built without NonisolatedNonsendingByDefault; its function types are what '@concurrent' spells here.
    @concurrent
    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var metadata: Logger.Metadata = ["method": "\(request.method)"]
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let failure = ChatbotError(error)
            metadata["code"] = "\(failure.code)"
            if failure.code == .internalFailure { metadata["kind"] = "\(type(of: error))" }
            response = .failure(failure)
        }
        metadata["endpoint"] = "\(context.endpointPath ?? "-")"
        metadata["status"] = "\(response.status.code)"
        metadata["seconds"] = "\(start.duration(to: .now) / .seconds(1))"
        context.logger.log(level: response.status.code >= 500 ? .error : .info, "request", metadata: metadata)
        return Self.secured(response)
    }

    private static func secured(_ response: Response) -> Response {
        var response = response
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.cacheControl] = "no-store"
        for (name, value) in [
            ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
            ("X-Frame-Options", "DENY"),
        ] {
            if let name = HTTPField.Name(name) { response.headers[name] = value }
        }
        if response.headers[.contentSecurityPolicy] == nil {
            response.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
        }
        return response
    }
}
