import Providers

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
                report(path + "." + key, line: value.line, ConfigurationKeys.unknown(key, among: keys))
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
