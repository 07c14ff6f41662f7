extension AgentDefinition {
    init?(slug: String, reading reader: ObjectReader) {
        reader.refuseUnknownKeys(known: ["role", "name", "model", "system", "temperature", "max_tokens"])
        let role = reader.requiredText("role", atMost: 63)
        if let role, !NamePattern.isIdentifier(role) { reader.report(NamePattern.identifierRule, at: "role") }
        let name = reader.text("name", atMost: 200)
        let models = Self.readModels(reader)
        let system = reader.text("system", atMost: 65_536)
        let temperature = reader.number("temperature", in: 0...2)
        let maxTokens = reader.integer("max_tokens", in: 1...1_000_000)
        guard let role, let models, let model = models.first else { return nil }
        self.init(
            slug: slug, role: role, name: name ?? slug, model: model, fallbacks: Array(models.dropFirst()), system: system,
            temperature: temperature, maxTokens: maxTokens)
    }

    /// One model, or a list of which each is asked when those before it are down.
    private static func readModels(_ reader: ObjectReader) -> [ModelName]? {
        guard let value = reader.required("model") else { return nil }
        guard case .array = value else {
            return reader.text("model", atMost: 200).flatMap { read($0, at: reader.place("model"), reader) }.map { [$0] }
        }
        guard let elements = reader.list("model", atMost: 10) else { return nil }
        guard !elements.isEmpty else {
            reader.report("must name at least one model", at: "model")
            return nil
        }
        var models: [ModelName] = []
        for (index, element) in elements.enumerated() {
            let place = JSONPointer.appending(index, to: reader.place("model"))
            guard let model = read(element.string ?? "", at: place, reader) else { continue }
            if models.contains(model) { reader.problems.report("names the model '\(model)' again", at: place) }
            models.append(model)
        }
        return models.count == elements.count ? models : nil
    }

    private static func read(_ text: String, at place: String, _ reader: ObjectReader) -> ModelName? {
        guard let model = ModelName(text) else {
            reader.problems.report("must be in the form provider/model", at: place)
            return nil
        }
        return model
    }
}
