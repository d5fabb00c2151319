/// How the points of a collection name the documents they were made from.
public struct LineageSource: Sendable, Hashable, Codable {
    /// The entry of `documents` whose files they are.
    public var documents: String
    /// The payload field that holds the name, a path like `a.b`; text, or a list of texts.
    public var field: String
    /// What a value begins with and a path does not.
    public var sourcePrefix: String
    /// What a path begins with and a value does not.
    public var pathPrefix: String

    /// Makes a source; see the properties.
    public init(documents: String, field: String, sourcePrefix: String = "", pathPrefix: String = "") {
        self.documents = documents
        self.field = field
        self.sourcePrefix = sourcePrefix
        self.pathPrefix = pathPrefix
    }

    /// The path in the documents folder that a payload value stands for.
    ///
    /// - Returns: `nil` when the value does not begin as configured: then it names no document of the folder.
    public func path(of value: String) -> String? {
        guard value.hasPrefix(sourcePrefix) else { return nil }
        return pathPrefix + value.dropFirst(sourcePrefix.count)
    }
}
