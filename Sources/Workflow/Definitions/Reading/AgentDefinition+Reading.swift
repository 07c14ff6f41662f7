extension AgentDefinition {
    init?(slug: String, reading reader: ObjectReader) {
        reader.refuseUnknownKeys(known: ["role", "name", "model", "system", "temperature", "max_tokens"])
        let role = reader.requiredText("role", atMost: 63)
        if let role, !NamePattern.isIdentifier(role) { reader.report(NamePattern.identifierRule, at: "role") }
        let name = reader.text("name", atMost: 200)
        let model = Self.readModel(reader)
        let system = reader.text("system", atMost: 65_536)
        let temperature = reader.number("temperature", in: 0...2)
        let maxTokens = reader.integer("max_tokens", in: 1...1_000_000)
        guard let role, let model else { return nil }
        self.init(
            slug: slug, role: role, name: name ?? slug, model: model, system: system, temperature: temperature,
            maxTokens: maxTokens)
    }

    private static func readModel(_ reader: ObjectReader) -> ModelName? {
        guard let text = reader.requiredText("model", atMost: 200) else { return nil }
        guard let model = ModelName(text) else {
            reader.report("must be in the form provider/model", at: "model")
            return nil
        }
        return model
    }
}
