import Mustache

/// A prompt: Mustache, rendered as text, without any escaping.
///
/// Paths go into objects by key and into arrays by position (`{{phases.write.outputs.0.content}}`); what is missing is
/// empty. Numbers and texts are written as they are, objects and arrays as JSON. Partials are not available.
package struct PromptTemplate: Sendable {
    private let template: MustacheTemplate
    private let size: Int

    /// Throws what is wrong with the template, with its line in the detail.
    package init(_ text: String) throws(ProblemList) {
        try TemplateScan.check(text)
        do {
            template = try MustacheTemplate(string: TemplateProblem.prefix + text)
        } catch {
            throw TemplateProblem.describing(error, text: text)
        }
        size = text.utf8.count
    }

    /// Renders over an object. A rendering that would pass the bounds of `TemplateBudget` leaves out the rest.
    package func render(_ context: JSON) -> String {
        let budget = TemplateBudget(templateSize: size)
        return template.render(TemplateValue.wrap(context, budget: budget))
    }
}
