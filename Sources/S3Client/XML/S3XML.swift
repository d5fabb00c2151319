internal import Foundation
internal import XMLCoder

/// A document of S3. Its root element's name is all that tells it from another whose parts are all optional: a page of a gateway in
/// well-formed XHTML would be an empty listing.
protocol S3Document: Decodable {
    /// What the root may be called, without a prefix.
    static var rootNames: Set<String> { get }
}

/// The documents of S3, by the types that say what is in them.
enum S3XML {
    /// The namespace of every document that S3 takes.
    static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

    /// Reads a document, whatever its namespace is called; unknown elements are passed over.
    ///
    /// - Throws: what the parser throws for anything that is no document of that type.
    static func decode<Document: Decodable>(_ type: Document.Type, from bytes: [UInt8]) throws -> Document {
        let decoder = XMLDecoder()
        decoder.shouldProcessNamespaces = true
        // Blanks that kept the connection alive while the server worked stand before the declaration, where XML has none.
        return try decoder.decode(type, from: Data(bytes.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }))
    }

    /// Writes a document in S3's namespace.
    static func encode(_ document: some Encodable, root: String) throws -> [UInt8] {
        let encoder = XMLEncoder()
        encoder.keyEncodingStrategy = .useDefaultKeys
        let data = try encoder.encode(
            document,
            withRootKey: root,
            rootAttributes: ["xmlns": namespace],
            header: XMLHeader(version: 1.0, encoding: "UTF-8")
        )
        return Array(data)
    }

    /// The name of a document's root element, without its prefix: `Error` in the place of a result is one.
    static func rootName(of bytes: [UInt8]) -> Substring? {
        var rest = Substring(decoding: bytes.prefix(1024), as: UTF8.self)
        while let open = rest.firstIndex(of: "<") {
            rest = rest[rest.index(after: open)...]
            guard let first = rest.first, first != "?", first != "!" else { continue }
            let name = rest.prefix { !$0.isWhitespace && $0 != ">" && $0 != "/" }
            return name.split(separator: ":").last
        }
        return nil
    }

    /// The text of a root element without children; `nil` when there is none.
    static func rootText(of bytes: [UInt8]) -> String? {
        (try? XMLDecoder().decode(String.self, from: Data(bytes))).flatMap { $0.isEmpty ? nil : $0 }
    }
}
