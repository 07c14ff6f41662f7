import Providers
import Workflow

extension ProviderEntryReader {
    static let limits = ["concurrency", "requests_per_minute", "tokens_per_minute"]

    /// What may be asked of the provider, or of one of its models.
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
                report(path + "." + key, line: value.line, ConfigurationKeys.unknown(key, among: Self.limits))
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
