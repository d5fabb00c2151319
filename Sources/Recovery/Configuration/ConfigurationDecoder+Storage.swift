internal import Foundation

/// What a repository has besides its place, and lists of repositories.
extension ConfigurationDecoder {
    /// The keys of `repository` that every kind of place has.
    mutating func storageOptions(
        _ section: inout ConfigurationSection,
        of repository: inout HoldfastConfiguration.Repository?
    ) {
        let upload = section.take("limit_upload").flatMap { rate($0, of: "limit_upload") }
        let download = section.take("limit_download").flatMap { rate($0, of: "limit_download") }
        let programNode = section.take("rclone_program")
        let program = programNode.flatMap {
            text($0, of: "rclone_program", example: "rclone_program: /usr/local/bin/rclone")
        }
        let prices = section.take("prices").flatMap { self.prices($0) }
        let s3Node = section.take("s3")
        let s3 = s3Node.flatMap { self.s3($0) }
        refuseUnused(program: programNode, s3: s3Node, at: repository?.location)
        repository?.uploadLimit = upload
        repository?.downloadLimit = download
        repository?.rcloneProgram = program ?? "rclone"
        repository?.prices = prices
        repository?.s3 = s3 ?? .init()
    }

    /// What has no effect at a place is meant for another one, or hides that the location is not what it was meant to be.
    private mutating func refuseUnused(
        program: ConfigurationNode?,
        s3: ConfigurationNode?,
        at location: HoldfastConfiguration.RepositoryLocation?
    ) {
        let (isRclone, isS3): (Bool, Bool)
        switch location {
        case .folder?: (isRclone, isS3) = (false, false)
        case .rclone?: (isRclone, isS3) = (true, false)
        case .s3?: (isRclone, isS3) = (false, true)
        case nil: return
        }
        if let program, !isRclone {
            report.error(
                .invalidValue,
                at: program.position,
                "'rclone_program' has no effect at a location that does not begin with 'rclone:'",
                suggestion: "Leave the key out, or write the location as 'rclone:REMOTE:PATH'."
            )
        }
        if let s3, !isS3 {
            report.error(
                .invalidValue,
                at: s3.position,
                "'s3' has no effect at a location that does not begin with 's3:'",
                suggestion: "Leave the section out, or write the location as 's3:https://HOST/BUCKET/PREFIX'."
            )
        }
    }

    /// The list `repositories`, of one or more.
    mutating func repositories(_ node: ConfigurationNode) -> [HoldfastConfiguration.Repository]? {
        guard
            let items = entries(
                node,
                of: "repositories",
                empty: "'repositories' names none",
                suggestion: "Give at least one, each with 'name', 'location' and 'password'."
            )
        else { return nil }
        var all: [HoldfastConfiguration.Repository] = []
        for item in items {
            guard let repository = repository(item, as: .listedRepository) else { continue }
            if all.contains(where: { $0.name == repository.name }) {
                report.error(
                    .duplicateValue,
                    at: item.position,
                    "two entries of 'repositories' are named '\(repository.name)'",
                    suggestion: "Give each a name of its own."
                )
            } else if all.contains(where: { $0.location == repository.location }) {
                report.error(
                    .duplicateValue,
                    at: item.position,
                    "two entries of 'repositories' have the same location",
                    suggestion: "Remove one: a second copy belongs somewhere else."
                )
            } else {
                all.append(repository)
            }
        }
        return all.count == items.count ? all : nil
    }

    /// A number of bytes a second.
    private mutating func rate(_ node: ConfigurationNode, of key: String) -> Int64? {
        guard let text = text(node, of: key, example: "\(key): 10MB/s") else { return nil }
        if let rate = ByteRate.parse(text) { return rate }
        report.error(
            .invalidValue,
            at: node.position,
            "'\(key)' must be a number of bytes a second",
            suggestion:
                "Write a number, kB, MB or GB (powers of 1,000) or KiB, MiB or GiB, and '/s', for example '\(key): 10MB/s'.",
            revealing: .value
        )
        return nil
    }

    private mutating func prices(_ node: ConfigurationNode) -> StoragePrices? {
        guard var section = section(.prices, node) else { return nil }
        var prices = StoragePrices()
        if let currency = section.take("currency") {
            prices.currency = text(currency, of: "currency", example: "currency: EUR") ?? prices.currency
        }
        for (key, path) in [
            ("per_1000_puts", \StoragePrices.per1000Puts), ("per_1000_gets", \.per1000Gets),
            ("per_gb_month", \.perGBMonth), ("per_gb_out", \.perGBOut),
        ] {
            if let node = section.take(key), let price = price(node, of: key) { prices[keyPath: path] = price }
        }
        close(section, required: [])
        return prices
    }

    private mutating func price(_ node: ConfigurationNode, of key: String) -> Double? {
        if case .text(let text, isPlain: true) = node.content, let value = Double(text), value.isFinite, value >= 0,
            text.allSatisfy({ $0.isNumber || $0 == "." })
        {
            return value
        }
        report.error(
            .wrongType,
            at: node.position,
            "'\(key)' must be a price, a number from 0 up, found \(found(node))",
            suggestion: "Write for example '\(key): 0.005'.",
            revealing: .value
        )
        return nil
    }
}

/// Bytes a second as they are written: `10MB/s`, `512KiB/s`.
public enum ByteRate {
    private static let units: [(name: String, bytes: Double)] = [
        ("kib", 1024), ("mib", 1_048_576), ("gib", 1_073_741_824), ("kb", 1000), ("mb", 1_000_000),
        ("gb", 1_000_000_000),
        ("b", 1),
    ]

    /// - Returns: `nil` when the text is no rate, or one of less than a byte or more than 1 TB a second.
    public static func parse(_ text: String) -> Int64? {
        let lower = text.lowercased()
        guard lower.hasSuffix("/s") else { return nil }
        let amount = lower.dropLast(2)
        guard let unit = units.first(where: { amount.hasSuffix($0.name) }) else { return nil }
        let number = amount.dropLast(unit.name.count).filter { $0 != " " }
        guard !number.isEmpty, number.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }),
            let value = Double(number)
        else { return nil }
        let bytes = value * unit.bytes
        return (1...1e12).contains(bytes) ? Int64(bytes) : nil
    }
}
