import Base
import Mustache

/// Wraps JSON for the template engine.
enum TemplateValue {
    static func wrap(_ value: JSON, budget: TemplateBudget) -> Any {
        switch value {
        case .null: return TemplateNull()
        case .bool(let value): return value
        case .integer(let value): return value
        case .number(let value): return JSON.text(of: value)
        case .decimal(let digits): return budget.take(digits.utf8.count) ? digits : TemplateNull()
        case .string(let text):
            // An empty text leaves out a section, as in most implementations.
            return text.isEmpty || !budget.take(text.utf8.count) ? TemplateNull() : text
        case .array(let elements): return TemplateArray(elements: elements, budget: budget)
        case .object(let members): return TemplateObject(members: members, budget: budget)
        }
    }
}

/// A value that is there and null: it hides a value of the same name further out, as the Mustache specification requires.
struct TemplateNull: MustacheCustomRenderable {
    var renderText: String { "" }
    var isNull: Bool { true }
}

/// An object in a template.
struct TemplateObject: MustacheParent, MustacheCustomRenderable {
    let members: JSONObject
    let budget: TemplateBudget

    func child(named name: String) -> Any? {
        guard budget.takeLookup() else { return nil }
        return members[name].map { TemplateValue.wrap($0, budget: budget) }
    }

    var isNull: Bool { false }

    var renderText: String {
        budget.text(of: .object(members))
    }
}

/// An array in a template: a section repeats over it, a number in a path picks an element.
struct TemplateArray: MustacheSequence, MustacheParent, MustacheCustomRenderable, MustacheTransformable {
    let elements: [JSON]
    let budget: TemplateBudget

    func child(named name: String) -> Any? {
        guard budget.takeLookup(), let index = Int(name), elements.indices.contains(index) else { return nil }
        return TemplateValue.wrap(elements[index], budget: budget)
    }

    var isNull: Bool { false }

    var renderText: String {
        budget.text(of: .array(elements))
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
        case "reversed": budget.take(16 * elements.count) ? TemplateArray(elements: elements.reversed(), budget: budget) : nil
        case "count": elements.count
        case "empty": elements.isEmpty
        default: nil
        }
    }
}

/// Bounds the size of one rendering and the work for it, since nested sections can multiply a small template.
package final class TemplateBudget {
    /// The approximate limit of a rendering.
    package static let maxBytes = 64 << 20

    private var remaining: Int
    private let templateSize: Int

    init(templateSize: Int, bytes: Int = maxBytes) {
        remaining = bytes
        self.templateSize = templateSize
    }

    /// False when the budget is used up.
    func take(_ bytes: Int) -> Bool {
        remaining -= bytes
        return remaining >= 0
    }

    /// A value as JSON; empty when the budget is used up.
    func text(of value: JSON) -> String {
        guard remaining > 0 else { return "" }
        let text = value.text
        return take(text.utf8.count) ? text : ""
    }

    /// One more turn of a section, which repeats at most the whole template. It counts although it may bring no text, and
    /// so does each look for a name.
    func takeTurn() -> Bool {
        take(templateSize + 256)
    }

    func takeLookup() -> Bool {
        take(64)
    }
}
