internal import NIOCore

/// The bytes around the one file of a multipart/form-data body (RFC 7578).
struct MultipartFraming: Sendable, Equatable {
    let boundary: String
    /// What comes before the file.
    let opening: String
    /// What comes after it.
    var closing: String { "\r\n--\(boundary)--\r\n" }
    var contentType: String { "multipart/form-data; boundary=\(boundary)" }

    /// - Parameters:
    ///   - partName: the field; Qdrant takes a file in `snapshot` only.
    ///   - boundary: what the file certainly does not hold: 128 random bits or more.
    init(partName: String, fileName: String, boundary: String) {
        self.boundary = boundary
        self.opening =
            "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(Self.escaped(partName))\"; "
            + "filename=\"\(Self.escaped(fileName))\"\r\nContent-Type: application/octet-stream\r\n\r\n"
    }

    /// The length of the whole body around a file of `fileByteCount` bytes.
    func byteCount(fileByteCount: Int64) -> Int64 {
        Int64(opening.utf8.count) + fileByteCount + Int64(closing.utf8.count)
    }

    /// A boundary of 192 bits from a source of numbers in 0..<1.
    static func makeBoundary(_ randomUnit: () -> Double) -> String {
        "----"
            + (0..<8).map { _ in
                let digits = String(UInt32(randomUnit() * 0x100_0000), radix: 16)
                return String(repeating: "0", count: 6 - digits.count) + digits
            }.joined()
    }

    /// As browsers do (WHATWG HTML, "multipart/form-data encoding algorithm").
    private static func escaped(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\"": text += "%22"
            case "\r": text += "%0D"
            case "\n": text += "%0A"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
