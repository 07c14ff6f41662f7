import Mustache

/// Turns JSON into what the template engine walks.
enum TemplateValue {
    static func wrap(_ value: JSON, budget: TemplateBudget) -> Any {
        switch value {
        case .null: return TemplateNull()
        case .bool(let value): return value
        case .integer(let value): return value
        case .number(let value): return JSON.text(of: value)
        case .string(let text):
            // An empty text leaves out a section, as in most implementations.
            return text.isEmpty || !budget.take(text.utf8.count) ? TemplateNull() : text
        case .array(let elements): return TemplateArray(elements: elements, budget: budget)
        case .object(let members): return TemplateObject(members: members, budget: budget)
        }
    }
}

/// Found, and nothing: it hides a value of the same name further out, as the Mustache specification wants.
struct TemplateNull: MustacheCustomRenderable {
    var renderText: String { "" }
    var isNull: Bool { true }
}
