/// What a judge of one output is asked where the phase has no prompt.
package enum EvaluatePrompt {
    /// How to answer; also put behind a prompt of the phase's own.
    package static func answer(criteria: [Criterion], scale: Scale) -> String {
        let scores = criteria.map { "\"\($0.id)\": <number>" }.joined(separator: ", ")
        return """
            Answer with one JSON object and nothing else: {"criteria_scores": {\(scores)}, "reasoning": "..."}. \
            Every score is a number \(range(of: scale)).
            """
    }

    /// `assignment` is what the writer was asked.
    package static func text(
        draft: String, assignment: String? = nil, criteria: [Criterion], scale: Scale
    ) -> String {
        """
        You judge the text below by these criteria:
        \(list(of: criteria))
        \(PromptBlock.notice)

        \(PromptBlock.assignment(assignment))\(PromptBlock.text("text", draft))

        \(answer(criteria: criteria, scale: scale))
        """
    }

    static func list(of criteria: [Criterion]) -> String {
        criteria.map { "- \($0.id)" + ($0.description.map { ": \($0)" } ?? "") }.joined(separator: "\n")
    }

    static func range(of scale: Scale) -> String {
        "from \(JSON.text(of: scale.min)) (worst) to \(JSON.text(of: scale.max)) (best)"
    }
}
