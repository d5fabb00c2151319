extension Examination {
    /// The configured checkouts: whether `git` is there and can read each.
    public static func code(_ checkouts: [HoldfastConfiguration.Code]) async -> [Finding] {
        var findings: [Finding] = []
        for checkout in checkouts { findings.append(await examine(checkout)) }
        return findings
    }

    private static func examine(_ checkout: HoldfastConfiguration.Code) async -> Finding {
        let subject = "code \(checkout.name)"
        do {
            return try await GitView.with(checkout.path) { view in
                let place =
                    "\(checkout.path), \(view.branch ?? "no branch") at \(view.commit?.prefix(12) ?? "no commit")"
                if checkout.bundle, view.isPartialClone {
                    return Finding(
                        .warning,
                        subject,
                        "\(place); a partial clone, of which no bundle can be made",
                        hint: "Fetch all of it with 'git fetch --refetch --no-filter', or set 'bundle: false'."
                    )
                }
                return Finding(.ok, subject, place)
            }
        } catch let error as RecoveryError {
            return Finding(.failed, subject, error.message, hint: error.hint)
        } catch {
            return Finding(.failed, subject, "\(error)")
        }
    }
}
