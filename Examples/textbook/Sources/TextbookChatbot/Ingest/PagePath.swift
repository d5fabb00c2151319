internal import Foundation
internal import TextbookExample

/// Makes sure that a listed path lies in the documents folder, and tells pages from other files.
enum PagePath {
    /// How many files one call may list.
    static let listLimit = 1000

    /// The pages among listed files, without repetition, in their order. Other files, hidden ones among them, are left out:
    /// whoever hands over what has changed in a folder need not know what a page is.
    ///
    /// - Throws: ``ChatbotError``: `badPath`, `pageMissing`, or `documentsUnreadable` when the folder itself is not there.
    static func pages(_ paths: [String], in folder: String) throws(ChatbotError) -> [String] {
        let root = try root(folder)
        let pages = try checked(paths)
        for path in pages {
            guard let file = real("\(root)/\(path)") else {
                throw ChatbotError(
                    .pageMissing,
                    "the page '\(path)' is not in the documents folder",
                    hint: "List pages that are gone in 'removed', or ingest the whole folder: send {}."
                )
            }
            // A link may lead anywhere.
            guard file.hasPrefix(root + "/") else {
                throw ChatbotError(
                    .badPath,
                    "the page '\(path)' is a link that leads out of the documents folder",
                    hint: "Put the page itself into the folder."
                )
            }
        }
        return pages
    }

    /// The pages among files that are said to be gone.
    ///
    /// - Throws: ``ChatbotError``: `badPath`, also for a page that is still there; `documentsUnreadable`.
    static func removed(_ paths: [String], in folder: String) throws(ChatbotError) -> [String] {
        let root = try root(folder)
        let pages = try checked(paths)
        for path in pages where real("\(root)/\(path)") != nil {
            throw ChatbotError(
                .badPath,
                "the page '\(path)' is listed as removed and is in the documents folder",
                hint: "List it in 'files', or leave it out."
            )
        }
        return pages
    }

    private static func checked(_ paths: [String]) throws(ChatbotError) -> [String] {
        var seen: Set<String> = []
        var pages: [String] = []
        for path in paths where seen.insert(path).inserted {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            // Empty parts are those of '/etc', 'a//b' and 'a/'.
            guard path.utf8.count <= 1024, path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), !path.contains("\\"),
                parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
            else {
                throw ChatbotError(
                    .badPath,
                    "a listed file is not a relative path in the documents folder",
                    hint: "Name files as GET /lineage does, such as \"02-solar-system/mars.mdx\"; '..' is not allowed."
                )
            }
            if path.hasSuffix(".mdx"), !parts.contains(where: { $0.hasPrefix(".") }) { pages.append(path) }
        }
        return pages
    }

    private static func root(_ folder: String) throws(ChatbotError) -> String {
        guard let root = real(folder) else {
            throw ChatbotError(TextbookError(.folderUnreadable, "the textbook folder '\(folder)' cannot be read"))
        }
        return root
    }

    /// The path without symbolic links; `nil` when nothing is there.
    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
