internal import AsyncHTTPClient
public import NIOCore

/// The bytes of an archive as they arrive. Can be iterated once.
///
/// Reading slower than the server sends slows the server down; nothing is buffered beyond a few parts. A body that ends
/// before it is complete throws ``QdrantError`` with ``QdrantError/Code/truncatedBody``, the object and the byte offset.
/// Where the server gives no length and simply closes the connection the end cannot be told from a failure: look for the
/// archive's own end marker.
public struct ArchiveBody: AsyncSequence, Sendable {
    /// Some bytes; where one part ends and the next begins means nothing.
    public typealias Element = ByteBuffer

    private let response: HTTPClientResponse
    private let object: QdrantObject
    private let action: String
    private let offset: Int64

    /// - Parameter offset: where in the object the body begins.
    init(_ response: HTTPClientResponse, of object: QdrantObject, action: String, offset: Int64) {
        self.response = response
        self.object = object
        self.action = action
        self.offset = offset
    }

    /// Begins with the first part; may be called once.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: response.body.makeAsyncIterator(), object: object, action: action, offset: offset)
    }

    /// Takes one part after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private var base: HTTPClientResponse.Body.AsyncIterator
        private let object: QdrantObject
        private let action: String
        private var offset: Int64

        fileprivate init(
            base: HTTPClientResponse.Body.AsyncIterator,
            object: QdrantObject,
            action: String,
            offset: Int64
        ) {
            self.base = base
            self.object = object
            self.action = action
            self.offset = offset
        }

        /// Takes the next part; `nil` at the end of a complete body.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> ByteBuffer? {
            do {
                guard let part = try await base.next(isolation: actor) else { return nil }
                offset += Int64(part.readableBytes)
                return part
            } catch {
                throw translated(error)
            }
        }

        private func translated(_ error: any Error) -> any Error {
            if Task.isCancelled || error is CancellationError { return CancellationError() }
            let isTimeout = QdrantError.Code(transport: error) == .requestTimeout
            let code: QdrantError.Code = isTimeout ? .requestTimeout : .truncatedBody
            return QdrantError(
                code,
                "cannot \(action) \(object): \(code.phrase), at byte \(offset)",
                object: object,
                byteOffset: offset,
                cause: error
            )
        }
    }
}
