internal import Recovery

/// Sealed configuration in the words of several commands; names and numbers, never a value.
enum SealedRendering {
    /// `app: 3 files, 2.1 kB, sealed to age1…`
    static func summary(_ set: SealedSetSummary) -> String {
        "\(set.name): \(Formatting.count(set.files, "file")), \(Formatting.bytes(set.bytes)), sealed to \(recipients(set.recipients))"
    }

    /// Who can open it.
    static func recipients(_ names: [String]) -> String {
        names == [SealedSetSummary.passphraseName] ? "a passphrase" : names.joined(separator: ", ")
    }

    /// What changed between two restore points.
    static func print(_ comparison: SealedComparison) {
        for change in comparison.sets {
            switch (change.oldRecipients, change.newRecipients) {
            case let (old?, new?):
                Console.result(
                    "configuration \(change.set): sealed to \(recipients(old)) before, to \(recipients(new)) after"
                )
            case let (nil, new?): Console.result("configuration \(change.set): new, sealed to \(recipients(new))")
            default: Console.result("configuration \(change.set): not in the newer one")
            }
        }
        for change in comparison.files {
            Console.result("configuration \(change.set)/\(change.path): \(change.detail)")
        }
        for set in comparison.incomparable {
            Console.result("configuration \(set): the digests were made with different keys and cannot be compared")
        }
    }
}
