internal import CLinux
internal import Glibc
internal import ResticFormat

/// Extended attributes of a file, symbolic links not followed.
enum ExtendedAttributes {
    /// All attributes, in the order in which the system lists them (as restic stores them). File systems without attributes
    /// have none; one that vanishes meanwhile or may not be read is left out, as restic does it.
    static func read(_ path: RawPath) throws(SystemCallError) -> [ExtendedAttribute] {
        let names = try list(.named(path))
        guard !names.isEmpty else { return [] }
        var found: [ExtendedAttribute] = []
        for name in names {
            if let value = value(of: name, at: path) { found.append(ExtendedAttribute(name: name, value: value)) }
        }
        return found
    }

    /// Sets these attributes and removes all others.
    static func write(_ attributes: [ExtendedAttribute], to file: FileReference) throws(SystemCallError) {
        for attribute in attributes {
            let result = RawPath(attribute.name).withCString { file.setAttribute($0, attribute.value) }
            if result != 0, errno != ENOTSUP { throw SystemCallError("setxattr", file.path) }
        }
        let present = try list(file)
        guard !present.isEmpty else { return }
        let wanted = Set(attributes.map(\.name))
        for name in present where !wanted.contains(name) {
            let result = RawPath(name).withCString { file.removeAttribute($0) }
            if result != 0, errno != ENODATA, errno != ENOTSUP { throw SystemCallError("removexattr", file.path) }
        }
    }

    private static func list(_ file: FileReference) throws(SystemCallError) -> [[UInt8]] {
        // Asking with a fixed buffer saves the call for the length: nearly all files have no attributes.
        var capacity = 1024
        while true {
            let (length, failure, names) = withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
                let length = file.listAttributes(buffer)
                guard length > 0 else { return (length, errno, [[UInt8]]()) }
                return (length, 0, buffer[..<length].split(separator: 0).map { $0.map { UInt8(bitPattern: $0) } })
            }
            if length >= 0 { return names }
            switch failure {
            case ERANGE where capacity < 1 << 20: capacity *= 4
            case ENOTSUP: return []
            default: throw SystemCallError("listxattr", file.path, failure)
            }
        }
    }

    private static func value(of name: [UInt8], at path: RawPath) -> [UInt8]? {
        var capacity = 256
        while capacity <= 1 << 20 {
            var failed: Int32 = 0
            let value = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                let length = path.withCString { path in
                    RawPath(name).withCString { lgetxattr(path, $0, buffer.baseAddress, buffer.count) }
                }
                failed = length < 0 ? errno : 0
                count = max(0, length)
            }
            if failed == 0 { return value }
            guard failed == ERANGE else { return nil }
            capacity *= 16
        }
        return nil
    }
}
