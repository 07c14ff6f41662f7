import Configuration
import Workflow

/// Looks settings up in flags, environment and file, in this order, and notes what is wrong with them.
struct SettingReader {
    /// A text that was found, and what errors call the place.
    private struct Found {
        var text: String
        var source: String
        var line: Int?
    }

    private struct Source {
        var reader: ConfigReader
        /// Where the value of a key stands.
        var place: (String) -> (name: String, line: Int?)
    }

    private var sources: [Source] = []
    private(set) var problems: [ConfigurationError.Problem] = []

    init(_ sources: ConfigurationSources, file: ConfigurationFile?) {
        let flags = Dictionary(sources.flags.map { ($0.key, $0) }) { _, last in last }
        add(name: "flags", values: flags.mapValues(\.value)) { (flags[$0]?.name ?? "", nil) }

        var variables: [String: String] = [:]
        for key in ConfigurationKeys.all {
            variables[key] = ConfigurationKeys.variables(for: key).first { sources.environment[$0]?.isEmpty == false }
        }
        add(name: "environment", values: variables.compactMapValues { sources.environment[$0] }) {
            (variables[$0] ?? "", nil)
        }
        for flag in sources.flags where !ConfigurationKeys.all.contains(flag.key) {
            let detail = ConfigurationKeys.unknown(flag.key, among: ConfigurationKeys.all)
            problems.append(.init(key: flag.key, source: flag.name, detail: detail))
        }
        guard let file else { return }
        problems += file.problems
        add(name: file.name, values: file.entries.mapValues(\.text)) { (file.name, file.entries[$0]?.line) }
    }

    private mutating func add(
        name: String, values: [String: String], place: @escaping (String) -> (name: String, line: Int?)
    ) {
        let pairs = values.map { (AbsoluteConfigKey(ConfigKey($0)), ConfigValue(.string($1), isSecret: $0 == "database.url")) }
        let provider = InMemoryProvider(name: name, values: Dictionary(pairs) { _, last in last })
        sources.append(Source(reader: ConfigReader(provider: provider), place: place))
    }

    private func find(_ key: String) -> Found? {
        for source in sources {
            guard let text = source.reader.string(forKey: ConfigKey(key), isSecret: key == "database.url") else { continue }
            let place = source.place(key)
            return Found(text: text, source: place.name, line: place.line)
        }
        return nil
    }

    /// Sets `value` when the key is set to something that `parse` can read, and notes a problem when it cannot.
    mutating func read<Value>(_ key: String, into value: inout Value, _ rule: String, _ parse: (String) -> Value?) {
        guard let found = find(key) else { return }
        guard let parsed = parse(found.text) else {
            let shown = key == "database.url" ? "" : ", not '\(found.text.prefix(80))'"
            problems.append(.init(key: key, source: found.source, line: found.line, detail: "must be \(rule)\(shown)"))
            return
        }
        value = parsed
    }

    /// Notes a problem with a key that was read, at the place where it stands; `otherwise` names it when it is a default.
    mutating func report(_ key: String, _ detail: String) {
        let found = find(key)
        problems.append(.init(key: key, source: found?.source ?? "", line: found?.line, detail: detail))
    }
}

extension SettingReader {
    mutating func text(_ key: String, into value: inout String) {
        read(key, into: &value, "a text that is not empty") { $0.isEmpty ? nil : $0 }
    }

    mutating func text(_ key: String, into value: inout String?) {
        read(key, into: &value, "a text that is not empty") { $0.isEmpty ? nil : .some($0) }
    }

    mutating func integer(_ key: String, into value: inout Int, in range: ClosedRange<Int>) {
        read(key, into: &value, "a whole number of \(range.lowerBound)…\(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func bytes(_ key: String, into value: inout Int, in range: ClosedRange<Int>) {
        read(key, into: &value, "a size such as 65536, 64KiB or 1MiB, of \(range.lowerBound)…\(range.upperBound) bytes") {
            ByteSizeText.parse($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func duration(_ key: String, into value: inout Duration, in range: ClosedRange<Duration>) {
        let bounds = "\(DurationText.text(of: range.lowerBound))…\(DurationText.text(of: range.upperBound))"
        read(key, into: &value, "a duration such as 500ms, 30s, 10m, 2h or 3d, of \(bounds)") {
            DurationText.parse($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func flag(_ key: String, into value: inout Bool) {
        read(key, into: &value, "true or false") { ["true": true, "false": false][$0.lowercased()] }
    }
}

/// The keys that a configuration may set, besides `providers`.
enum ConfigurationKeys {
    static let all = [
        "http.host", "http.port", "http.tls_certificate", "http.tls_key", "http.max_body_bytes", "http.request_timeout", "http.idle_timeout",
        "http.tcp_user_timeout", "http.backlog",
        "database.url", "database.pool_size", "database.statement_timeout", "database.data_directory",
        "database.migrate", "database.migrations_directory",
        "streams.heartbeat", "streams.max_unsent_bytes", "streams.max_age", "streams.drain", "streams.max_streams",
        "streams.max_tenant_streams", "streams.max_user_streams", "streams.threads",
        "streams.tail_poll", "streams.text_poll",
        "processor.concurrency", "processor.tenant_reserve", "processor.max_tenant_steps", "processor.commit_batch",
        "processor.heartbeat", "processor.lease_timeout", "processor.poll", "processor.drain",
        "processor.expression_timeout", "processor.max_expression_bytes", "processor.max_expression_rounds",
        "processor.max_subtask_depth",
        "schedules.poll", "schedules.grace", "requests.allow",
        "events.retention", "public_directory", "log_level", "allow_anonymous", "auth",
    ]

    /// The keys that hold a group of others.
    static let groups = Set(all.compactMap { $0.split(separator: ".").dropLast().first.map(String.init) })

    /// The variables that set a key, the first that is set wins.
    static func variables(for key: String) -> [String] {
        let own = "PRESSROOM_" + key.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
        return key == "database.url" ? [own, "DATABASE_URL"] : [own]
    }

    /// "is not a known key", with the keys that stand beside it.
    static func unknown(_ key: String, among known: [String]) -> String {
        "is not a known key; known are \(known.sorted().joined(separator: ", "))"
    }
}

/// Sizes as configurations write them: `1048576`, `64KiB`, `1MiB`, `2GiB`.
enum ByteSizeText {
    private static let units: [(name: String, bytes: Int)] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]

    /// The number of bytes; nil for any other text.
    static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isWholeNumber }
        guard let number = Int(digits) else { return nil }
        let unit = text.dropFirst(digits.count)
        guard !unit.isEmpty else { return number }
        guard let bytes = units.first(where: { $0.name == unit })?.bytes else { return nil }
        let (total, overflow) = number.multipliedReportingOverflow(by: bytes)
        return overflow ? nil : total
    }
}
