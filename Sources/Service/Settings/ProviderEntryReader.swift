import Base
import Providers
import Workflow

/// Reads the members of `providers` and collects what is wrong with them.
struct ProviderEntryReader {
    /// The file's name.
    let source: String
    private(set) var problems: [ConfigurationError.Problem] = []

    init(source: String) {
        self.source = source
    }

    private static let common = ["kind", "prices", "models", "tenants"] + limits
    private static let server = [
        "base_url", "api_key", "api_key_env", "first_token_timeout", "stall_timeout", "max_bytes", "omit",
    ]
    private static let known: [ProviderConfiguration.Kind: [String]] = [
        .anthropic: common + server + ["max_tokens"],
        .openai: common + server + ["token_limit_field"],
        .rehearsal: common + ["tokens_per_second", "latency", "fail_rate"],
    ]

    /// The configuration, as far as it could be read.
    mutating func read(_ name: String, _ entry: ConfigurationFile.Provider) -> ProviderConfiguration? {
        let path = "providers." + name
        if ModelName("\(name)/model") == nil {
            report(path, line: entry.line, "is no name of a provider; use a-z, 0-9, '_' and '-'")
        }
        guard let kind = kind(entry, at: path) else { return nil }
        let known = Self.known[kind] ?? []
        for (key, value) in entry.members.sorted(by: { $0.value.line < $1.value.line }) where !known.contains(key) {
            report(path + "." + key, line: value.line, Setting.unknown(among: known))
        }
        var provider = ProviderConfiguration(kind: kind)
        provider.grant = grant(entry, at: path + ".tenants")
        provider.limits = readLimits(entry.members, at: path)
        provider.modelLimits = readModels(entry, at: path + ".models")
        provider.prices = prices(entry, at: path + ".prices")
        switch kind {
        case .anthropic: readAnthropic(&provider, entry, at: path)
        case .openai: readOpenAI(&provider, entry, at: path)
        case .rehearsal: readRehearsal(&provider, entry, at: path)
        }
        return provider
    }

    private mutating func grant(_ entry: ConfigurationFile.Provider, at path: String) -> Grant {
        guard let member = entry.members["tenants"] else { return .everyone }
        guard let elements = entry.lists["tenants"] else {
            report(path, line: member.line, "must be a list of tenants such as [acme]")
            return .everyone
        }
        return GrantEntryReader.grant(elements, line: member.line) { report(path, line: $0, $1) }
    }

    private mutating func kind(_ entry: ConfigurationFile.Provider, at path: String) -> ProviderConfiguration.Kind? {
        let kinds = ProviderConfiguration.Kind.allCases.map(\.rawValue).sorted().joined(separator: " or ")
        guard let kind = entry.members["kind"] else {
            report(path + ".kind", line: entry.line, "is required: \(kinds)")
            return nil
        }
        if let known = ProviderConfiguration.Kind(rawValue: kind.text) { return known }
        report(path + ".kind", line: kind.line, "must be \(kinds), not '\(kind.text)'")
        return nil
    }

    private mutating func readOpenAI(
        _ provider: inout ProviderConfiguration, _ entry: ConfigurationFile.Provider, at path: String
    ) {
        readServer(&provider, entry, at: path)
        if entry.members["base_url"] == nil { report(path + ".base_url", line: entry.line, "is required") }
        let fields = OpenAIOptions.TokenLimitField.allCases.map(\.rawValue).joined(separator: " or ")
        if let field = value("token_limit_field", of: entry, at: path, fields, OpenAIOptions.TokenLimitField.init(rawValue:)) {
            provider.tokenLimitField = field
        }
    }

    private mutating func readAnthropic(
        _ provider: inout ProviderConfiguration, _ entry: ConfigurationFile.Provider, at path: String
    ) {
        readServer(&provider, entry, at: path)
        provider.maxTokens = value("max_tokens", of: entry, at: path, "a whole number of 1…1000000") {
            Int($0).flatMap { (1...1_000_000).contains($0) ? $0 : nil }
        }
    }

    /// What all providers that are servers have.
    private mutating func readServer(
        _ provider: inout ProviderConfiguration, _ entry: ConfigurationFile.Provider, at path: String
    ) {
        provider.baseURL = value("base_url", of: entry, at: path, "a URL that begins with http:// or https://") {
            $0.hasPrefix("http://") || $0.hasPrefix("https://") ? $0 : nil
        }
        provider.apiKey = value("api_key", of: entry, at: path, "a key", isSecret: true) { APIKey($0) }
        provider.apiKeyEnv = value("api_key_env", of: entry, at: path, "the name of an environment variable") {
            $0.isEmpty || $0.contains("=") ? nil : $0
        }
        if let timeout = duration("first_token_timeout", of: entry, at: path) { provider.firstTokenTimeout = timeout }
        if let timeout = duration("stall_timeout", of: entry, at: path) { provider.stallTimeout = timeout }
        let sizes = "a size such as 65536, 64KiB or 1MiB, of 1KiB…1GiB"
        if let bytes = value("max_bytes", of: entry, at: path, sizes, { ByteSizeText.parse($0).flatMap { (1 << 10...1 << 30).contains($0) ? $0 : nil } }) {
            provider.maxBytes = bytes
        }
        provider.omitted = omitted(provider.kind, entry, at: path + ".omit")
    }

    /// `omit`: the members that requests leave out.
    private mutating func omitted(
        _ kind: ProviderConfiguration.Kind, _ entry: ConfigurationFile.Provider, at path: String
    ) -> Set<OptionalMember> {
        guard let member = entry.members["omit"] else { return [] }
        let known = OptionalMember.all(of: kind)
        let names = known.map(\.rawValue).joined(separator: ", ")
        guard let elements = entry.lists["omit"] else {
            report(path, line: member.line, "must be a list of \(names), such as [\(known.first?.rawValue ?? "")]")
            return []
        }
        return elements.reduce(into: []) { omitted, element in
            if let member = known.first(where: { $0.rawValue == element.text }) {
                omitted.insert(member)
            } else {
                report(path, line: element.line, "has '\(element.text.prefix(80))', which is none of \(names)")
            }
        }
    }

    private mutating func readRehearsal(
        _ provider: inout ProviderConfiguration, _ entry: ConfigurationFile.Provider, at path: String
    ) {
        if let speed = value("tokens_per_second", of: entry, at: path, "a number of at least 0", { Self.number($0, 0...1e9) }) {
            provider.rehearsal.tokensPerSecond = speed
        }
        if let share = value("fail_rate", of: entry, at: path, "a number of 0…1", { Self.number($0, 0...1) }) {
            provider.rehearsal.failRate = share
        }
        if let latency = value("latency", of: entry, at: path, Self.durationRule, DurationText.parse) {
            provider.rehearsal.latency = latency
        }
    }

    private static let durationRule = "a duration such as 500ms, 30s or 10m"

    static func number(_ text: String, _ range: ClosedRange<Double>) -> Double? {
        Double(text).flatMap { range.contains($0) ? $0 : nil }
    }

    private mutating func duration(_ key: String, of entry: ConfigurationFile.Provider, at path: String) -> Duration? {
        value(key, of: entry, at: path, Self.durationRule + " above 0") { text in
            DurationText.parse(text).flatMap { $0 > .zero ? $0 : nil }
        }
    }

    /// Nil when left out, and with a problem when `parse` cannot read it.
    private mutating func value<Value>(
        _ key: String, of entry: ConfigurationFile.Provider, at path: String, _ rule: String, isSecret: Bool = false,
        _ parse: (String) -> Value?
    ) -> Value? {
        guard let member = entry.members[key] else { return nil }
        guard let value = parse(member.text) else {
            report(path + "." + key, line: member.line, "must be \(rule)" + (isSecret ? "" : ", not '\(member.text.prefix(80))'"))
            return nil
        }
        return value
    }

    mutating func report(_ key: String, line: Int, _ detail: String) {
        problems.append(.init(key: key, source: source, line: line, detail: detail))
    }
}

extension ProviderEntryReader {
    static let limits = ["concurrency", "requests_per_minute", "tokens_per_minute"]

    /// The limits of the provider, or of one of its models.
    mutating func readLimits(_ members: [String: ConfigurationFile.Entry], at path: String) -> ModelLimits {
        let numbers = Self.limits.map { limit($0, of: members, at: path) }
        return ModelLimits(concurrency: numbers[0], requestsPerMinute: numbers[1], tokensPerMinute: numbers[2])
    }

    /// `models`: the limits of single models.
    mutating func readModels(_ entry: ConfigurationFile.Provider, at path: String) -> [String: ModelLimits] {
        guard let member = entry.members["models"] else { return [:] }
        guard let rows = entry.tables["models"] else {
            report(path, line: member.line, "must be a mapping of models to limits such as {small: {requests_per_minute: 60}}")
            return [:]
        }
        var models: [String: ModelLimits] = [:]
        for (model, row) in rows.sorted(by: { ($0.value.line, $0.key) < ($1.value.line, $1.key) }) {
            let path = path + "." + model
            if ModelName("provider/\(model)") == nil { report(path, line: row.line, "is no name of a model") }
            guard let members = row.members else {
                report(path, line: row.line, "must be a mapping such as {requests_per_minute: 60}")
                continue
            }
            for (key, value) in members.sorted(by: { $0.key < $1.key }) where !Self.limits.contains(key) {
                report(path + "." + key, line: value.line, Setting.unknown(among: Self.limits))
            }
            models[model] = readLimits(members, at: path)
        }
        return models
    }

    private mutating func limit(_ key: String, of members: [String: ConfigurationFile.Entry], at path: String) -> Int? {
        guard let member = members[key] else { return nil }
        guard let number = Int(member.text), number > 0 else {
            report(path + "." + key, line: member.line, "must be a whole number above 0, not '\(member.text.prefix(80))'")
            return nil
        }
        return number
    }
}

extension ProviderEntryReader {
    /// `prices`: what each model's tokens cost, per million.
    mutating func prices(_ entry: ConfigurationFile.Provider, at path: String) -> [String: TokenPrice] {
        guard let member = entry.members["prices"] else { return [:] }
        guard let rows = entry.tables["prices"] else {
            report(path, line: member.line, "must be a mapping of models to prices such as {small: {input: 0.5, output: 2}}")
            return [:]
        }
        var prices: [String: TokenPrice] = [:]
        for (model, row) in rows.sorted(by: { ($0.value.line, $0.key) < ($1.value.line, $1.key) }) {
            let path = path + "." + model
            guard let members = row.members else {
                report(path, line: row.line, "must be a mapping such as {input: 0.5, output: 2}")
                continue
            }
            let keys = ["input", "output"]
            for (key, value) in members.sorted(by: { $0.key < $1.key }) where !keys.contains(key) {
                report(path + "." + key, line: value.line, Setting.unknown(among: keys))
            }
            let numbers = keys.map { price($0, of: members, at: path, line: row.line) }
            if let input = numbers[0], let output = numbers[1] { prices[model] = TokenPrice(input: input, output: output) }
        }
        return prices
    }

    private mutating func price(
        _ key: String, of members: [String: ConfigurationFile.Entry], at path: String, line: Int
    ) -> Double? {
        guard let member = members[key] else {
            report(path + "." + key, line: line, "is required")
            return nil
        }
        guard let price = Self.number(member.text, 0...1e6) else {
            report(path + "." + key, line: member.line, "must be a number of 0…1000000, not '\(member.text.prefix(80))'")
            return nil
        }
        return price
    }
}
