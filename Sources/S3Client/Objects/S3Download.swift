internal import AsyncHTTPClient
public import NIOCore

/// A download that has begun.
public struct S3Download: Sendable {
    /// What is known of the object.
    public let head: S3ObjectHead
    /// The bytes, once.
    public let body: S3Body
}

/// The bytes of an object as they arrive. Can be iterated once.
///
/// Reading slower than the server sends slows the server down. One that takes longer in all than ``S3Timeouts/slowestRate`` allows throws
/// ``S3Error`` with ``S3Error/Code/requestTimeout``, so that a server that sends a byte a minute holds nobody for ever. A body that ends before it is complete, or that is longer than
/// was announced, throws ``S3Error`` with ``S3Error/Code/truncatedBody``.
public struct S3Body: AsyncSequence, Sendable {
    /// Some bytes; where one part ends and the next begins means nothing.
    public typealias Element = ByteBuffer

    /// How many bytes will come.
    public let byteCount: Int64
    private let response: HTTPClientResponse
    private let client: S3Client
    private let request: S3Request
    private let deadline: ContinuousClock.Instant

    init(
        _ response: HTTPClientResponse,
        _ client: S3Client,
        _ request: S3Request,
        byteCount: Int64,
        deadline: ContinuousClock.Instant
    ) {
        self.response = response
        self.client = client
        self.request = request
        self.byteCount = byteCount
        self.deadline = deadline
    }

    /// Begins with the first part; may be called once.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(
            base: response.body.makeAsyncIterator(),
            client: client,
            request: request,
            byteCount: byteCount,
            deadline: deadline
        )
    }

    /// Takes one part after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private var base: HTTPClientResponse.Body.AsyncIterator
        private let client: S3Client
        private let request: S3Request
        private let byteCount: Int64
        private let deadline: ContinuousClock.Instant
        private var received: Int64 = 0

        fileprivate init(
            base: HTTPClientResponse.Body.AsyncIterator,
            client: S3Client,
            request: S3Request,
            byteCount: Int64,
            deadline: ContinuousClock.Instant
        ) {
            self.base = base
            self.client = client
            self.request = request
            self.byteCount = byteCount
            self.deadline = deadline
        }

        /// Takes the next part; `nil` at the end of a complete body.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> ByteBuffer? {
            let part: ByteBuffer?
            do {
                part = try await base.next(isolation: actor)
            } catch {
                throw client.translatedBody(error, request, received: received)
            }
            received += Int64(part?.readableBytes ?? 0)
            guard part == nil ? received == byteCount : received <= byteCount else {
                throw S3Error(
                    .truncatedBody,
                    "cannot \(request.action) \(request.object): \(byteCount) bytes were announced and \(received) came",
                    receivedByteCount: received
                )
            }
            guard part == nil || .now < deadline else {
                throw S3Error(
                    .requestTimeout,
                    "cannot \(request.action) \(request.object): \(received) of \(byteCount) bytes within the limit",
                    receivedByteCount: received
                )
            }
            return part
        }
    }
}
