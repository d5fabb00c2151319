internal import Logging
internal import ResticRepository

extension Examination {
    /// What the cold route needs: the storage, its container, and rights.
    public static func cold(
        _ qdrant: HoldfastConfiguration.Qdrant,
        environment: [String: String],
        stopped: StoppedContainers
    ) async -> [Finding] {
        guard let settings = qdrant.cold else { return [] }
        let storage = ColdStorage(
            settings: settings,
            url: qdrant.url,
            client: nil,
            environment: environment,
            notes: stopped,
            clock: SystemWallClock(),
            logger: Logger(label: "holdfast.doctor", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        do {
            let site = try await storage.find()
            var findings = site.warnings.map { Finding(.warning, "storage", $0) }
            if let container = site.container {
                findings.append(
                    Finding(
                        .ok,
                        "container \(container.name)",
                        container.isRunning ? "runs" : "does not run; it is left so"
                    )
                )
            }
            let layout = try StorageLayout.read(site.path)
            findings += layout.warnings.map { Finding(.warning, "storage", $0) }
            let names = layout.collections.map(\.name).joined(separator: ", ")
            findings.append(
                layout.collections.isEmpty
                    ? Finding(
                        .warning,
                        "storage",
                        "\(site.description) holds no collection",
                        hint: "Is it the right folder?"
                    )
                    : Finding(.ok, "storage", "\(site.description) holds \(names)")
            )
            if site.container == nil { findings.append(await running(storage, site)) }
            return findings
        } catch let error as RecoveryError {
            return [Finding(.failed, "storage", error.message, hint: error.hint)]
        } catch {
            return [Finding(.failed, "storage", "\(error)")]
        }
    }

    private static func running(_ storage: ColdStorage, _ site: ColdStorage.Site) async -> Finding {
        do {
            try await storage.ensureUnused(site)
            return Finding(.ok, "server", "is stopped")
        } catch let error as RecoveryError {
            return Finding(.warning, "server", "\(error.message); a backup refuses then", hint: error.hint)
        } catch {
            return Finding(.warning, "server", "\(error)")
        }
    }
}
