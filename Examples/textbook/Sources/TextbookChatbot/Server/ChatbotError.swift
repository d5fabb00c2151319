internal import Hummingbird
internal import NIOCore
internal import QdrantClient
internal import TextbookExample

/// Why a request was not served: what the JSON error of an answer says.
public struct ChatbotError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; what programs and tests match on, and `code` in the JSON.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The word in the JSON.
        public let description: String
        /// The HTTP status that goes with it.
        public let status: Int

        /// The body is not JSON, or not what the endpoint takes.
        public static let badRequest = Code(description: "bad_request", status: 400)
        /// A listed page's path leads out of the documents folder or is no page's.
        public static let badPath = Code(description: "bad_path", status: 400)
        /// The admin token is missing or wrong.
        public static let unauthorized = Code(description: "unauthorized", status: 401)
        /// There is no such endpoint, or not with this method.
        public static let notFound = Code(description: "not_found", status: 404)
        /// A listed page is not there.
        public static let pageMissing = Code(description: "page_missing", status: 404)
        /// An ingestion is running already.
        public static let ingestRunning = Code(description: "ingest_running", status: 409)
        /// The collection was made for something else.
        public static let collectionMismatch = Code(description: "collection_mismatch", status: 409)
        /// Most of the indexed pages are gone from the folder.
        public static let tooManyRemoved = Code(description: "too_many_removed", status: 409)
        /// The body is longer than the endpoint takes.
        public static let bodyTooLarge = Code(description: "body_too_large", status: 413)
        /// The body is not declared as JSON.
        public static let notJSON = Code(description: "not_json", status: 415)
        /// A page cannot be read, is too long or is not UTF-8.
        public static let pageUnreadable = Code(description: "page_unreadable", status: 422)
        /// Something that nobody thought of.
        public static let internalFailure = Code(description: "internal", status: 500)
        /// Qdrant does not answer, or answers with an error.
        public static let qdrantFailed = Code(description: "qdrant_failed", status: 502)
        /// The collection is not there.
        public static let collectionMissing = Code(description: "collection_missing", status: 503)
        /// The documents folder is not there or holds no page.
        public static let documentsUnreadable = Code(description: "documents_unreadable", status: 503)
        /// The program is being stopped.
        public static let stopping = Code(description: "stopping", status: 503)
    }

    /// The kind of failure.
    public var code: Code
    /// One sentence, lower case, no full stop, naming the object.
    public var message: String
    /// What to do now, a full sentence.
    public var hint: String?
    /// The failure below, kept as it came; never part of an answer.
    public var cause: (any Error)?

    /// Makes an error; see the properties.
    public init(_ code: Code, _ message: String, hint: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.cause = cause
    }

    /// The message.
    public var description: String { message }
}

extension ChatbotError {
    /// What a failure below means for the one who asked.
    ///
    /// Texts of other programs do not get into answers: they may quote what was sent to them.
    init(_ error: any Error) {
        switch error {
        case let error as ChatbotError: self = error
        case let error as TextbookError: self.init(textbook: error)
        case let error as QdrantError: self.init(qdrant: error)
        case is CancellationError:
            self.init(.stopping, "the program is being stopped", hint: "Ask again when it runs.")
        case is NIOTooManyBytesError:
            self.init(
                .bodyTooLarge,
                "the body is longer than \(RequestFields.byteLimit) bytes",
                hint: "Ask a shorter question, or list fewer files in one call."
            )
        case let error as HTTPError where error.status.code == 404:
            self.init(
                .notFound,
                "there is no such endpoint, or not with this method",
                hint:
                    "There are GET /, GET /health, GET /lineage, GET /ingest/status, POST /ingest, POST /query and POST /chat."
            )
        default:
            self.init(
                .internalFailure,
                "the request failed",
                hint: "Look at the program's log for the kind of failure.",
                cause: error
            )
        }
    }

    private init(textbook error: TextbookError) {
        switch error.code {
        case .folderUnreadable, .noPages:
            self.init(
                .documentsUnreadable,
                "the documents folder does not exist, cannot be read or holds no page",
                hint: "Check DOCS_FOLDER; after a loss, restore the documents first.",
                cause: error
            )
        case .collectionMismatch: self.init(.collectionMismatch, error.message, hint: error.hint, cause: error)
        case .tooManyRemoved:
            self.init(
                .tooManyRemoved,
                error.message,
                hint: "Is all of the folder there? If so, repeat the call with \"allow_mass_removal\": true.",
                cause: error
            )
        default: self.init(.pageUnreadable, error.message, hint: error.hint, cause: error)
        }
    }

    private init(qdrant error: QdrantError) {
        guard error.code != .notFound else {
            self.init(
                .collectionMissing,
                "the collection does not exist",
                hint: "Ingest the documents (POST /ingest), or restore the collection.",
                cause: error
            )
            return
        }
        self.init(
            .qdrantFailed,
            "the database did not serve the request (\(error.code))",
            hint: error.hint,
            cause: error
        )
    }
}
