/// A JSON object that keeps its keys in the order they came in.
///
/// Looking up a key walks the members: these objects are configurations and payloads, a few keys each. Walk
/// ``members`` instead of looking up many keys of a large one.
public struct JSONObject: Sendable {
    /// One key and its value.
    public struct Member: Sendable, Hashable {
        /// The key.
        public var key: String
        /// The value.
        public var value: JSONValue

        /// Makes a member.
        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }

        /// Whether key and value hold the same bytes.
        public static func == (left: Member, right: Member) -> Bool {
            left.key.hasSameBytes(as: right.key) && left.value == right.value
        }

        /// Hashes what `==` compares.
        public func hash(into hasher: inout Hasher) {
            for byte in key.utf8 { hasher.combine(byte) }
            hasher.combine(value)
        }
    }

    /// The members in order; no two have a key of the same bytes.
    public private(set) var members: [Member]

    /// Makes an empty object.
    public init() {
        members = []
    }

    /// Makes an object of members that are known to have distinct keys.
    init(distinct members: [Member]) {
        self.members = members
    }

    /// How many members there are.
    public var count: Int { members.count }

    /// Whether there is no member.
    public var isEmpty: Bool { members.isEmpty }

    /// The keys in order.
    public var keys: [String] { members.map(\.key) }

    /// The value under a key. Setting a new key appends it, setting `nil` removes it.
    public subscript(key: String) -> JSONValue? {
        get {
            members.first { $0.key.hasSameBytes(as: key) }?.value
        }
        set {
            let position = members.firstIndex { $0.key.hasSameBytes(as: key) }
            switch (position, newValue) {
            case (let position?, let value?): members[position].value = value
            case (let position?, nil): members.remove(at: position)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }
}

extension JSONObject: Hashable {
    /// Whether both have the same keys with the same values, in any order.
    ///
    /// Each value is compared once: a second look at each level would double the work with every level of nesting.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        if zip(left.members, right.members).allSatisfy({ $0.key.hasSameBytes(as: $1.key) }) {
            return zip(left.members, right.members).allSatisfy { $0.value == $1.value }
        }
        let values = Dictionary(uniqueKeysWithValues: right.members.map { (Array($0.key.utf8), $0.value) })
        return left.members.allSatisfy { values[Array($0.key.utf8)] == $0.value }
    }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) {
        // A sum does not ask for the order. A `Set` would hash each member twice, and so double the work with every level.
        var sum = 0
        for member in members { sum &+= member.hashValue }
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Makes an object; of two equal keys the last one counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init()
        for (key, value) in elements { self[key] = value }
    }
}
