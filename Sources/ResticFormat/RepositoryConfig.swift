/// The file `config` of a repository.
///
/// Source: restic doc/design.rst, section Repository Layout, and internal/restic/config.go.
public struct RepositoryConfig: Hashable, Sendable {
    /// The versions of the format that can be read; 2 is the one that is written.
    public static let supportedVersions = 1...2

    /// The version of the repository format: 1, or 2 with compression.
    public var version: Int
    /// The repository's own identifier, random, 64 lower-case hexadecimal digits; tells repositories apart in caches.
    public var id: String
    /// The polynomial that cuts files into chunks, see ``ChunkerPolynomial``; irreducible, the bits its coefficients.
    public var chunkerPolynomial: UInt64

    /// Makes a configuration; see the properties.
    public init(version: Int = 2, id: String, chunkerPolynomial: UInt64) {
        self.version = version
        self.id = id
        self.chunkerPolynomial = chunkerPolynomial
    }

    /// Makes a configuration for a new repository of version 2, with a random identifier and a random polynomial.
    public static func random(using generator: inout some RandomNumberGenerator) -> Self {
        let digits = (0..<ResticID.hexCount).map { _ in Hexadecimal.digit(.random(in: 0..<16, using: &generator)) }
        return Self(
            id: String(decoding: digits, as: UTF8.self),
            chunkerPolynomial: ChunkerPolynomial.random(using: &generator)
        )
    }

    /// The JSON of the file before it is compressed and sealed, without a line end.
    public func encode() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("version")
        writer.value(version)
        writer.key("id")
        writer.value(id)
        writer.key("chunker_polynomial")
        writer.value(String(chunkerPolynomial, radix: 16))
        writer.endObject()
        return writer.bytes
    }
}

extension RepositoryConfig: ResticDocument {
    /// Reads the opened file.
    ///
    /// - Throws: `unsupportedVersion` for another version than 1 and 2; `invalidPolynomial` for a reducible polynomial;
    ///   `malformed` for an identifier that is not 64 digits; and as ``ResticDocument``.
    public static func decode(_ json: UnsafeRawBufferPointer) throws(ResticFormatError) -> Self {
        var config = Self(version: 0, id: "", chunkerPolynomial: 0)
        try scanObject(json) { scanner, key throws(ResticFormatError) in
            switch key {
            case "version": config.version = try scanner.signed()
            case "id": config.id = try scanner.text()
            case "chunker_polynomial":
                let digits = try scanner.text()
                // Swift would take a sign as well.
                guard digits.utf8.first != UInt8(ascii: "+"), let polynomial = UInt64(digits, radix: 16) else {
                    throw scanner.failure("a hexadecimal number before this")
                }
                config.chunkerPolynomial = polynomial
            default: try scanner.skip()
            }
        }
        try config.check()
        return config
    }

    private func check() throws(ResticFormatError) {
        guard Self.supportedVersions.contains(version) else {
            throw ResticFormatError(
                .unsupportedVersion,
                "the repository is of format version \(version), and versions 1 and 2 are understood",
                hint: "Use a program that knows version \(version)."
            )
        }
        guard ResticID(hex: id) != nil else {
            throw ResticFormatError(
                .malformed,
                "the identifier in the repository's config is not 64 hexadecimal digits"
            )
        }
        guard ChunkerPolynomial.isIrreducible(chunkerPolynomial) else {
            throw ResticFormatError(
                .invalidPolynomial,
                "the chunker polynomial in the repository's config is reducible",
                hint: "Was the config file written by another program than restic or this one?"
            )
        }
    }
}
