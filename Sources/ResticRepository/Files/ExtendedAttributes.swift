internal import CLinux
internal import Glibc
internal import ResticFormat

/// Extended attributes of a file, symbolic links not followed.
enum ExtendedAttributes {
    /// All attributes, in the order in which the system lists them (as restic stores them). File systems without attributes
    /// have none; one that vanishes meanwhile or may not be read is left out, as restic does it.
    static func read(_ path: RawPath) throws(SystemCallError) -> [ExtendedAttribute] {
        let names = try list(path)
        var found: [ExtendedAttribute] = []
        for name in names {
            if let value = value(of: name, at: path) { found.append(ExtendedAttribute(name: name, value: value)) }
        }
        return found
    }

    /// Sets these attributes and removes all others.
    static func write(_ attributes: [ExtendedAttribute], to path: RawPath) throws(SystemCallError) {
        for attribute in attributes {
            let result = path.withCString { path in
                RawPath(attribute.name).withCString { lsetxattr(path, $0, attribute.value, attribute.value.count, 0) }
            }
            if result != 0, errno != ENOTSUP { throw SystemCallError("lsetxattr", path) }
        }
        let wanted = Set(attributes.map(\.name))
        for name in try list(path) where !wanted.contains(name) {
            let result = path.withCString { path in RawPath(name).withCString { lremovexattr(path, $0) } }
            if result != 0, errno != ENODATA, errno != ENOTSUP { throw SystemCallError("lremovexattr", path) }
        }
    }

    private static func list(_ path: RawPath) throws(SystemCallError) -> [[UInt8]] {
        // Asking with a fixed buffer saves the call for the length: nearly all files have no attributes.
        var buffer = [CChar](repeating: 0, count: 1024)
        while true {
            let length = path.withCString { llistxattr($0, &buffer, buffer.count) }
            if length >= 0 {
                return buffer[..<length].split(separator: 0).map { $0.map { UInt8(bitPattern: $0) } }
            }
            switch errno {
            case ERANGE where buffer.count < 1 << 20: buffer = [CChar](repeating: 0, count: buffer.count * 4)
            case ENOTSUP: return []
            default: throw SystemCallError("llistxattr", path)
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
