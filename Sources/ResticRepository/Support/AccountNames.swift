internal import Glibc
internal import Locks

/// User and group names by number and back, each asked of the system once.
final class AccountNames: Sendable {
    static let shared = AccountNames()

    private struct Cache {
        var users: [UInt32: String] = [:]
        var groups: [UInt32: String] = [:]
    }
    private let cache = Mutex(Cache())

    /// - Returns: the login name, or an empty string when the number has none.
    func user(_ number: UInt32) -> String {
        if let known = cache.withLock({ $0.users[number] }) { return known }
        let name = Self.lookUp { buffer in
            var record = passwd()
            var result: UnsafeMutablePointer<passwd>?
            guard getpwuid_r(number, &record, buffer.baseAddress.unsafelyUnwrapped, buffer.count, &result) == 0,
                result != nil
            else { return nil }
            return record.pw_name
        }
        cache.withLock { $0.users[number] = name }
        return name
    }

    /// - Returns: the group's name, or an empty string when the number has none.
    func group(_ number: UInt32) -> String {
        if let known = cache.withLock({ $0.groups[number] }) { return known }
        let name = Self.lookUp { buffer in
            var record = Glibc.group()
            var result: UnsafeMutablePointer<Glibc.group>?
            guard getgrgid_r(number, &record, buffer.baseAddress.unsafelyUnwrapped, buffer.count, &result) == 0,
                result != nil
            else { return nil }
            return record.gr_name
        }
        cache.withLock { $0.groups[number] = name }
        return name
    }

    private static func lookUp(_ body: (UnsafeMutableBufferPointer<CChar>) -> UnsafeMutablePointer<CChar>?) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16 << 10) { buffer in
            body(buffer).map { String(cString: $0) } ?? ""
        }
    }
}
