import Base
import Configuration
import Foundation
import Workflow

/// What is known of a setting besides its value.
package struct Setting: Sendable {
    /// `http.port`.
    package let key: String
    /// As it would be written; nil for none.
    package let standard: String?
    /// What is used where nothing is set and there is no default.
    let otherwise: String
    /// `0…65535`; empty for settings without a range.
    let range: String
    /// The end of a line that begins with the key, in Markdown.
    let meaning: String
    let isSecret: Bool
    /// Whether a file may give it as a list.
    let isList: Bool
    /// The environment variables that set it; the first that is not empty wins.
    let variables: [String]

    fileprivate init(
        _ key: String, standard: String? = nil, otherwise: String = "–", range: String = "", _ meaning: String,
        isSecret: Bool = false, isList: Bool = false, otherVariables: [String] = []
    ) {
        self.key = key
        self.standard = standard
        self.otherwise = otherwise
        self.range = range
        self.meaning = meaning
        self.isSecret = isSecret
        self.isList = isList
        variables = [Self.variable(of: key)] + otherVariables
    }

    static func variable(of key: String) -> String {
        "PRESSROOM_" + key.uppercased().replacing(".", with: "_")
    }

    /// The table of `docs/configuration.md`.
    package static var table: String {
        let rows = PressroomConfiguration.settings.map { setting in
            let standard = setting.standard.map { "`\($0)`" } ?? setting.otherwise
            return "| `\(setting.key)` | \(standard) | \(setting.range) | \(setting.meaning) |"
        }
        return (["| key | default | range | meaning |", "|---|---|---|---|"] + rows).joined(separator: "\n")
    }

    static let keys = PressroomConfiguration.settings.map(\.key)
    static let lists = Set(PressroomConfiguration.settings.filter(\.isList).map(\.key))
    /// The keys that hold a group of others.
    static let groups = Set(
        keys.flatMap { key in key.indices.filter { key[$0] == "." }.map { String(key[..<$0]) } })

    /// "is not a known key", with the keys beside it.
    static func unknown(among known: [String]) -> String {
        "is not a known key; known are \(known.sorted().joined(separator: ", "))"
    }
}

/// Reads settings from flags, environment and file, in this order, and collects what is wrong with them.
///
/// Without sources it has every default, and only collects the declarations.
struct SettingReader {
    private struct Source {
        var reader: ConfigReader
        /// Where the value of a key is set, for errors.
        var place: (String) -> (name: String, line: Int?)
    }

    private struct Found {
        var text: String
        var source: String
        var line: Int?
    }

    private var sources: [Source] = []
    private(set) var settings: [Setting] = []
    private(set) var problems: [ConfigurationError.Problem] = []

    init() {}

    init(_ sources: ConfigurationSources, file: ConfigurationFile?) {
        let flags = Dictionary(sources.flags.map { ($0.key, $0) }) { _, last in last }
        add("flags", flags.mapValues(\.value)) { (flags[$0]?.name ?? "", nil) }

        var variables: [String: String] = [:]
        for setting in PressroomConfiguration.settings {
            variables[setting.key] = setting.variables.first { sources.environment[$0]?.isEmpty == false }
        }
        add("environment", variables.compactMapValues { sources.environment[$0] }) { (variables[$0] ?? "", nil) }
        for flag in sources.flags where !Setting.keys.contains(flag.key) {
            problems.append(.init(key: flag.key, source: flag.name, detail: Setting.unknown(among: Setting.keys)))
        }
        guard let file else { return }
        problems += file.problems
        add(file.name, file.entries.mapValues(\.text)) { (file.name, file.entries[$0]?.line) }
    }

    private mutating func add(
        _ name: String, _ values: [String: String], place: @escaping (String) -> (name: String, line: Int?)
    ) {
        let secrets = Set(PressroomConfiguration.settings.filter(\.isSecret).map(\.key))
        let pairs = values.map { key, text in
            (AbsoluteConfigKey(ConfigKey(key)), ConfigValue(.string(text), isSecret: secrets.contains(key)))
        }
        let provider = InMemoryProvider(name: name, values: Dictionary(pairs) { _, last in last })
        sources.append(Source(reader: ConfigReader(provider: provider), place: place))
    }

    private func find(_ key: String) -> Found? {
        for source in sources {
            guard let text = source.reader.string(forKey: ConfigKey(key)) else { continue }
            let place = source.place(key)
            return Found(text: text, source: place.name, line: place.line)
        }
        return nil
    }

    /// Where a setting is set; nil for one that has its default.
    func place(of key: String) -> String? {
        find(key).map { found in found.line.map { "\(found.source), line \($0)" } ?? found.source }
    }

    /// Notes a problem with a setting, at the place where it is set.
    mutating func report(_ key: String, _ detail: String) {
        let found = find(key)
        problems.append(.init(key: key, source: found?.source ?? "", line: found?.line, detail: detail))
    }

    /// Declares a setting and reads it; a value that `parse` refuses is a problem, and counts as not set.
    private mutating func read<Value>(
        _ setting: Setting, _ standard: Value, rule: String, _ parse: (String) -> Value?
    ) -> Value {
        settings.append(setting)
        guard let found = find(setting.key) else { return standard }
        if let value = parse(found.text) { return value }
        report(setting.key, "must be \(rule)" + (setting.isSecret ? "" : ", not '\(found.text.prefix(80))'"))
        return standard
    }
}

/// A declaration for each type of setting: key, default, range, and the meaning for the documentation.
extension SettingReader {
    mutating func text(_ key: String, default standard: String, _ meaning: String) -> String {
        read(Setting(key, standard: standard, meaning), standard, rule: "a text that is not empty") { $0.isEmpty ? nil : $0 }
    }

    mutating func optionalText(_ key: String, otherwise: String = "–", _ meaning: String) -> String? {
        read(Setting(key, otherwise: otherwise, meaning), nil, rule: "a text that is not empty") {
            $0.isEmpty ? nil : .some($0)
        }
    }

    mutating func integer(
        _ key: String, default standard: Int, in range: ClosedRange<Int>, _ meaning: String
    ) -> Int {
        let bounds = "\(range.lowerBound)…\(range.upperBound)"
        return read(
            Setting(key, standard: "\(standard)", range: bounds, meaning), standard, rule: "a whole number of \(bounds)"
        ) { Int($0).flatMap { range.contains($0) ? $0 : nil } }
    }

    mutating func bytes(_ key: String, default standard: Int, in range: ClosedRange<Int>, _ meaning: String) -> Int {
        let bounds = "\(ByteSizeText.text(of: range.lowerBound))…\(ByteSizeText.text(of: range.upperBound))"
        return read(
            Setting(key, standard: ByteSizeText.text(of: standard), range: bounds, meaning), standard,
            rule: "a size such as 65536, 64KiB or 1MiB, of \(bounds)"
        ) { ByteSizeText.parse($0).flatMap { range.contains($0) ? $0 : nil } }
    }

    mutating func duration(
        _ key: String, default standard: Duration, in range: ClosedRange<Duration>, _ meaning: String
    ) -> Duration {
        let bounds = "\(DurationText.text(of: range.lowerBound))…\(DurationText.text(of: range.upperBound))"
        return read(
            Setting(key, standard: DurationText.text(of: standard), range: bounds, meaning), standard,
            rule: "a duration such as 500ms, 30s, 10m, 2h or 3d, of \(bounds)"
        ) { DurationText.parse($0).flatMap { range.contains($0) ? $0 : nil } }
    }

    mutating func flag(_ key: String, default standard: Bool, _ meaning: String, otherVariables: [String] = []) -> Bool {
        read(Setting(key, standard: "\(standard)", meaning, otherVariables: otherVariables), standard, rule: "true or false") {
            ["true": true, "false": false][$0.lowercased()]
        }
    }

    /// Values with commas between them. `parse` reads one; `rule` is the end of "must be a list, with commas, of …".
    mutating func list<Value>(
        _ key: String, rule: String, _ meaning: String, isSecret: Bool = false, otherVariables: [String] = [],
        _ parse: (String) -> Value?
    ) -> [Value] {
        let setting = Setting(key, meaning, isSecret: isSecret, isList: true, otherVariables: otherVariables)
        return read(setting, [], rule: "a list, with commas, of \(rule)") { text in
            let entries = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            let values = entries.compactMap(parse)
            return values.count == entries.count && !entries.isEmpty ? values : nil
        }
    }

    /// Any other value. `shown` is the default as it would be written, `rule` the end of "must be …".
    mutating func value<Value>(
        _ key: String, default standard: Value, shown: String? = nil, rule: String, _ meaning: String,
        isSecret: Bool = false, otherVariables: [String] = [], _ parse: (String) -> Value?
    ) -> Value {
        let setting = Setting(key, standard: shown, meaning, isSecret: isSecret, otherVariables: otherVariables)
        return read(setting, standard, rule: rule, parse)
    }
}

/// Sizes as configurations write them: `1048576`, `64KiB`, `1MiB`, `2GiB`.
enum ByteSizeText {
    private static let units: [(name: String, bytes: Int)] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]

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

    /// The shortest text that `parse` reads as the same number.
    static func text(of bytes: Int) -> String {
        guard bytes > 0, let unit = units.first(where: { bytes.isMultiple(of: $0.bytes) }) else { return "\(bytes)" }
        return "\(bytes / unit.bytes)\(unit.name)"
    }
}
