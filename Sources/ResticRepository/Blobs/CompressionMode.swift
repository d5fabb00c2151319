/// What is compressed in a repository of format version 2.
public enum CompressionMode: String, Sendable, CaseIterable {
    /// Everything that a quick look finds compressible, at a fast level.
    case auto
    /// No data; trees and the repository's own files are compressed all the same, as restic does it.
    case off
    /// Everything that gains anything, at a high level.
    case max

    /// How hard to try with data that is worth it.
    var effort: ZstdCompressor.Effort {
        switch self {
        case .auto, .off: .level(1)
        case .max: .level(19)
        }
    }
}
