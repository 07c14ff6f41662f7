import Mustache

/// A prompt: Mustache, rendered as text, without any escaping unless it is asked for.
///
/// Paths go into objects by key and into arrays by position (`{{phases.write.outputs.0.content}}`); what is missing is
/// empty. Numbers and texts are written as they are, objects and arrays as JSON. Partials are not available.
package struct PromptTemplate: Sendable {
    /// What happens to values on their way into the text; `{{{name}}}` and `{{&name}}` leave them as they are.
    package enum Escaping: Sendable {
        case none
        /// Percent-encoding: all but `A-Z a-z 0-9 - . _ ~` (RFC 3986, section 2.3).
        case url
    }

    private let template: MustacheTemplate
    private let size: Int

    /// Throws what is wrong with the template, with its line in the detail.
    package init(_ text: String, escaping: Escaping = .none) throws(ProblemList) {
        try TemplateScan.check(text)
        do {
            template = try MustacheTemplate(string: TemplateProblem.prefix(escaping) + text)
        } catch {
            throw TemplateProblem.describing(error, text: text)
        }
        size = text.utf8.count
    }

    /// Renders over an object. A rendering that would pass the bounds of `TemplateBudget` leaves out the rest.
    ///
    /// - Parameter limit: about how many bytes it may produce.
    package func render(_ context: JSON, atMost limit: Int = TemplateBudget.maximumBytes) -> String {
        let budget = TemplateBudget(templateSize: size, bytes: limit)
        return template.render(TemplateValue.wrap(context, budget: budget))
    }
}
