/// Reads what an agent answers to a prompt that asks for JSON.
package enum AgentAnswer {
    /// The one JSON object of the answer; throws `invalid_response` where there is none, or it breaks the schema.
    package static func parse(_ text: String, schema: JSON) throws(ProviderError) -> JSON {
        let answer = try StructuredAnswer.object(in: text)
        guard let schema = try? JSONSchema(schema) else { return answer }  // checked when the workflow was published
        if let problem = schema.validate(answer).first {
            throw StructuredAnswer.unreadable("\(problem.pointer.isEmpty ? "it" : problem.pointer) \(problem.detail)")
        }
        return answer
    }
}
