/// A role bound to a model and a way of speaking.
package struct AgentDefinition: Sendable, Hashable {
    /// Its key under `agents`; unique in the workflow.
    package var slug: String
    /// What it is for: `writer`, `editor`, `evaluator`, …; not checked against the phases that use it.
    package var role: String
    /// For people; the slug where none is given.
    package var name: String
    package var model: ModelName
    /// Asked in this order when the model before is down.
    package var fallbacks: [ModelName]
    /// The system message; nil for none.
    package var system: String?
    /// 0…2; nil leaves it to the provider.
    package var temperature: Double?
    /// The most tokens of one answer; nil leaves it to the provider.
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
