#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What writing to a program that has ended does to this process.
package enum BrokenPipes {
    /// A program may end before it has read all of its input, which would end us too. NIO does the same for its sockets
    /// (`BaseSocket.ignoreSIGPIPE`); a handler that somebody set stays.
    package static let areIgnored: Bool = {
        var current = sigaction()
        guard sigaction(SIGPIPE, nil, &current) == 0 else { return false }
        #if canImport(Glibc)
            let isDefault = current.__sigaction_handler.sa_handler == nil
        #else
            let isDefault = current.__sigaction_u.__sa_handler == nil
        #endif
        if isDefault { signal(SIGPIPE, SIG_IGN) }
        return true
    }()
}
