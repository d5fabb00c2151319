public import NIOCore

extension JSONValue {
    /// Reads one JSON text.
    ///
    /// - Throws: ``JSONError``; a key that occurs twice in one object is refused rather than dropped.
    public init(reading text: ByteBuffer, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(reading: Array(text.readableBytesView), limits: limits)
    }

    /// Reads one JSON text.
    ///
    /// - Throws: ``JSONError``.
    public init(reading text: some Sequence<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        var scanner = try JSONScanner(Array(text), limits: limits)
        self = try scanner.value()
        try scanner.end()
    }
}

extension JSONScanner {
    /// Takes any value.
    mutating func value() throws(JSONError) -> JSONValue {
        switch try peek() {
        case UInt8(ascii: "{"):
            return .object(try objectValue())
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try array { (scanner) throws(JSONError) in elements.append(try scanner.value()) }
            return .array(elements)
        case UInt8(ascii: "\""):
            return .string(try string())
        case UInt8(ascii: "t"):
            try literal("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return try number()
        default:
            throw malformed("expected a value")
        }
    }

    /// Takes an object.
    mutating func objectValue() throws(JSONError) -> JSONObject {
        var members: [JSONObject.Member] = []
        var seen: Set<[UInt8]> = []
        try object { (scanner, key) throws(JSONError) in
            // Most objects are small: comparing with a few keys is cheaper than hashing.
            let isNew: Bool
            if members.count < 16 {
                isNew = !members.contains { $0.key.hasSameBytes(as: key) }
            } else {
                if seen.isEmpty { seen = Set(members.map { Array($0.key.utf8) }) }
                isNew = seen.insert(Array(key.utf8)).inserted
            }
            guard isNew else { throw JSONError(.duplicateKey, "a key that occurs twice", offset: scanner.position) }
            members.append(JSONObject.Member(key: key, value: try scanner.value()))
        }
        return JSONObject(distinct: members)
    }

    /// Takes any value and drops it.
    mutating func skipValue() throws(JSONError) {
        _ = try value()
    }
}
