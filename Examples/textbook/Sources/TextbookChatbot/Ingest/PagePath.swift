internal import Foundation
internal import TextbookExample

/// Makes sure that a listed path is a page's and lies in the documents folder.
enum PagePath {
    /// How many files one call may list.
    static let listLimit = 1000

    /// The paths without repetition, in their order.
    ///
    /// - Throws: ``ChatbotError``: `badPath`, `pageMissing`, or `documentsUnreadable` when the folder itself is not there.
    static func checked(_ paths: [String], in folder: String) throws(ChatbotError) -> [String] {
        guard let root = real(folder) else {
            throw ChatbotError(
                TextbookError(.folderUnreadable, "the textbook folder '\(folder)' cannot be read")
            )
        }
        var seen: Set<String> = []
        var result: [String] = []
        for path in paths where seen.insert(path).inserted {
            try check(path, root)
            result.append(path)
        }
        return result
    }

    private static func check(_ path: String, _ root: String) throws(ChatbotError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        // Empty parts are those of '/etc', 'a//b' and 'a/'; parts with a dot first are '.', '..' and hidden ones, which an
        // ingestion of the whole folder leaves out, too.
        guard path.hasSuffix(".mdx"), path.utf8.count <= 1024, path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
            !path.contains("\\"), parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") })
        else {
            throw ChatbotError(
                .badPath,
                "a listed file is not the relative path of an .mdx page in the documents folder",
                hint: "Name pages as GET /lineage does, such as \"02-solar-system/mars.mdx\"; '..' is not allowed."
            )
        }
        guard let file = real("\(root)/\(path)") else {
            throw ChatbotError(
                .pageMissing,
                "the page '\(path)' is not in the documents folder",
                hint: "Ingest the whole folder to drop pages that are gone: send {}."
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

    /// The path without symbolic links; `nil` when nothing is there.
    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
