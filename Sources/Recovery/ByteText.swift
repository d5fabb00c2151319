internal import ResticRepository

/// Numbers of bytes and times as reports write them.
package enum ByteText {
    /// `512 B`, `3.4 MB`: powers of 1 000, as disks are sold.
    package static func text(_ count: Int64) -> String {
        guard count >= 1000 else { return "\(count) B" }
        var value = Double(count)
        var unit = 0
        while value >= 999.95, unit < 5 {
            value /= 1000
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(["B", "kB", "MB", "GB", "TB", "PB"][unit])"
    }

    /// `0.4 s`, `4 min 05 s`, `3 h 20 min`, `2 d 4 h`.
    static func text(_ duration: Duration) -> String {
        let seconds = duration.seconds
        if seconds < 60 {
            let tenths = Int((max(0, seconds) * 10).rounded())
            return "\(tenths / 10).\(tenths % 10) s"
        }
        let whole = Int(seconds.rounded())
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        if whole < 3600 { return "\(whole / 60) min \(two(whole % 60)) s" }
        if whole < 86_400 { return "\(whole / 3600) h \(two(whole % 3600 / 60)) min" }
        return "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
    }
}
