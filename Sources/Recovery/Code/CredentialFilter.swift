internal import Foundation

/// Takes credentials out of addresses of remotes. What is left still says where the remote is.
///
/// The forms are those of gitremote-helpers(7) and git-fetch(1), GIT URLS: `scheme://[user[:password]@]host/path`,
/// `[user@]host:path`, `transport::address`, and paths.
enum CredentialFilter {
    /// The address without user names, passwords and tokens.
    ///
    /// Of `ssh` the user's name stays, which is no secret and needed; of everything else it goes, since tokens are written in its
    /// place. Queries and fragments go. Of `ext::`, a command line that may hold anything, only the word is left.
    static func stripped(_ address: String) -> String {
        if let separator = address.range(of: "::"), isScheme(address[..<separator.lowerBound]) {
            let transport = address[..<separator.lowerBound]
            return transport == "ext" || transport == "fd"
                ? "\(transport)::" : "\(transport)::\(stripped(String(address[separator.upperBound...])))"
        }
        guard let separator = address.range(of: "://"), isScheme(address[..<separator.lowerBound]) else {
            return strippedShort(address)
        }
        let scheme = address[..<separator.lowerBound]
        var rest = address[separator.upperBound...]
        rest = rest.prefix { $0 != "?" && $0 != "#" }
        let authority = rest.prefix { $0 != "/" }
        var user: Substring?
        if let at = authority.lastIndex(of: "@") {
            user = authority[..<at]
            rest = rest[rest.index(after: at)...]
        } else if let colon = authority.lastIndex(of: ":"), !isPort(authority[authority.index(after: colon)...]),
            let at = rest.lastIndex(of: "@")
        {
            // A password with a slash in it, which no program would understand either.
            rest = rest[rest.index(after: at)...]
        }
        let isSSH = ["ssh", "git+ssh", "ssh+git"].contains(scheme.lowercased())
        let name = user?.prefix { $0 != ":" } ?? ""
        return "\(scheme)://\(isSSH && !name.isEmpty ? "\(name)@" : "")\(rest)"
    }

    /// A text in which addresses may stand, such as an error of `git`.
    static func cleaned(text: String) -> String {
        text.split(separator: " ", omittingEmptySubsequences: false).map { word in
            guard word.contains("://") else { return String(word) }
            let quotes = word.prefix { "'\"(<".contains($0) }
            return quotes + stripped(String(word.dropFirst(quotes.count)))
        }.joined(separator: " ")
    }

    /// `user@host:path`, or a path.
    private static func strippedShort(_ address: String) -> String {
        guard let at = address.firstIndex(of: "@"), let colon = address.firstIndex(of: ":"), colon < at,
            !address[..<at].contains("/")
        else { return address }
        // A password before the `@`: only what follows says where.
        return String(address[address.index(after: address.lastIndex(of: "@") ?? at)...])
    }

    private static func isScheme(_ text: Substring) -> Bool {
        guard let first = text.unicodeScalars.first, ("a"..."z").contains(first) || ("A"..."Z").contains(first) else {
            return false
        }
        return text.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "+", "-", ".": true
            default: false
            }
        }
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
