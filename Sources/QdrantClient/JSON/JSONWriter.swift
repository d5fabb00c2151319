public import NIOCore

/// Writes compact JSON text.
///
/// The caller keeps the grammar for objects and arrays through ``object(_:)`` and ``array(_:)``, which place the commas.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    /// Whether a comma is due before the next element at this level.
    private var needsComma = false

    var buffer: ByteBuffer { ByteBuffer(bytes: bytes) }

    mutating func object(_ members: (inout JSONWriter) throws(JSONError) -> Void) throws(JSONError) {
        try bracketed("{", "}", members)
    }

    mutating func array(_ elements: (inout JSONWriter) throws(JSONError) -> Void) throws(JSONError) {
        try bracketed("[", "]", elements)
    }

    mutating func key(_ key: String) {
        string(key)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func null() {
        raw("null")
    }

    mutating func bool(_ value: Bool) {
        raw(value ? "true" : "false")
    }

    mutating func integer(_ value: some FixedWidthInteger) {
        raw(String(value))
    }

    /// Writes the fewest digits that read as the same bits.
    mutating func double(_ value: Double) throws(JSONError) {
        guard value.isFinite else { throw JSONError(.notFinite, "a number that is not finite") }
        raw(value.description)
    }

    /// Writes the fewest digits that read as the same 32 bits.
    mutating func float(_ value: Float) throws(JSONError) {
        guard value.isFinite else { throw JSONError(.notFinite, "a vector component that is not finite") }
        raw(value.description)
    }

    mutating func string(_ value: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x0D: bytes.append(contentsOf: "\\r".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0..<0x20:
                bytes.append(contentsOf: (byte < 0x10 ? "\\u000" : "\\u00").utf8)
                bytes.append(contentsOf: String(byte, radix: 16).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func value(_ value: JSONValue) throws(JSONError) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .integer(let value): integer(value)
        case .unsigned(let value): integer(value)
        case .double(let value): try double(value)
        case .string(let value): string(value)
        case .array(let elements):
            try array { (writer) throws(JSONError) in for element in elements { try writer.value(element) } }
        case .object(let object): try self.object(object)
        }
    }

    mutating func object(_ object: JSONObject) throws(JSONError) {
        try self.object { (writer) throws(JSONError) in
            for member in object.members {
                writer.key(member.key)
                try writer.value(member.value)
            }
        }
    }

    private mutating func raw(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func bracketed(
        _ open: Unicode.Scalar,
        _ close: Unicode.Scalar,
        _ content: (inout JSONWriter) throws(JSONError) -> Void
    ) throws(JSONError) {
        separate()
        bytes.append(UInt8(ascii: open))
        needsComma = false
        try content(&self)
        bytes.append(UInt8(ascii: close))
        needsComma = true
    }
}

extension JSONValue {
    /// Writes compact JSON text.
    ///
    /// - Throws: ``JSONError`` with ``JSONError/Code/notFinite`` for a NaN or an infinity, which JSON cannot express.
    public func written() throws(JSONError) -> ByteBuffer {
        var writer = JSONWriter()
        try writer.value(self)
        return writer.buffer
    }
}

extension JSONObject {
    /// Writes compact JSON text; see ``JSONValue/written()``.
    public func written() throws(JSONError) -> ByteBuffer {
        try JSONValue.object(self).written()
    }
}
