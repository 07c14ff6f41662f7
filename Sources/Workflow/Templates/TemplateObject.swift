import Mustache

/// An object in a template.
struct TemplateObject: MustacheParent, MustacheCustomRenderable {
    let members: [String: JSON]
    let budget: TemplateBudget

    func child(named name: String) -> Any? {
        members[name].map { TemplateValue.wrap($0, budget: budget) }
    }

    var isNull: Bool { false }

    var renderText: String {
        let text = JSON.object(members).text
        return budget.take(text.utf8.count) ? text : ""
    }
}
