/// A check of a running system: an endpoint answers, a sample question is answered from the right sources, a command succeeds.
public struct Probe: Sendable, Hashable {
    /// What is asked.
    public enum Kind: Sendable, Hashable {
        /// A request whose answer is looked at.
        case http(HTTPProbe)
        /// A question to a chatbot, whose answer has to cite given sources.
        case question(QuestionProbe)
        /// A program that has to end with 0.
        case command(ConfiguredCommand)
    }

    /// How long one attempt may take unless the configuration says otherwise.
    public static let defaultTimeout = Duration.seconds(10)
    /// How long is waited between two attempts.
    static let interval = Duration.seconds(1)

    /// Its name in reports, unique.
    public var name: String
    /// What is asked.
    public var kind: Kind
    /// How long one attempt may take.
    public var timeout: Duration
    /// For how long it is tried again after a failure; zero for one attempt. An application needs time to start.
    public var within: Duration

    /// Makes a probe; see the properties.
    public init(name: String, kind: Kind, timeout: Duration = Probe.defaultTimeout, within: Duration = .zero) {
        self.name = name
        self.kind = kind
        self.timeout = timeout
        self.within = within
    }

    /// The kind in one word, as reports and JSON name it.
    public var kindName: String {
        switch kind {
        case .http: "http"
        case .question: "question"
        case .command: "command"
        }
    }
}

/// A request, without its secrets.
public struct HTTPCall: Sendable, Hashable {
    /// A header and where its value is to be had.
    public struct Header: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// The value, or what stands before the secret: `Bearer `.
        public var text: String
        /// The secret that ends the value, if there is one.
        public var secret: SecretReference?

        /// Makes a header; see the properties.
        public init(name: String, text: String, secret: SecretReference? = nil) {
            self.name = name
            self.text = text
            self.secret = secret
        }
    }

    /// `http` or `https`, without credentials.
    public var url: String
    /// The method, in capitals.
    public var method: String
    /// The headers, in order.
    public var headers: [Header]
    /// The body, if it has one.
    public var body: String?

    /// Makes a call; see the properties.
    public init(url: String, method: String = "GET", headers: [Header] = [], body: String? = nil) {
        self.url = url
        self.method = method
        self.headers = headers
        self.body = body
    }

    /// The address as it may be shown: without its query, which may hold what is no one's business.
    public var place: String { String(url.prefix { $0 != "?" && $0 != "#" }) }
}

/// A request whose answer is looked at.
public struct HTTPProbe: Sendable, Hashable {
    /// The request.
    public var call: HTTPCall
    /// The expected status.
    public var status: Int
    /// What the answer, read as JSON, has to hold.
    public var json: [JSONExpectation]
    /// Text that the answer has to contain.
    public var contains: String?

    /// Makes a probe; see the properties.
    public init(_ call: HTTPCall, status: Int = 200, json: [JSONExpectation] = [], contains: String? = nil) {
        self.call = call
        self.status = status
        self.json = json
        self.contains = contains
    }
}

/// A question to a chatbot, whose answer has to cite given sources.
public struct QuestionProbe: Sendable, Hashable {
    /// The request with all of its body but the question, and what the answer has to be besides.
    public var http: HTTPProbe
    /// The question.
    public var question: String
    /// Where in the body the question stands.
    public var field: JSONPath
    /// Where in the answer the sources are.
    public var sources: JSONPath
    /// The sources that have to be among them, each.
    public var cites: [String]

    /// Makes a probe; see the properties.
    public init(_ http: HTTPProbe, question: String, field: JSONPath, sources: JSONPath, cites: [String]) {
        self.http = http
        self.question = question
        self.field = field
        self.sources = sources
        self.cites = cites
    }
}

/// What a value of an answer has to be.
public struct JSONExpectation: Sendable, Hashable {
    /// How a value is compared.
    public enum Test: Sendable, Hashable {
        /// It is this text, number, or one of `true`, `false` and `null`; as the configuration writes it.
        case equals(String)
        /// It is text, or a number's text, in which this regular expression of Swift finds something.
        case matches(String)
    }

    /// Where the value is. Of several, one has to pass.
    public var path: JSONPath
    /// How it is compared.
    public var test: Test

    /// Makes an expectation; see the properties.
    public init(_ path: JSONPath, _ test: Test) {
        self.path = path
        self.test = test
    }
}
