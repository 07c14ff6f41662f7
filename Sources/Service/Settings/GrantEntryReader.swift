import Base
import Store
import Workflow

/// Reads to which tenants secrets and addresses are granted, and collects what is wrong.
struct GrantEntryReader {
    /// The file's name.
    let source: String
    private(set) var problems: [ConfigurationError.Problem] = []

    init(source: String) {
        self.source = source
    }

    mutating func secrets(_ entries: [String: ConfigurationFile.Granted]) -> [String: Grant] {
        var grants: [String: Grant] = [:]
        for (name, entry) in sorted(entries) {
            if !SecretReferences.isName(name) {
                report("secrets.\(name)", line: entry.line, "is no name of a secret; use A-Z, 0-9 and '_', a letter first")
            }
            grants[name] = grant(entry, at: "secrets.\(name)")
        }
        return grants
    }

    mutating func addresses(_ entries: [String: ConfigurationFile.Granted]) -> [AddressRules.Exception] {
        sorted(entries).compactMap { text, entry in
            let path = "requests.allow.\(text)"
            guard var exception = AddressRules.Exception(text) else {
                report(path, line: entry.line, "must be an address, a block or a host, with or without a port, such as 10.1.0.0/16")
                return nil
            }
            exception.grant = grant(entry, at: path)
            return exception
        }
    }

    private func sorted(_ entries: [String: ConfigurationFile.Granted]) -> [(key: String, value: ConfigurationFile.Granted)] {
        entries.sorted { ($0.value.line, $0.key) < ($1.value.line, $1.key) }
    }

    private mutating func grant(_ entry: ConfigurationFile.Granted, at path: String) -> Grant {
        guard let tenants = entry.tenants else { return .everyone }
        return Self.grant(tenants, line: entry.line) { report(path + ".tenants", line: $0, $1) }
    }

    private mutating func report(_ key: String, line: Int, _ detail: String) {
        problems.append(.init(key: key, source: source, line: line, detail: detail))
    }

    /// A list of tenants. An empty one is refused: whether it meant all or none could not be told.
    static func grant(
        _ elements: [ConfigurationFile.Entry], line: Int, report: (_ line: Int, _ detail: String) -> Void
    ) -> Grant {
        if elements.isEmpty { report(line, "must name at least one tenant; without the list it is granted to all") }
        for element in elements where !Store.isTenantName(element.text) {
            report(element.line, "has '\(element.text.prefix(80))', which is no name of a tenant")
        }
        return Grant(tenants: Set(elements.map(\.text)))
    }
}
