internal import AsyncHTTPClient
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Whether anything answers where a server is said to be. Asks once and at once: no attempt is repeated.
struct ServerPulse: Sendable {
    /// The base of the server's REST API.
    let url: URL

    /// How long an answer may take.
    private static let limit = TimeAmount.seconds(5)

    /// Asks.
    ///
    /// - Returns: whether anything answers; see ``answer()``.
    func isAnswering() async -> Bool { await answer() != nil }

    /// Asks.
    ///
    /// - Returns: what answered, as the end of a sentence: `with status 200`. `nil` when nobody listens, or a proxy says that nobody is behind it. Something that listens and does not speak as
    ///   expected (a certificate that is not trusted, no answer in time) counts as an answer: nobody may write to its files.
    func answer() async -> String? {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(2)),
            decompression: .disabled
        )
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
        let answer = await ask(client)
        try? await client.shutdown()
        return answer
    }

    /// What proxies say when nobody is behind them.
    private static let nobodyBehind: Set<UInt> = [502, 503, 504]

    private func ask(_ client: HTTPClient) async -> String? {
        do {
            let request = HTTPClientRequest(url: url.absoluteString + "/livez")
            let response = try await client.execute(request, timeout: Self.limit)
            let status = response.status.code
            return Self.nobodyBehind.contains(status) ? nil : "with status \(status)"
        } catch let error as HTTPClientError {
            let isNobody = error == .connectTimeout || error == .remoteConnectionClosed || error == .cancelled
            return isNobody ? nil : "though not as a server of Qdrant does (\(error))"
        } catch is NIOConnectionError {
            return nil
        } catch is IOError {
            return nil
        } catch is ChannelError {
            return nil
        } catch is CancellationError {
            return nil
        } catch {
            return "though not as a server of Qdrant does"
        }
    }
}
