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
    /// - Returns: `false` when nobody listens, or a proxy says that nobody is behind it. Something that listens and does not speak as
    ///   expected (a certificate that is not trusted, no answer in time) counts as an answer: nobody may write to its files.
    func isAnswering() async -> Bool {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(2)),
            decompression: .disabled
        )
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
        let isAnswering = await ask(client)
        try? await client.shutdown()
        return isAnswering
    }

    private func ask(_ client: HTTPClient) async -> Bool {
        do {
            let request = HTTPClientRequest(url: url.absoluteString + "/livez")
            let response = try await client.execute(request, timeout: Self.limit)
            return response.status.code != 502 && response.status.code != 504
        } catch let error as HTTPClientError {
            return error != .connectTimeout && error != .remoteConnectionClosed && error != .cancelled
        } catch is NIOConnectionError {
            return false
        } catch is IOError {
            return false
        } catch is ChannelError {
            return false
        } catch is CancellationError {
            return false
        } catch {
            return true
        }
    }
}
