package import Base

/// A role bound to a model and a system message.
package struct AgentDefinition: Sendable, Hashable {
    /// Its key under `agents`; unique in the workflow.
    package var slug: String
    /// What it is for: `writer`, `editor`, `evaluator`, …; not checked against the phases that use it.
    package var role: String
    /// For people; the slug where none is given.
    package var name: String
    package var model: ModelName
    /// Asked in this order, each when the one before is down.
    package var fallbacks: [ModelName]
    /// The system message; nil for none.
    package var system: String?
    /// 0…2; nil leaves it to the provider.
    package var temperature: Double?
    /// The limit of one answer, in tokens; nil leaves it to the provider.
    package var maxTokens: Int?

    package init(
        slug: String, role: String, name: String, model: ModelName, fallbacks: [ModelName] = [], system: String? = nil,
        temperature: Double? = nil, maxTokens: Int? = nil
    ) {
        self.slug = slug
        self.role = role
        self.name = name
        self.model = model
        self.fallbacks = fallbacks
        self.system = system
        self.temperature = temperature
        self.maxTokens = maxTokens
    }
}

extension AgentDefinition {
    /// The model and its fallbacks, in the order in which they are asked.
    package var models: [ModelName] { [model] + fallbacks }

    /// The agent object of an output's `writer` and `editor` and of an evaluation: `slug`, `name`, `model` (the first).
    package var json: JSON {
        ["slug": .string(slug), "name": .string(name), "model": .string(model.description)]
    }
}

extension AgentDefinition {
    init?(slug: String, reading reader: ObjectReader) {
        let role = reader.text("role", isRequired: true, maxLength: 63)
        if let role, !NamePattern.isIdentifier(role) { reader.report(NamePattern.identifierRule, at: "role") }
        let name = reader.text("name", maxLength: 200)
        let models = Self.readModels(reader)
        let system = reader.text("system", maxLength: 65_536)
        let temperature = reader.number("temperature", in: 0...2)
        let maxTokens = reader.integer("max_tokens", in: 1...1_000_000)
        reader.refuseUnknownKeys()
        guard let role, let models, let model = models.first else { return nil }
        self.init(
            slug: slug, role: role, name: name ?? slug, model: model, fallbacks: Array(models.dropFirst()), system: system,
            temperature: temperature, maxTokens: maxTokens)
    }

    /// One model, or a list of models: each is asked when those before it are down.
    private static func readModels(_ reader: ObjectReader) -> [ModelName]? {
        guard let value = reader.required("model") else { return nil }
        guard case .array = value else {
            return reader.text("model", maxLength: 200).flatMap { read($0, at: reader.place("model"), reader) }.map { [$0] }
        }
        guard let elements = reader.list("model", maxCount: 10) else { return nil }
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
