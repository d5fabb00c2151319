internal import NIOCore
internal import ResticRepository
internal import Sealing

extension Examination {
    /// The sets of files that are sealed: whether they are there, and whether they can be sealed.
    public static func sealed(_ sets: [HoldfastConfiguration.SealedFiles]) async -> [Finding] {
        var findings: [Finding] = []
        for set in sets {
            let subject = "configuration \(set.name)"
            do {
                let listing = try ConfigurationFolder(root: set.path, selection: set.selection).list()
                findings.append(finding(subject, set, listing))
                try await sealNothing(set)
            } catch let error as RepositoryError {
                findings.append(Finding(.failed, subject, error.message, hint: error.hint))
            } catch let error as SealingError {
                findings.append(Finding(.failed, subject, error.message, hint: error.hint))
            } catch let error as SecretError {
                findings.append(Finding(.failed, subject, error.message, hint: error.hint))
            } catch let error as RecoveryError {
                findings.append(Finding(.failed, subject, error.message, hint: error.hint))
            } catch {
                findings.append(Finding(.failed, subject, "it cannot be looked at"))
            }
        }
        return findings
    }

    private static func finding(
        _ subject: String,
        _ set: HoldfastConfiguration.SealedFiles,
        _ listing: ConfigurationFolder.Listing
    ) -> Finding {
        if let item = listing.skipped.first {
            return Finding(.warning, subject, "\(item.path): \(item.reason)")
        }
        let unused = set.selection.include.first { pattern in
            !listing.files.contains { pattern.matches($0.path) }
        }
        if let unused {
            return Finding(.warning, subject, "no file matches '\(unused.text)'", hint: "Was it renamed?")
        }
        return Finding(.ok, subject, "\(listing.files.count) files in \(set.path)")
    }

    /// Shows that the recipients can be sealed to, and the passphrase is to be had.
    private static func sealNothing(_ set: HoldfastConfiguration.SealedFiles) async throws {
        switch set.recipients {
        case .age: return
        case .passphrase(let reference): _ = try await reference.resolve()
        case .openPGP:
            let sealer = try await SetRecipients(set).sealer
            try await sealer.withSealed(PlainBytes { nil }) { sealed in
                for try await _ in sealed {}
            }
        }
    }
}
