internal import Foundation

/// What is reached without a proxy: a list by commas or blanks of
///
/// - `*`: everything;
/// - a host or a domain, with what lies below it, with or without a dot in front;
/// - an address, IPv6 with or without brackets;
/// - any of these with a port, `host:port`, which then has to be the same;
/// - a block of addresses, `10.0.0.0/8`, `fd00::/8`: for hosts that are written as addresses, no name is looked up.
///
/// These are the forms that curl and Go know.
struct S3ProxyExceptions {
    private enum Place {
        case everything
        case domain(Substring)
        case block(Address, length: Int)
    }

    private struct Entry {
        var place: Place
        var port: Int?
    }

    private let entries: [Entry]

    init(_ text: String) {
        entries = text.lowercased().split { $0 == "," || $0.isWhitespace }.compactMap { Self.entry($0) }
    }

    /// - Parameter host: a name or an address, IPv6 in brackets or not.
    func contain(host: String, port: Int) -> Bool {
        let host = host.lowercased()
        let address = Address(host[...])
        return entries.contains { entry in
            guard entry.port == nil || entry.port == port else { return false }
            switch entry.place {
            case .everything: return true
            case .domain(let name): return host == name || host.hasSuffix(".\(name)")
            case .block(let block, let length): return address?.begins(like: block, length) ?? false
            }
        }
    }

    private static func entry(_ text: Substring) -> Entry? {
        if text == "*" { return Entry(place: .everything) }
        if let slash = text.lastIndex(of: "/") {
            guard let address = Address(text[..<slash]), let length = Int(text[text.index(after: slash)...]),
                (0...address.bytes.count * 8).contains(length)
            else { return nil }
            return Entry(place: .block(address, length: length))
        }
        // An IPv6 address has colons of its own.
        if let address = Address(text) { return Entry(place: .block(address, length: address.bytes.count * 8)) }
        var (name, port) = (text, Int?.none)
        if let colon = text.lastIndex(of: ":") {
            guard let number = UInt16(text[text.index(after: colon)...]) else { return nil }
            (name, port) = (text[..<colon], Int(number))
        }
        if name == "*" { return Entry(place: .everything, port: port) }
        if let address = Address(name) {
            return Entry(place: .block(address, length: address.bytes.count * 8), port: port)
        }
        name = name.drop { $0 == "." }
        return name.isEmpty ? nil : Entry(place: .domain(name), port: port)
    }

    /// The bytes of an IPv4 or IPv6 address.
    private struct Address {
        let bytes: [UInt8]

        /// - Returns: `nil` for what is no literal address.
        init?(_ text: Substring) {
            let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
            let plain = String(isBracketed ? text.dropFirst().dropLast() : text)
            var (four, six) = (in_addr(), in6_addr())
            if !isBracketed, inet_pton(AF_INET, plain, &four) == 1 {
                bytes = withUnsafeBytes(of: four) { Array($0) }
            } else if inet_pton(AF_INET6, plain, &six) == 1 {
                bytes = withUnsafeBytes(of: six) { Array($0) }
            } else {
                return nil
            }
        }

        /// Whether the first `length` bits are those of `block`.
        func begins(like block: Address, _ length: Int) -> Bool {
            guard bytes.count == block.bytes.count else { return false }
            return zip(bytes, block.bytes).enumerated().allSatisfy { index, pair in
                let bits = min(8, max(0, length - index * 8))
                return (pair.0 ^ pair.1) >> (8 - bits) == 0
            }
        }
    }
}
