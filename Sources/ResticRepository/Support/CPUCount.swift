internal import CLinux
internal import Glibc

/// How many processors this process may run on.
enum CPUCount {
    /// At least 1. Honours the process's affinity mask, as containers set it.
    static let available: Int = {
        // 1 024 processors, the size of glibc's own cpu_set_t.
        var mask = [UInt64](repeating: 0, count: 16)
        let size = mask.count * MemoryLayout<UInt64>.size
        guard sched_getaffinity(0, size, &mask) == 0 else { return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
        return max(1, mask.reduce(0) { $0 + $1.nonzeroBitCount })
    }()
}
