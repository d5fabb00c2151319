internal import CLinux
internal import Glibc

/// A file whose metadata is read or set: by its path, links not followed, or by its descriptor, which saves the system the
/// way through the folders.
enum FileReference {
    case named(RawPath)
    case open(Int32, RawPath)

    var path: RawPath {
        switch self {
        case .named(let path), .open(_, let path): path
        }
    }

    func changeOwner(_ user: UInt32, _ group: UInt32) -> Int32 {
        switch self {
        case .named(let path): path.withCString { lchown($0, user, group) }
        case .open(let descriptor, _): fchown(descriptor, user, group)
        }
    }

    func changeMode(_ mode: mode_t) -> Int32 {
        switch self {
        case .named(let path): path.withCString { chmod($0, mode) }
        case .open(let descriptor, _): fchmod(descriptor, mode)
        }
    }

    func changeTimes(accessed: timespec, modified: timespec) -> Int32 {
        var times = (accessed, modified)
        return withUnsafePointer(to: &times) { pointer in
            pointer.withMemoryRebound(to: timespec.self, capacity: 2) { times in
                switch self {
                case .named(let path): path.withCString { utimensat(AT_FDCWD, $0, times, AT_SYMLINK_NOFOLLOW) }
                case .open(let descriptor, _): futimens(descriptor, times)
                }
            }
        }
    }

    func listAttributes(_ buffer: UnsafeMutableBufferPointer<CChar>) -> Int {
        switch self {
        case .named(let path): path.withCString { llistxattr($0, buffer.baseAddress, buffer.count) }
        case .open(let descriptor, _): flistxattr(descriptor, buffer.baseAddress, buffer.count)
        }
    }

    func setAttribute(_ name: UnsafePointer<CChar>, _ value: [UInt8]) -> Int32 {
        switch self {
        case .named(let path): path.withCString { lsetxattr($0, name, value, value.count, 0) }
        case .open(let descriptor, _): fsetxattr(descriptor, name, value, value.count, 0)
        }
    }

    func removeAttribute(_ name: UnsafePointer<CChar>) -> Int32 {
        switch self {
        case .named(let path): path.withCString { lremovexattr($0, name) }
        case .open(let descriptor, _): fremovexattr(descriptor, name)
        }
    }
}
