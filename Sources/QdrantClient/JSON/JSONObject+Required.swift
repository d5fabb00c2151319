extension JSONObject {
    /// The value under `key`, of the kind that `kind` reads.
    ///
    /// - Throws: ``JSONError/Code/unexpectedKind``, naming the key.
    func required<Value>(_ key: String, _ kind: (JSONValue) -> Value?) throws(JSONError) -> Value {
        guard let value = self[key].flatMap(kind) else {
            throw JSONError(.unexpectedKind, "'\(key)' is missing or of the wrong kind")
        }
        return value
    }

    /// The value under `key`, or `nil` when it is absent or null.
    ///
    /// - Throws: ``JSONError/Code/unexpectedKind``, naming the key, when it is there and of another kind.
    func optional<Value>(_ key: String, _ kind: (JSONValue) -> Value?) throws(JSONError) -> Value? {
        guard let value = self[key], !value.isNull else { return nil }
        guard let value = kind(value) else {
            throw JSONError(.unexpectedKind, "'\(key)' is of the wrong kind")
        }
        return value
    }

    /// Makes one value of each object in the array under `key`; an absent or null array is empty.
    func list<Value>(_ key: String, _ make: (JSONObject) throws(JSONError) -> Value) throws(JSONError) -> [Value] {
        var values: [Value] = []
        for element in try optional(key, \.arrayValue) ?? [] {
            guard let object = element.objectValue else {
                throw JSONError(.unexpectedKind, "'\(key)' does not hold objects")
            }
            values.append(try make(object))
        }
        return values
    }
}

extension JSONValue {
    /// This value as an object.
    func asObject() throws(JSONError) -> JSONObject {
        guard let objectValue else { throw JSONError(.unexpectedKind, "expected an object") }
        return objectValue
    }

    /// The integer, when it fits in 32 bits.
    var uint32Value: UInt32? { uint64Value.flatMap(UInt32.init(exactly:)) }
    /// The integer, when it fits an `Int`.
    var intValue: Int? { int64Value.flatMap(Int.init(exactly:)) }
}
