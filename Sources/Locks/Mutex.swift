#if HOLDFAST_VISIBLE_LOCKS
    #if canImport(Glibc)
        internal import Glibc
    #elseif canImport(Musl)
        internal import Musl
    #else
        internal import Darwin
    #endif

    /// The standard library's `Mutex`, for builds with the thread sanitizer: same interface, another lock.
    ///
    /// That of `Synchronization` is a futex inside the standard library, which is not built with the sanitizer. It then sees
    /// threads that change shared state and no lock between them, and reports every use of one as a race. A lock of POSIX is
    /// known to it. `scripts/sanitize thread` builds with `-DHOLDFAST_VISIBLE_LOCKS`, nothing else does.
    public struct Mutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
        // Unchecked: `value` is touched under `lock` only. On the heap, because a POSIX lock may not move.
        private let lock: UnsafeMutablePointer<pthread_mutex_t>
        private let value: UnsafeMutablePointer<Value>

        /// Makes an open lock around a value.
        public init(_ initial: consuming sending Value) {
            lock = .allocate(capacity: 1)
            lock.initialize(to: pthread_mutex_t())
            precondition(pthread_mutex_init(lock, nil) == 0)
            value = .allocate(capacity: 1)
            value.initialize(to: initial)
        }

        deinit {
            value.deinitialize(count: 1)
            value.deallocate()
            pthread_mutex_destroy(lock)
            lock.deallocate()
        }

        /// Runs `body` alone.
        public borrowing func withLock<Result: ~Copyable, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            precondition(pthread_mutex_lock(lock) == 0)
            defer { pthread_mutex_unlock(lock) }
            return try body(&value.pointee)
        }
    }
#else
    /// The standard library's `Mutex`; see the other branch for why it has a module of its own.
    @_exported public import struct Synchronization.Mutex
#endif
