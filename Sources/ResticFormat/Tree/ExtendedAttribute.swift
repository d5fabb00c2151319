/// An extended attribute of a file.
public struct ExtendedAttribute: Hashable, Sendable {
    /// The name, for example `user.comment`. What is not UTF-8 in it becomes U+FFFD when it is written, as in restic.
    public var name: [UInt8]
    /// The value, any bytes.
    public var value: [UInt8]

    /// Makes an attribute; see the properties.
    public init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }

    /// Makes an attribute with a name of text.
    public init(name: String, value: [UInt8]) {
        self.init(name: Array(name.utf8), value: value)
    }
}

/// Attributes that only some operating systems have, as the JSON object they are stored in; kept as they came.
///
/// Source: restic doc/design.rst, section Trees and Data; restic internal/data/node.go, GenericAttributes.
public struct GenericAttributes: Hashable, Sendable {
    /// The object, without white space between its parts.
    public let json: [UInt8]

    /// Takes a JSON object.
    ///
    /// - Throws: `malformed`, `truncated` or `tooDeep` when `json` is anything else.
    public init(json: [UInt8]) throws(ResticFormatError) {
        self.json = try json.withRawBytes { bytes throws(ResticFormatError) in
            var scanner = JSONScanner(bytes)
            let object = try scanner.skip()
            try scanner.finish()
            guard object.first == UInt8(ascii: "{") else {
                throw ResticFormatError(.malformed, "generic attributes are not a JSON object")
            }
            return Self.compact(object)
        }
    }

    /// Takes an object that a scanner has passed.
    init(checked object: UnsafeRawBufferPointer) {
        json = Self.compact(object)
    }

    var isEmpty: Bool { json.count <= 2 }

    /// The form in which Go writes JSON that it was given: no white space, `<`, `>`, `&`, U+2028 and U+2029 as escapes.
    private static func compact(_ json: UnsafeRawBufferPointer) -> [UInt8] {
        var compact: [UInt8] = []
        compact.reserveCapacity(json.count)
        var isInString = false
        var index = 0
        while index < json.count {
            let byte = json[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\\") where isInString:
                compact.append(byte)
                compact.append(json[index])
                index += 1
            case UInt8(ascii: "\""):
                isInString.toggle()
                compact.append(byte)
            case 0x20 where !isInString, 0x09, 0x0A, 0x0D: continue
            case UInt8(ascii: "<"): compact.append(contentsOf: #"\u003c"#.utf8)
            case UInt8(ascii: ">"): compact.append(contentsOf: #"\u003e"#.utf8)
            case UInt8(ascii: "&"): compact.append(contentsOf: #"\u0026"#.utf8)
            case 0xE2 where json.count - index >= 2 && json[index] == 0x80 && json[index + 1] & 0xFE == 0xA8:
                compact.append(contentsOf: (json[index + 1] == 0xA8 ? #"\u2028"# : #"\u2029"#).utf8)
                index += 2
            default: compact.append(byte)
            }
        }
        return compact
    }
}
