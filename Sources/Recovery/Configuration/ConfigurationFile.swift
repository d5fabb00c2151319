internal import SystemPackage

/// Reads a small file with a limit, whatever kind of file it is.
struct ConfigurationFile {
    var bytes: [UInt8]
    /// Whether users other than the owner and the group may read it.
    var isReadableByEveryone: Bool

    enum Failure: Error {
        case notFound
        case isFolder
        case tooLarge
        case unreadable(Errno)
    }

    /// - Parameter limit: The most bytes the file may hold.
    static func read(_ path: String, limit: Int) throws(Failure) -> ConfigurationFile {
        do {
            let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
            return try descriptor.closeAfter { try read(descriptor, limit: limit) }
        } catch let failure as Failure {
            throw failure
        } catch Errno.noSuchFileOrDirectory {
            throw .notFound
        } catch Errno.isDirectory {
            throw .isFolder
        } catch {
            throw .unreadable(error as? Errno ?? .ioError)
        }
    }

    private static func read(_ descriptor: FileDescriptor, limit: Int) throws -> ConfigurationFile {
        let status = try descriptor.stat()
        if status.type == .directory { throw Failure.isFolder }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }
            guard count > 0 else { break }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= limit else { throw Failure.tooLarge }
        }
        let isReadable = status.type == .regular && status.permissions.contains(.otherRead)
        return .init(bytes: bytes, isReadableByEveryone: isReadable)
    }
}
