internal import FoundationEssentials

/// The sections about recoveries, drills and retention.
///
/// Nobody marks the secrets in them: the arguments of a command, the body of a request, a query and the value of a header may hold any. So
/// they are left out: that there is something, and of what kind, is what is kept.
extension EffectiveConfiguration.Value {
    /// Stands for what is not shown.
    private static let hidden = "…"

    fileprivate static func command(_ command: ConfiguredCommand) -> Self {
        .text(command.arguments.isEmpty ? command.program : "\(command.program) \(hidden)")
    }

    fileprivate static func address(_ call: HTTPCall) -> Self {
        .text(call.place == call.url ? call.url : call.place + "?" + hidden)
    }

    fileprivate static func duration(_ duration: Duration) -> Self { .text(ConfigurationDuration.render(duration)) }

    fileprivate static func texts(_ texts: [String]) -> Self? { texts.isEmpty ? nil : .list(texts.map { .text($0) }) }

    /// What a request has besides its address; `method` is left out where it is always the same.
    fileprivate static func request(_ call: HTTPCall, method: Bool) -> [String: Self?] {
        [
            "url": address(call), "method": method ? .text(call.method) : nil,
            "headers": call.headers.isEmpty
                ? nil
                : .mapping(
                    Dictionary(
                        call.headers.map { ($0.name, .text(shown($0))) },
                        uniquingKeysWith: { first, _ in first }
                    )
                ),
            "body": .optional(call.body.map { "\(hidden) (\($0.utf8.count) bytes)" }),
        ]
    }

    /// `Bearer env:NAME`: a scheme is a word; what is anything else could be a part of the secret.
    private static func shown(_ header: HTTPCall.Header) -> String {
        guard let secret = header.secret else { return hidden }
        let scheme = header.text.hasSuffix(" ") ? header.text.dropLast() : header.text[...]
        let isWord = scheme.count <= 12 && scheme.allSatisfy { $0.isASCII && $0.isLetter }
        return isWord ? "\(header.text)\(secret)" : "\(hidden) \(secret)"
    }
}

extension Probe {
    var effective: EffectiveConfiguration.Value {
        var values: [String: EffectiveConfiguration.Value?] = [
            "name": .text(name), "timeout": .duration(timeout), "within": within > .zero ? .duration(within) : nil,
        ]
        switch kind {
        case .http(let probe): values["http"] = .section(probe.effective(method: true))
        case .question(let probe):
            let below: [String: EffectiveConfiguration.Value?] = [
                "ask": .text(probe.question), "field": .text("\(probe.field)"), "sources": .text("\(probe.sources)"),
                "cites": .texts(probe.cites),
            ]
            values["question"] = .section(below.merging(probe.http.effective(method: false)) { first, _ in first })
        case .command(let command): values["command"] = .command(command)
        }
        return .section(values)
    }
}

extension HTTPProbe {
    fileprivate func effective(method: Bool) -> [String: EffectiveConfiguration.Value?] {
        EffectiveConfiguration.Value.request(call, method: method).merging([
            "status": .integer(status), "contains": .optional(contains),
            "json": json.isEmpty ? nil : .list(json.map(\.effective)),
        ]) { first, _ in first }
    }
}

extension JSONExpectation {
    fileprivate var effective: EffectiveConfiguration.Value {
        switch test {
        case .equals(let text): .section(["path": .text("\(path)"), "equals": .text(text)])
        case .matches(let text): .section(["path": .text("\(path)"), "matches": .text(text)])
        }
    }
}

extension RecoverySettings {
    var effective: EffectiveConfiguration.Value? {
        let value = EffectiveConfiguration.Value.section([
            "hooks": hooks.isEmpty
                ? nil
                : .mapping(Dictionary(uniqueKeysWithValues: hooks.map { ($0.key.key, $0.value.effective) })),
            "reingest": reingest?.effective,
            "watch": watch.map { .section(["for": .duration($0.length), "every": .duration($0.interval)]) },
        ])
        return value == .mapping([:]) ? nil : value
    }
}

extension Hook {
    fileprivate var effective: EffectiveConfiguration.Value {
        .section(["command": .command(command), "timeout": .duration(timeout)])
    }
}

extension Reingest {
    fileprivate var effective: EffectiveConfiguration.Value {
        var values: [String: EffectiveConfiguration.Value?] = [
            "timeout": .duration(timeout),
            "status": status.map { status in
                .section(
                    EffectiveConfiguration.Value.request(status.call, method: false).merging([
                        "path": .text("\(status.path)"), "done": .text(status.done), "failed": .optional(status.failed),
                        "within": .duration(status.within),
                    ]) { first, _ in first }
                )
            },
        ]
        switch recipient {
        case .command(let command): values["command"] = .command(command)
        case .http(let call, let status):
            values["http"] = .section(
                EffectiveConfiguration.Value.request(call, method: true).merging(["status": .integer(status)]) {
                    first,
                    _ in first
                }
            )
        }
        return .section(values)
    }
}

extension DrillSettings {
    var effective: EffectiveConfiguration.Value? {
        let value = EffectiveConfiguration.Value.section([
            "qdrant": server?.effective, "folder": .optional(folder),
            "application": application.map {
                .section([
                    "command": .command($0.command),
                    "probes": $0.probes.isEmpty ? nil : .list($0.probes.map(\.effective)),
                ])
            },
        ])
        return value == .mapping([:]) ? nil : value
    }
}

extension DrillSettings.Server {
    fileprivate var effective: EffectiveConfiguration.Value {
        switch self {
        case .program(let program): .section(["program": .text(program)])
        case .container(let image): .section(["container": .text(image)])
        case .command(let command): .section(["command": .command(command)])
        case .embedded: .text("embedded")
        case .running(let url, let key, let restart):
            .section([
                "url": .address(HTTPCall(url: url.absoluteString)), "api_key": .optional(key.map { "\($0)" }),
                "restart": restart.map { .command($0) },
            ])
        }
    }
}

extension RetentionRules {
    var effective: EffectiveConfiguration.Value {
        guard case .mapping(var values) = general.effective else { return general.effective }
        values["time_zone"] = .text(general.timeZone.name)
        if !components.isEmpty {
            values["components"] = .mapping(
                Dictionary(uniqueKeysWithValues: components.map { ($0.key.rawValue, $0.value.effective) })
            )
        }
        return .mapping(values)
    }
}

extension RetentionPolicy {
    /// What a configuration can say; tags and numbers of periods are options of the command alone.
    fileprivate var effective: EffectiveConfiguration.Value {
        var values: [String: EffectiveConfiguration.Value?] = ["last": .integer(keepLast)]
        for period in Period.allCases {
            values[period.rawValue] = .text(keepWithinPeriod[period].map { "\($0)" } ?? "none")
        }
        return .section(values)
    }
}
