internal import Foundation

extension MDXPage {
    /// Reads all `.mdx` files of a folder and the folders below it, in the order of ``paths(in:)``.
    ///
    /// - Throws: ``TextbookError``: what ``paths(in:)`` and ``page(at:in:)`` throw.
    public static func pages(in folder: String) throws(TextbookError) -> [MDXPage] {
        var pages: [MDXPage] = []
        for path in try paths(in: folder) { pages.append(try page(at: path, in: folder)) }
        return pages
    }

    /// The paths of all `.mdx` files of a folder and the folders below it, relative to it, in the order of their bytes.
    ///
    /// Hidden files and folders are left out, symbolic links to folders are not followed.
    ///
    /// - Throws: ``TextbookError``: `folderUnreadable`, or `noPages` when there is none.
    public static func paths(in folder: String) throws(TextbookError) -> [String] {
        let paths: [String]
        do {
            paths = try FileManager.default.subpathsOfDirectory(atPath: folder)
        } catch {
            throw TextbookError(
                .folderUnreadable,
                "the textbook folder '\(folder)' cannot be read",
                hint: "Check that the folder exists and that you may read it.",
                cause: error
            )
        }
        let pagePaths = paths.filter { path in
            path.hasSuffix(".mdx") && !path.split(separator: "/").contains { $0.hasPrefix(".") }
        }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard !pagePaths.isEmpty else {
            throw TextbookError(
                .noPages,
                "the textbook folder '\(folder)' holds no .mdx page",
                hint: "Name the folder that holds the pages, such as Examples/textbook/docs."
            )
        }
        return pagePaths
    }

    /// Reads one page.
    ///
    /// - Parameter path: where it lies below `folder`.
    /// - Throws: ``TextbookError``: `pageUnreadable`, `pageTooLarge` or `notUTF8`.
    public static func page(at path: String, in folder: String) throws(TextbookError) -> MDXPage {
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: folder).appendingPathComponent(path))
            defer { try? file.close() }
            data = try file.read(upToCount: byteLimit + 1) ?? Data()
        } catch {
            throw TextbookError(
                .pageUnreadable,
                "the page '\(path)' cannot be read",
                hint: "Check that you may read the file.",
                cause: error
            )
        }
        guard data.count <= byteLimit else {
            throw TextbookError(
                .pageTooLarge,
                "the page '\(path)' is longer than \(byteLimit) bytes",
                hint: "Split the page."
            )
        }
        guard let source = String(validating: data, as: UTF8.self) else {
            throw TextbookError(.notUTF8, "the page '\(path)' is not UTF-8", hint: "Save the page as UTF-8.")
        }
        return MDXPage(path: path, source: source)
    }
}
