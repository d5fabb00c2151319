internal import ArgumentParser
internal import Recovery
internal import ResticRepository

/// A length of data as an option gives it: bytes, or with `k`, `M`, `G` or `T` (powers of 1 024, as in restic).
struct ByteQuantity: ExpressibleByArgument, Sendable {
    let bytes: Int64

    init?(argument: String) {
        let digits = argument.prefix { ("0"..."9").contains($0) }
        guard let number = Int64(digits), digits.count <= 15 else { return nil }
        let factor: Int64
        switch argument.dropFirst(digits.count).lowercased() {
        case "", "b": factor = 1
        case "k", "kib": factor = 1 << 10
        case "m", "mib": factor = 1 << 20
        case "g", "gib": factor = 1 << 30
        case "t", "tib": factor = 1 << 40
        default: return nil
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow else { return nil }
        self.bytes = bytes
    }
}

/// A length of time as an option gives it: `0`, `90s`, `30m`, `24h`, `7d`.
struct TimeQuantity: ExpressibleByArgument, Sendable {
    let duration: Duration
    let defaultValueDescription: String

    /// A default, with the text that stands for it.
    init(_ duration: Duration, _ text: String) {
        self.duration = duration
        defaultValueDescription = text
    }

    init?(argument: String) {
        defaultValueDescription = argument
        let digits = argument.prefix { ("0"..."9").contains($0) }
        guard let number = Int64(digits), digits.count <= 9 else { return nil }
        switch argument.dropFirst(digits.count) {
        case "" where number == 0: duration = .zero
        case "s": duration = .seconds(number)
        case "m": duration = .seconds(number * 60)
        case "h": duration = .seconds(number * 3600)
        case "d": duration = .seconds(number * 86_400)
        default: return nil
        }
    }
}

/// `5%`, a length of data, or `unlimited`.
struct UnusedQuantity: ExpressibleByArgument, Sendable {
    let limit: PruneOptions.UnusedLimit
    let defaultValueDescription: String

    /// restic's default.
    static let standard = UnusedQuantity(.percent(5), "5%")

    private init(_ limit: PruneOptions.UnusedLimit, _ text: String) {
        self.limit = limit
        defaultValueDescription = text
    }

    init?(argument: String) {
        defaultValueDescription = argument
        if argument == "unlimited" {
            limit = .unlimited
        } else if argument.hasSuffix("%"), let percent = Double(argument.dropLast()), (0...100).contains(percent) {
            limit = .percent(percent)
        } else if let quantity = ByteQuantity(argument: argument) {
            limit = .bytes(quantity.bytes)
        } else {
            return nil
        }
    }
}
