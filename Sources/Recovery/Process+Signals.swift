package import Foundation
internal import Glibc

extension Process {
    /// Starts the program with no signal blocked.
    ///
    /// A child inherits the mask of the thread that starts it, the threads that run tasks block most signals, and a program that
    /// blocks SIGTERM cannot be asked to end: it would have to be killed, a database in the middle of its work.
    package func runWithAllSignals() throws {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try run()
    }
}
