import Mustache

/// An array in a template: a section repeats over it, a number in a path picks an element.
struct TemplateArray: MustacheSequence, MustacheParent, MustacheCustomRenderable, MustacheTransformable {
    let elements: [JSON]
    let budget: TemplateBudget

    func child(named name: String) -> Any? {
        guard let index = Int(name), elements.indices.contains(index) else { return nil }
        return TemplateValue.wrap(elements[index], budget: budget)
    }

    var isNull: Bool { false }

    var renderText: String {
        let text = JSON.array(elements).text
        return budget.take(text.utf8.count) ? text : ""
    }

    func makeIterator() -> AnyIterator<Any> {
        var inner = elements.makeIterator()
        let budget = budget
        return AnyIterator {
            guard let element = inner.next(), budget.takeTurn() else { return nil }
            return TemplateValue.wrap(element, budget: budget)
        }
    }

    /// `first(…) last(…) reversed(…) count(…) empty(…)`
    func transform(_ name: String) -> Any? {
        switch name {
        case "first": elements.first.map { TemplateValue.wrap($0, budget: budget) }
        case "last": elements.last.map { TemplateValue.wrap($0, budget: budget) }
        case "reversed": TemplateArray(elements: elements.reversed(), budget: budget)
        case "count": elements.count
        case "empty": elements.isEmpty
        default: nil
        }
    }
}
